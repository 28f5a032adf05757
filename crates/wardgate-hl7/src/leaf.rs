//! What becomes of one leaf of a message or document.

use std::cell::RefCell;

use wardgate_deid::{Action, Kind, Operation, Part, RecordRules};

use crate::date::{self, Written};
use crate::kept::Verdicts;
use crate::patient::{Nobody, Patient, Question};
use crate::role::{Number, Role};

/// With what the leaves of one patient's record are judged.
pub(crate) struct Leaves<'a> {
    pub(crate) rules: &'a RecordRules,
    pub(crate) patient: &'a Patient,
    pub(crate) nobody: &'a Nobody,
    pub(crate) verdicts: &'a Verdicts,
    /// Ids of orders and alike, which texts may mention.
    pub(crate) transients: Transients,
}

/// Ids of orders and alike of one record.
#[derive(Default)]
pub(crate) struct Transients {
    ids: Vec<String>,
    /// How many digits each of them has at least.
    digits_min: usize,
    /// How many bytes each of them has at least.
    len_min: usize,
    /// What stands for those that were asked for.
    stand_ins: RefCell<Vec<(Box<str>, Box<str>)>>,
}

impl Transients {
    /// The ids as a reader shows them.
    pub(crate) fn of(ids: Vec<String>) -> Self {
        let digits = |id: &String| id.bytes().filter(u8::is_ascii_digit).count();
        Self {
            digits_min: ids.iter().map(digits).min().unwrap_or_default(),
            len_min: ids.iter().map(String::len).min().unwrap_or_default(),
            ids,
            stand_ins: RefCell::default(),
        }
    }

    /// The ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &String> {
        self.ids.iter()
    }

    /// Whether a text holds one of them.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        if self.ids.is_empty() || text.len() < self.len_min {
            return false;
        }
        // Most texts have fewer digits than any id.
        let digits = || text.bytes().filter(u8::is_ascii_digit).count();
        (text.len() > TEXT_BYTES_FEW || digits() >= self.digits_min)
            && self.ids.iter().any(|id| text.contains(id.as_str()))
    }

    /// What stands for an id of the record, which comes more than once.
    fn stand_in(&self, id: &str, work_out: impl FnOnce() -> String) -> String {
        let mut known = self.stand_ins.borrow_mut();
        if let Some((_, new)) = known.iter().find(|(before, _)| **before == *id) {
            return new.to_string();
        }
        let new = work_out();
        if known.len() < STAND_INS_MAX {
            known.push((id.into(), new.as_str().into()));
        }
        new
    }
}

/// What stands beside the words of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coded {
    /// No code: the words may be anything.
    Not,
    /// A code of a list of the sender's own.
    Locally,
    /// A code of a public system.
    Publicly,
}

/// What became of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stands.
    Same,
    /// This stands for it.
    New(String, Operation),
    /// It goes.
    Gone,
}

