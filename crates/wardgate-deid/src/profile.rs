//! Which identifiers go, and what takes their place.
//!
//! A profile gives each kind of identifier, and each part of a kind that laws tell
//! apart, one [`Action`]. Three are built in:
//!
//! - `safe-harbor`, after HIPAA's Safe Harbor (45 CFR 164.514(b)(2)): bare years,
//!   ages of at most 89, states and countries stay; ages over 89 become `90+`;
//!   postal codes become their first three digits, or `000` where few people live.
//! - `limited-data-set`, after 45 CFR 164.514(e)(2): dates, ages, cities, states and
//!   postal codes stay; names, streets, contacts and numbers go.
//! - `gdpr-pseudonymise`, for pseudonymised data after article 4(5) of the GDPR, which
//!   knows no list of identifiers: years and ages are generalised as well, and states go.
//!
//! A custom profile is a text, read by [`Profile::parse`].

mod parse;
mod zip;

use std::fmt;

use aws_lc_rs::digest;

use crate::finding::{Finding, Kind, Part};
use crate::language::Language;
use crate::place;

pub use parse::{ProfileFault, ProfileFaults};
pub(crate) use zip::generalised as generalised_zip;

/// Which identifiers go, and what takes their place.
///
/// ```
/// use wardgate_deid::{Action, Kind, Part, Profile};
///
/// let profile = Profile::parse("profile = ward-7\nbase = safe-harbor\nname = redact\n").unwrap();
/// assert_eq!(profile.id(), "ward-7");
/// assert_eq!(profile.action(Kind::Name, Part::Whole), Action::Redact);
/// assert_eq!(profile.action(Kind::Date, Part::Year), Action::Keep);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    id: String,
    actions: [Action; FIELDS.len()],
}

/// What happens to an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It stays as it is.
    Keep,
    /// A keyed stand-in such as `[NAME_X7K2QM9DTBCFGH]`, which a [`RestoreMap`](crate::RestoreMap) turns back.
    Placeholder,
    /// Another value of the same form, always the same for one patient; dates move by the patient's shift.
    Surrogate,
    /// Of a date: moved by the patient's own number of days, so that intervals stay true.
    Shift {
        /// Whether the number of days is a multiple of seven.
        keep_weekday: bool,
    },
    /// A coarser value: of a date its year, of a year its decade, of an age its band, of a postal code its region.
    Generalise {
        /// Years of an age's band.
        band: u8,
    },
    /// Its letters and digits replaced by one character; spaces and signs stay.
    Mask {
        /// The character.
        with: char,
    },
    /// A keyed hash of the value: equal values stay equal, and nothing else is told.
    Hash {
        /// Characters of the hash.
        len: u8,
    },
    /// The bare name of its kind, such as `[NAME]`.
    Redact,
}

impl Profile {
    /// HIPAA Safe Harbor.
    #[must_use]
    pub fn safe_harbor() -> Self {
        Self::all("safe-harbor", Action::Placeholder).with(&[
            (Kind::Date, Part::Year, Action::Keep),
            (Kind::Age, Part::Whole, GENERALISE),
            (Kind::Age, Part::Under90, Action::Keep),
            (Kind::Location, Part::Zip, GENERALISE),
            (Kind::Location, Part::State, Action::Keep),
            (Kind::Location, Part::Country, Action::Keep),
        ])
    }

    /// HIPAA's limited data set, for research under an agreement.
    #[must_use]
    pub fn limited_data_set() -> Self {
        Self::all("limited-data-set", Action::Placeholder).with(&[
            (Kind::Date, Part::Whole, Action::Keep),
            (Kind::Date, Part::Year, Action::Keep),
            (Kind::Age, Part::Whole, Action::Keep),
            (Kind::Age, Part::Under90, Action::Keep),
            (Kind::Location, Part::City, Action::Keep),
            (Kind::Location, Part::Zip, Action::Keep),
            (Kind::Location, Part::State, Action::Keep),
            (Kind::Location, Part::Country, Action::Keep),
        ])
    }

    /// Pseudonymised data after the GDPR.
    #[must_use]
    pub fn gdpr_pseudonymise() -> Self {
        Self::all("gdpr-pseudonymise", Action::Placeholder).with(&[
            (Kind::Date, Part::Year, GENERALISE),
            (Kind::Age, Part::Whole, GENERALISE),
            (Kind::Age, Part::Under90, GENERALISE),
            (Kind::Location, Part::Country, Action::Keep),
        ])
    }

