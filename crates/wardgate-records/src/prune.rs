//! How much of the oldest data may go: as far as retention allows and no hold keeps it.

use jiff::{SignedDuration, Timestamp};
use wardgate_vault::PatientHandle;

use crate::RecordId;
use crate::events::StoredEvent;
use crate::hold::{Hold, HoldScope};

/// What stops a pruning at an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBy {
    /// Nobody has stated a retention: everything is kept.
    NoRetention,
    /// It is younger than the retention.
    Retention,
    /// A hold keeps it.
    Hold(RecordId),
    /// It begins a call whose outcome is not known yet.
    OpenCall,
    /// It is no entry that this program can read.
    Unreadable,
    /// Nothing: it is where the ledger ends.
    End,
}

/// The rules that a pruning follows.
#[derive(Clone, Copy, Debug)]
pub struct PruneRules<'h> {
    /// The retention in force; none keeps everything.
    pub days: Option<u64>,
    /// The active holds.
    pub holds: &'h [Hold],
    /// The oldest call without an outcome.
    pub first_open: Option<u64>,
    /// The time.
    pub now: Timestamp,
}

impl PruneRules<'_> {
    /// Why an entry must stay; none when it may go.
    #[must_use]
    pub fn keeps(&self, index: u64, leaf: &[u8]) -> Option<KeptBy> {
        let Some(days) = self.days else {
            return Some(KeptBy::NoRetention);
        };
        if self.first_open.is_some_and(|open| index >= open) {
            return Some(KeptBy::OpenCall);
        }
        let Ok(event) = StoredEvent::parse(leaf) else {
            return Some(KeptBy::Unreadable);
        };
        if !is_past(event.at, days, self.now) {
            return Some(KeptBy::Retention);
        }
        let keeps = |hold: &&Hold| match hold.scope {
            HoldScope::Patient(held) => hold.is_active() && names(leaf, held),
            _ => hold.keeps(event.at, None),
        };
        let held = self.holds.iter().find(keeps);
        held.map(|hold| KeptBy::Hold(hold.id))
    }

    /// Why a sealed payload must stay; none when it may go.
    #[must_use]
    pub fn keeps_payload(&self, at: Timestamp, patient: Option<PatientHandle>) -> Option<KeptBy> {
        let Some(days) = self.days else {
            return Some(KeptBy::NoRetention);
        };
        if !is_past(at, days, self.now) {
            return Some(KeptBy::Retention);
        }
        let held = self.holds.iter().find(|hold| hold.keeps(at, patient));
        held.map(|hold| KeptBy::Hold(hold.id))
    }

    /// The first entry that must stay, and why. Entries come in their order.
    ///
    /// # Errors
    /// What reading the entries gives.
    pub fn minimum<E>(
        &self,
        entries: impl IntoIterator<Item = Result<(u64, Vec<u8>), E>>,
    ) -> Result<(u64, KeptBy), E> {
        let mut end = 0;
        for entry in entries {
            let (index, leaf) = entry?;
            if let Some(kept) = self.keeps(index, &leaf) {
                return Ok((index, kept));
            }
            end = index + 1;
        }
        Ok((end, KeptBy::End))
    }
}

fn is_past(at: Timestamp, days: u64, now: Timestamp) -> bool {
    let hours = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(24);
    now.duration_since(at) > SignedDuration::from_hours(hours.min(HOURS_MAX))
}

/// Whether an entry names a patient, in whichever member.
fn names(leaf: &[u8], patient: PatientHandle) -> bool {
    let handle = patient.to_string();
    leaf.windows(handle.len())
        .any(|window| window == handle.as_bytes())
}