impl Leaves<'_> {
    /// What becomes of a value with its escapes resolved; `coded` says what stands beside it.
    pub(crate) fn leaf(&self, role: Role, value: &str, coded: Coded) -> Outcome {
        match role {
            Role::Keep => self.unless_identifier(value),
            Role::Number if is_plain_number(value) => self.unless_identifier(value),
            Role::Number | Role::Text => self.text(value),
            Role::Code if is_code(value) => self.unless_identifier(value),
            Role::Code => self.text(value),
            // Nobody would miss another word here, and where fields moved by one it is a name.
            Role::Telecom if is_listed(value, &TELECOMS) => Outcome::Same,
            Role::Telecom => Outcome::Gone,
            Role::Display if coded != Coded::Not => self.display(value, coded),
            Role::Display => self.text(value),
            Role::Date => self.date(role, value, false),
            Role::Birth => self.date(role, value, true),
            Role::Suffix if is_listed(value, &SUFFIXES) => Outcome::Same,
            Role::Title if is_listed(value, &TITLES) => Outcome::Same,
            Role::Facility | Role::Site if is_listed(value, &AUTHORITIES) => Outcome::Same,
            Role::Suffix | Role::Title | Role::Document | Role::Drop => Outcome::Gone,
            Role::Id | Role::Provider | Role::Pointer => self.project_id("id", value),
            Role::Control => self.project_id("message", value),
            Role::Uid => self.uid(value),
            Role::Facility | Role::Site if is_oid(value) => self.uid(value),
            Role::State | Role::Country => match self.stand_in(role, value) {
                // What a profile lets stand may still be what a name is.
                Outcome::Same => self.unless_identifier(value),
                other => other,
            },
            _ => self.stand_in(role, value),
        }
    }

    fn stand_in(&self, role: Role, value: &str) -> Outcome {
        let stands = self
            .patient
            .stands_for(self.rules, self.nobody, role, value);
        match stands {
            Some(new) if new == value => Outcome::Same,
            Some(new) => Outcome::New(new, Operation::Replaced),
            None => Outcome::Gone,
        }
    }

    /// A code, number or structure, which no identifier of the message's people may be.
    fn unless_identifier(&self, value: &str) -> Outcome {
        let known = self.patient.dictionary.is_identifier(value);
        let own = value.len() >= TRANSIENT_LEN_MIN && self.transients.iter().any(|id| id == value);
        if known || own {
            Outcome::Gone
        } else {
            Outcome::Same
        }
    }

    /// The words of a code: they are the system's own unless they hold what is known or looks written by hand.
    fn display(&self, value: &str, coded: Coded) -> Outcome {
        let noticed = self.patient.dictionary.may_hold(value) || value.contains('@');
        let mentions = || match self.rules.mentions(&self.patient.record, value) {
            true => Outcome::Gone,
            false => Outcome::Same,
        };
        let known =
            noticed && self.patient.text(Question::Mentions, value, mentions) == Outcome::Gone;
        let written = (coded == Coded::Locally || noticed) && !self.is_term(value);
        if known || written || self.holds_transient(value) {
            return self.text(value);
        }
        Outcome::Same
    }

    fn date(&self, role: Role, value: &str, birth: bool) -> Outcome {
        match date::rewrite(value.trim_end(), birth, &self.patient.dates) {
            Written::Kept => Outcome::Same,
            Written::Moved(new) => Outcome::New(new, Operation::Shifted),
            Written::Coarser(new) => Outcome::New(new, Operation::Generalised),
            Written::Gone => Outcome::Gone,
            Written::Unread if value.bytes().all(|b| b == b'0') => Outcome::Same,
            // Whatever was written there, what cannot be read as a date of the standard does not stand as it was.
            Written::Unread => match self.stand_in(role, value) {
                Outcome::Same
                    if self.rules.profile().action(Kind::Date, Part::Whole) == Action::Keep =>
                {
                    self.text(value)
                }
                Outcome::New(new, _) if !new.starts_with('[') => {
                    Outcome::New(new, Operation::Shifted)
                }
                _ => Outcome::Gone,
            },
        }
    }

    /// The id of the project that stands for an id, the same in each message.
    fn project_id(&self, label: &str, value: &str) -> Outcome {
        let known = Role::Identity(Number::Mrn);
        if self.patient.is_number(value) {
            return self.stand_in(known, value);
        }
        match self.rules.profile().action(Kind::Id, Part::Whole) {
            Action::Keep => self.unless_identifier(value),
            Action::Redact => Outcome::Gone,
            Action::Surrogate
            | Action::Placeholder
            | Action::Shift { .. }
            | Action::Generalise { .. } => {
                let work_out = || {
                    let mut id = self.rules.key().id(label, value.trim());
                    id.truncate(STAND_IN_LEN);
                    id.make_ascii_uppercase();
                    id
                };
                let new = match label {
                    "id" => self.transients.stand_in(value, work_out),
                    _ => work_out(),
                };
                Outcome::New(new, Operation::Replaced)
            }
            _ => self.stand_in(Role::Identity(Number::Other), value),
        }
    }

    fn uid(&self, value: &str) -> Outcome {
        if PUBLIC_ROOTS.contains(&value) {
            return Outcome::Same;
        }
        if self.rules.profile().action(Kind::Facility, Part::Whole) == Action::Keep {
            return self.unless_identifier(value);
        }
        let uuid = value.len() == UUID_LEN && value.bytes().filter(|b| *b == b'-').count() == 4;
        let new = match (is_oid(value), uuid) {
            (true, _) => self.rules.key().uid(value),
            (_, true) => self.rules.key().uuid(value),
            _ if value.contains('.') => return self.stand_in(Role::Uid, value),
            _ => return self.stand_in(Role::Facility, value),
        };
        Outcome::New(new, Operation::Replaced)
    }
}