    /// The usual profile of a language: Safe Harbor where HIPAA is the law that texts in it are
    /// mostly written under, and `gdpr-pseudonymise` where the GDPR is.
    #[must_use]
    pub fn of(language: Language) -> Self {
        match language {
            Language::English => Self::safe_harbor(),
            Language::Spanish | Language::German => Self::gdpr_pseudonymise(),
        }
    }

    /// A built-in profile by its id.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        let built_in = [
            Self::safe_harbor(),
            Self::limited_data_set(),
            Self::gdpr_pseudonymise(),
        ];
        built_in.into_iter().find(|profile| profile.id == id)
    }

    /// Reads a profile from a text of lines `kind[.part] = action [argument]`.
    ///
    /// `profile` names the profile and is required; `base` names a built-in profile
    /// for what the text does not say (otherwise `safe-harbor`); `default` is the
    /// action for everything that the base takes out and no other line names. Kinds
    /// are `name`, `location`, `facility`, `date`, `age`, `phone`, `fax`, `email`,
    /// `url`, `ip`, `ssn`, `mrn`, `health-plan`, `account`, `license`, `vehicle`,
    /// `device`, `id`; parts are `date.year`, `age.under-90`, `location.street`,
    /// `location.city`, `location.zip`, `location.state`, `location.country`. Actions
    /// are `keep`, `placeholder`, `surrogate`, `shift [keep-weekday]`, `generalise
    /// [years of an age band]`, `mask [character]`, `hash [length]`, `redact`. `#`
    /// begins a comment, the order of lines does not matter.
    ///
    /// # Errors
    /// All faults of the text together, each with its line.
    pub fn parse(text: &str) -> Result<Self, ProfileFaults> {
        parse::parse(text)
    }

    /// The profile's id, for reports and ledgers.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A digest over all that the profile says: equal digests decide alike.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let digest = digest::digest(&digest::SHA256, self.to_string().as_bytes());
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// What the profile does to a part of a kind.
    #[must_use]
    pub fn action(&self, kind: Kind, part: Part) -> Action {
        let exact = field_of(kind, part);
        let index = exact.or_else(|| field_of(kind, Part::Whole));
        let action = index.and_then(|index| self.actions.get(index));
        action.copied().unwrap_or(Action::Redact)
    }

    /// Whether the profile changes anything at a finding in `text`.
    #[must_use]
    pub fn applies(&self, finding: &Finding, text: &str) -> bool {
        let acts = |part| self.action(finding.kind, part) != Action::Keep;
        if finding.kind != Kind::Location || finding.part != Part::Whole {
            return acts(finding.part);
        }
        let surface = text.get(finding.range()).unwrap_or_default();
        place::pieces(surface).any(|piece| acts(piece.part))
    }

    /// Whether the profile changes anything at an identifier, however it was found.
    #[must_use]
    pub fn takes(&self, kind: Kind, part: Part, surface: &str) -> bool {
        let acts = |part| self.action(kind, part) != Action::Keep;
        if kind != Kind::Location || part != Part::Whole {
            return acts(part);
        }
        place::pieces(surface).any(|piece| acts(piece.part))
    }

    /// The same profile with dates that it shifts, or replaces, moved by whole weeks.
    #[must_use]
    pub fn keeping_weekdays(mut self) -> Self {
        for (action, field) in self.actions.iter_mut().zip(FIELDS) {
            let moves = matches!(action, Action::Shift { .. } | Action::Surrogate);
            if moves && field.1 == Kind::Date {
                *action = Action::Shift { keep_weekday: true };
            }
        }
        self
    }

    /// The same profile with every action that changes something made a placeholder, so that all can be restored.
    #[must_use]
    pub fn reversible(mut self) -> Self {
        for action in &mut self.actions {
            if *action != Action::Keep {
                *action = Action::Placeholder;
            }
        }
        self
    }

    /// The same profile with another action wherever it makes placeholders.
    #[must_use]
    pub fn replacing(mut self, with: Action) -> Self {
        for (action, field) in self.actions.iter_mut().zip(FIELDS) {
            if *action == Action::Placeholder && with.fits(field.1, field.2) {
                *action = with;
            }
        }
        self
    }

    /// Whether the parts of an address are treated differently, so that it must be taken apart.
    pub(crate) fn parts_addresses(&self) -> bool {
        let street = self.action(Kind::Location, Part::Street);
        let coarse = matches!(street, Action::Generalise { .. });
        let other = |part| self.action(Kind::Location, part) != street;
        coarse || [Part::Whole, Part::City, Part::Zip].into_iter().any(other)
    }

    /// Whether any action needs to know how a text writes its dates and names.
    pub(crate) fn reads_texts(&self) -> bool {
        let reads = |action: &Action| {
            matches!(
                action,
                Action::Surrogate | Action::Shift { .. } | Action::Generalise { .. }
            )
        };
        self.actions.iter().any(reads)
    }

    fn all(id: &str, action: Action) -> Self {
        Self {
            id: id.to_owned(),
            actions: [action; FIELDS.len()],
        }
    }

    fn with(mut self, actions: &[(Kind, Part, Action)]) -> Self {
        for (kind, part, action) in actions {
            self.set(*kind, *part, *action);
        }
        self
    }

    fn set(&mut self, kind: Kind, part: Part, action: Action) {
        let slot = field_of(kind, part).and_then(|index| self.actions.get_mut(index));
        if let Some(slot) = slot {
            *slot = action;
        }
    }
}