/// As much as a duration of hours holds.
const HOURS_MAX: i64 = i64::MAX / 3600;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::events::{Event, KeyRevoked, PatientShredded, Token};

    const DAY_S: i64 = 86_400;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + day * DAY_S).unwrap()
    }

    fn leaf(day: i64, patient: Option<PatientHandle>) -> Vec<u8> {
        let id = RecordId::new(at(day), [1; 10]);
        let event = match patient {
            None => Event::KeyRevoked(KeyRevoked {
                key: id,
                app: Token::or_unfit("notes"),
            }),
            Some(patient) => Event::PatientShredded(PatientShredded {
                patient,
                consents: 0,
                certificate: None,
                payloads: None,
            }),
        };
        event.leaf(id, at(day)).unwrap()
    }

    fn hold(scope: HoldScope, released: bool) -> Hold {
        Hold {
            id: RecordId::new(at(0), [9; 10]),
            scope,
            reason: "audit".to_owned(),
            placed_by: "a".to_owned(),
            placed_at: at(0),
            released: released.then(|| ("b".to_owned(), at(1))),
        }
    }

    fn minimum(
        days: Option<u64>,
        holds: &[Hold],
        open: Option<u64>,
        leaves: &[Vec<u8>],
    ) -> (u64, KeptBy) {
        let rules = PruneRules {
            days,
            holds,
            first_open: open,
            now: at(100),
        };
        let entries = (0..).zip(leaves.iter().cloned()).map(Ok::<_, ()>);
        rules.minimum(entries).unwrap()
    }

    #[test]
    fn age_holds_open_calls_and_foreign_entries_stop_a_pruning() {
        let patient = PatientHandle::from_bytes([7; 16]);
        let leaves: Vec<_> = (0..100)
            .map(|day| leaf(day, (day == 40).then_some(patient)))
            .collect();
        let all = |holds: &[Hold], open| minimum(Some(30), holds, open, &leaves);
        assert_eq!(minimum(None, &[], None, &leaves), (0, KeptBy::NoRetention));
        // An entry that is exactly as old as the retention stays.
        assert_eq!(all(&[], None), (70, KeptBy::Retention));
        assert_eq!(minimum(Some(0), &[], None, &leaves), (100, KeptBy::End));
        assert_eq!(all(&[], Some(12)), (12, KeptBy::OpenCall));
        let of = |scope| [hold(scope, false)];
        let id = hold(HoldScope::All, false).id;
        let range = HoldScope::Range {
            from: at(50),
            to: at(55),
        };
        assert_eq!(all(&of(HoldScope::All), None), (0, KeptBy::Hold(id)));
        assert_eq!(
            all(&of(HoldScope::Patient(patient)), None),
            (40, KeptBy::Hold(id))
        );
        assert_eq!(all(&of(range), None), (50, KeptBy::Hold(id)));
        assert_eq!(
            all(&[hold(HoldScope::All, true)], None),
            (70, KeptBy::Retention)
        );
        let mut foreign = leaves.clone();
        foreign[3] = b"{}".to_vec();
        assert_eq!(
            minimum(Some(30), &[], None, &foreign),
            (3, KeptBy::Unreadable)
        );
    }

    #[test]
    fn a_payload_is_kept_by_its_patient_its_time_and_its_age() {
        let patient = PatientHandle::from_bytes([7; 16]);
        let holds = [hold(HoldScope::Patient(patient), false)];
        let rules = |days, holds| PruneRules {
            days,
            holds,
            first_open: None,
            now: at(100),
        };
        assert_eq!(
            rules(Some(30), &[]).keeps_payload(at(10), Some(patient)),
            None
        );
        assert_eq!(
            rules(Some(30), &[]).keeps_payload(at(90), None),
            Some(KeptBy::Retention)
        );
        assert_eq!(
            rules(None, &[]).keeps_payload(at(10), None),
            Some(KeptBy::NoRetention)
        );
        let held = rules(Some(30), &holds);
        assert_eq!(held.keeps_payload(at(10), None), None);
        assert!(matches!(
            held.keeps_payload(at(10), Some(patient)),
            Some(KeptBy::Hold(_))
        ));
    }

    proptest! {
        /// Whatever the rules, nothing below the minimum had to stay.
        #[test]
        fn nothing_that_must_stay_is_below_the_minimum(
            days in proptest::option::of(0u64..120), open in proptest::option::of(0u64..60),
            times in proptest::collection::vec(0i64..100, 0..60), from in 0i64..100, length in 0i64..20,
        ) {
            let holds = [hold(HoldScope::Range { from: at(from), to: at(from + length) }, false)];
            let rules = PruneRules { days, holds: &holds, first_open: open, now: at(100) };
            let leaves: Vec<_> = times.iter().map(|day| leaf(*day, None)).collect();
            let (index, _) = minimum(days, &holds, open, &leaves);
            for (below, leaf) in (0..index).zip(&leaves) {
                prop_assert_eq!(rules.keeps(below, leaf), None);
            }
        }
    }
}