/// Whether a value is an OID.
pub(crate) fn is_oid(value: &str) -> bool {
    let arcs = value.bytes().filter(|b| *b == b'.').count();
    arcs >= 2 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Whether a value looks like a code: one word of letters, digits and signs.
fn is_code(value: &str) -> bool {
    let plain = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'-' | b'_'
                    | b'.'
                    | b'/'
                    | b'%'
                    | b'*'
                    | b'+'
                    | b':'
                    | b'#'
                    | b'<'
                    | b'>'
                    | b'='
                    | b'?'
                    | b'('
                    | b')'
                    | b'['
                    | b']'
                    | b'{'
                    | b'}'
                    | b'\''
                    | b','
                    | b'!'
                    | b'$'
                    | b'"'
                    | b'^'
                    | b'~'
                    | b'&'
                    | b'|'
                    | b'\\'
                    | b';'
            )
    };
    value.len() <= CODE_LEN_MAX && value.bytes().all(plain)
}

/// Whether a value is a number, with a sign, a comparison, a range or a unit's percent.
pub(crate) fn is_plain_number(value: &str) -> bool {
    let signs = |b: u8| {
        b.is_ascii_digit()
            || matches!(
                b,
                b'.' | b',' | b'-' | b'+' | b'<' | b'>' | b'=' | b' ' | b'%' | b'e' | b'E'
            )
    };
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (1..=NUMBER_DIGITS_MAX).contains(&digits) && value.bytes().all(signs)
}

fn is_listed(value: &str, list: &[&str]) -> bool {
    let value = value.trim().trim_end_matches('.');
    list.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// Ids fit the 20 characters that older versions give to control ids; 80 bits do not meet by chance.
pub(crate) const STAND_IN_LEN: usize = 16;
const CODE_LEN_MAX: usize = 40;
/// Longer texts have digits enough.
const TEXT_BYTES_FEW: usize = 128;
/// Ids of one record of which is remembered what stands for them.
const STAND_INS_MAX: usize = 16;
const NUMBER_DIGITS_MAX: usize = 18;
const TRANSIENT_LEN_MIN: usize = 5;
const UUID_LEN: usize = 36;
const SUFFIXES: [&str; 34] = [
    "Jr", "Sr", "I", "II", "III", "IV", "V", "Jnr", "Snr", "2nd", "MD", "M.D", "DO", "RN", "LPN",
    "NP", "APRN", "CRNP", "FNP", "DNP", "MSN", "BSN", "PA", "PA-C", "PhD", "PharmD", "DDS", "DMD",
    "MBBS", "MPH", "PT", "OT", "RD", "LCSW",
];
/// Tables 0201 and 0202 of the standard, and words that systems send for theirs.
const TELECOMS: [&str; 35] = [
    "PRN", "ORN", "WPN", "VHN", "ASN", "EMR", "NET", "BPN", "PRS", "PH", "FX", "MD", "CP", "SAT",
    "BP", "X.400", "TDD", "TTY", "Internet", "H", "HP", "HV", "W", "WP", "MC", "PG", "AS", "EC",
    "HOME", "WORK", "CELL", "MOBILE", "PHONE", "FAX", "EMAIL",
];
const TITLES: [&str; 26] = [
    "Dr",
    "Mr",
    "Mrs",
    "Ms",
    "Miss",
    "Mx",
    "Prof",
    "Sir",
    "Dame",
    "Lord",
    "Lady",
    "Rev",
    "Fr",
    "Herr",
    "Frau",
    "Sr",
    "Sra",
    "Srta",
    "Dra",
    "Don",
    "Doña",
    "Master",
    "Doctor",
    "Professor",
    "PD",
    "Sister",
];
/// Who issues numbers for a whole country: no hospital is told by it.
const AUTHORITIES: [&str; 18] = [
    "SSA", "USSSA", "USA", "NPI", "UPIN", "DEA", "CMS", "MEDICARE", "MEDICAID", "NHS", "NHSNBR",
    "NHSNMBR", "ISO", "L", "DNS", "UUID", "GUID", "HL7",
];
/// The roots under which the same bodies issue them.
const PUBLIC_ROOTS: [&str; 5] = [
    "2.16.840.1.113883.4.1",
    "2.16.840.1.113883.4.6",
    "2.16.840.1.113883.4.814",
    "2.16.840.1.113883.2.1.4.1",
    "2.16.840.1.113883.4.572",
];