/// Writes the profile as [`Profile::parse`] reads it.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "profile = {}", self.id)?;
        for ((name, _, _), action) in FIELDS.iter().zip(self.actions) {
            writeln!(f, "{name} = {action}")?;
        }
        Ok(())
    }
}

impl Action {
    /// Whether the action can be done to a part of a kind.
    #[must_use]
    pub fn fits(self, kind: Kind, part: Part) -> bool {
        match self {
            Self::Shift { .. } => kind == Kind::Date,
            Self::Generalise { .. } => match kind {
                Kind::Date | Kind::Age => true,
                Kind::Location => !matches!(part, Part::State | Part::Country),
                _ => false,
            },
            _ => true,
        }
    }
}

/// Writes the action as [`Profile::parse`] reads it.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Placeholder => f.write_str("placeholder"),
            Self::Surrogate => f.write_str("surrogate"),
            Self::Shift { keep_weekday: true } => f.write_str("shift keep-weekday"),
            Self::Shift { .. } => f.write_str("shift"),
            Self::Generalise { band } => write!(f, "generalise {band}"),
            Self::Mask { with } => write!(f, "mask {with}"),
            Self::Hash { len } => write!(f, "hash {len}"),
            Self::Redact => f.write_str("redact"),
        }
    }
}

fn field_of(kind: Kind, part: Part) -> Option<usize> {
    FIELDS
        .iter()
        .position(|field| (field.1, field.2) == (kind, part))
}

/// What a profile can name: in a file, as a kind, as a part of it.
const FIELDS: [(&str, Kind, Part); 25] = [
    ("name", Kind::Name, Part::Whole),
    ("location", Kind::Location, Part::Whole),
    ("location.street", Kind::Location, Part::Street),
    ("location.city", Kind::Location, Part::City),
    ("location.zip", Kind::Location, Part::Zip),
    ("location.state", Kind::Location, Part::State),
    ("location.country", Kind::Location, Part::Country),
    ("facility", Kind::Facility, Part::Whole),
    ("date", Kind::Date, Part::Whole),
    ("date.year", Kind::Date, Part::Year),
    ("age", Kind::Age, Part::Whole),
    ("age.under-90", Kind::Age, Part::Under90),
    ("phone", Kind::Phone, Part::Whole),
    ("fax", Kind::Fax, Part::Whole),
    ("email", Kind::Email, Part::Whole),
    ("url", Kind::Url, Part::Whole),
    ("ip", Kind::Ip, Part::Whole),
    ("ssn", Kind::Ssn, Part::Whole),
    ("mrn", Kind::Mrn, Part::Whole),
    ("health-plan", Kind::HealthPlan, Part::Whole),
    ("account", Kind::Account, Part::Whole),
    ("license", Kind::License, Part::Whole),
    ("vehicle", Kind::Vehicle, Part::Whole),
    ("device", Kind::Device, Part::Whole),
    ("id", Kind::Id, Part::Whole),
];
const AGE_BAND_USUAL: u8 = 10;
const GENERALISE: Action = Action::Generalise {
    band: AGE_BAND_USUAL,
};
