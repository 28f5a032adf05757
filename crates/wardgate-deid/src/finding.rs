//! What was found where, by which layer, and which finding wins a byte.

use std::ops::Range;

/// A span of text that identifies somebody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// First byte of the span.
    pub start: usize,
    /// First byte behind the span.
    pub end: usize,
    /// What kind of identifier it is.
    pub kind: Kind,
    /// Which layer found it.
    pub layer: Layer,
    /// How sure the layer is, from 0 to 1.
    pub score: f32,
    /// The rule that found it; never the value.
    pub reason: &'static str,
    /// Which part of its kind it is, where profiles tell parts apart.
    pub part: Part,
    /// The person on file whom a known name means, when it means only one.
    pub(crate) person: Option<u16>,
}

/// Which part of its kind a finding is: profiles let some parts stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// The identifier itself, or a part that every profile treats alike.
    #[default]
    Whole,
    /// Of a date, a year alone.
    Year,
    /// An age of at most 89.
    Under90,
    /// Of an address, the street with house number and flat.
    Street,
    /// Of an address, the city or a place as small.
    City,
    /// Of an address, the postal code.
    Zip,
    /// Of an address, a state or region as large.
    State,
    /// Of an address, the country.
    Country,
}

impl Part {
    /// Whether HIPAA Safe Harbor counts the part as an identifier.
    #[must_use]
    pub fn in_safe_harbor(self) -> bool {
        matches!(self, Self::Whole | Self::Street | Self::City | Self::Zip)
    }
}

impl Finding {
    pub(crate) fn known(at: Range<usize>, kind: Kind, reason: &'static str) -> Self {
        Self {
            layer: Layer::Known,
            ..Self::exact(at, kind, 1.0, reason)
        }
    }

    pub(crate) fn exact(at: Range<usize>, kind: Kind, score: f32, reason: &'static str) -> Self {
        Self {
            start: at.start,
            end: at.end,
            kind,
            layer: Layer::Exact,
            score,
            reason,
            part: Part::Whole,
            person: None,
        }
    }

    /// The bytes of the span.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// The kinds of identifier, after HIPAA Safe Harbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A person's name.
    Name,
    /// An address or a part of one.
    Location,
    /// A hospital, clinic or other institution.
    Facility,
    /// A date, whole or in part.
    Date,
    /// An age over 89.
    Age,
    /// A phone number.
    Phone,
    /// A fax number.
    Fax,
    /// An e-mail address.
    Email,
    /// A web address.
    Url,
    /// An IP address.
    Ip,
    /// A social security number.
    Ssn,
    /// A medical record number.
    Mrn,
    /// A number of an insurance or a health plan.
    HealthPlan,
    /// An account or card number.
    Account,
    /// A licence or certificate number.
    License,
    /// A vehicle's number or plate.
    Vehicle,
    /// A device's serial number or address.
    Device,
    /// Any other number that identifies.
    Id,
}

impl Kind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 18] = [
        Self::Name,
        Self::Location,
        Self::Facility,
        Self::Date,
        Self::Age,
        Self::Phone,
        Self::Fax,
        Self::Email,
        Self::Url,
        Self::Ip,
        Self::Ssn,
        Self::Mrn,
        Self::HealthPlan,
        Self::Account,
        Self::License,
        Self::Vehicle,
        Self::Device,
        Self::Id,
    ];

    /// The word that stands for the kind in a placeholder.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Location => "LOCATION",
            Self::Facility => "FACILITY",
            Self::Date => "DATE",
            Self::Age => "AGE",
            Self::Phone => "PHONE",
            Self::Fax => "FAX",
            Self::Email => "EMAIL",
            Self::Url => "URL",
            Self::Ip => "IP",
            Self::Ssn => "SSN",
            Self::Mrn => "MRN",
            Self::HealthPlan => "PLAN",
            Self::Account => "ACCOUNT",
            Self::License => "LICENSE",
            Self::Vehicle => "VEHICLE",
            Self::Device => "DEVICE",
            Self::Id => "ID",
        }
    }
}

/// The layers that look for identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Layer {
    /// The identifiers on file of the patient whom the call is about.
    Known,
    /// Rules with validators and context.
    Exact,
    /// What was found elsewhere in the same document with strong evidence.
    Memory,
    /// The learned tagger.
    Learned,
    /// A model from the user's disk.
    Neural,
}

impl Layer {
    /// All layers, the surest first.
    pub const ALL: [Self; 5] = [
        Self::Known,
        Self::Exact,
        Self::Memory,
        Self::Learned,
        Self::Neural,
    ];
}

/// Leaves each byte to one finding, sorted by position.
///
/// Findings that touch the same byte become one span over all of them, so that
/// nothing of any of them stays. The one that covers the other lends its kind
/// and reason; when neither does, the surer one. The surest layer stands for all.
/// A name that reaches into a number ends where the number begins: of `Ana H-724/15`
/// each keeps the stand-in that it has elsewhere.
pub(crate) fn resolve(findings: &mut Vec<Finding>) {
    findings.retain(|finding| finding.start < finding.end);
    findings.sort_unstable_by_key(|finding| (finding.start, finding.end));
    findings.dedup_by(|next, kept| {
        if next.start >= kept.end {
            return false;
        }
        if next.start > kept.start && next.end > kept.end {
            if kept.kind == Kind::Name && is_number(next) {
                kept.end = next.start;
                return false;
            }
            if next.kind == Kind::Name && is_number(kept) {
                next.start = kept.end;
                return false;
            }
        }
        let (start, end) = (kept.start, kept.end.max(next.end));
        let layer = kept.layer.min(next.layer);
        if wins(next, kept) {
            *kept = *next;
        }
        kept.layer = layer;
        kept.start = start;
        kept.end = end;
        true
    });
}

/// A number or an address of the net that is on file or that a rule checked.
fn is_number(finding: &Finding) -> bool {
    let words = matches!(
        finding.kind,
        Kind::Name | Kind::Location | Kind::Facility | Kind::Age
    );
    !words && finding.layer <= Layer::Exact
}

fn wins(next: &Finding, kept: &Finding) -> bool {
    if next.range() == kept.range() || (next.start > kept.start && next.end > kept.end) {
        return (next.layer, -next.score) < (kept.layer, -kept.score);
    }
    next.end > kept.end
}
