//! Which consents count: of this patient, active, about privacy, in force now.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::Question;
use super::parse::Consent;

/// Why a consent does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassedOver {
    OtherPatient,
    NotActive,
    OtherScope,
    NotYet,
    NoLonger,
}

/// Whether a consent counts. One whose patient, status, scope or period cannot be read does
/// count: it might be a denial, so it goes on to be found not computable.
pub(super) fn select(
    consent: &Consent,
    question: &Question<'_>,
    now: Timestamp,
) -> Result<(), PassedOver> {
    if consent.patient != question.patient {
        return Err(PassedOver::OtherPatient);
    }
    if consent.active == Some(false) {
        return Err(PassedOver::NotActive);
    }
    if consent.privacy == Some(false) {
        return Err(PassedOver::OtherScope);
    }
    match consent.period.now(now) {
        Some(Ordering::Greater) => Err(PassedOver::NotYet),
        Some(Ordering::Less) => Err(PassedOver::NoLonger),
        Some(Ordering::Equal) | None => Ok(()),
    }
}
