//! What becomes of a string, a number or a literal.

use std::borrow::Cow;
use std::ops::Range;

use wardgate_deid::{Action, Kind, NameHints, NamePart, Operation, Part, RecordFault};

use super::attachment::decoded;
use super::reference::operation;
use super::subject::NOBODY;
use super::{Fate, Place, Rewrite, moment};
use crate::extension::Holds;
use crate::marks::Words;
use crate::memory::{Became, ValueKey};
use crate::patients::Patient;
use crate::reader::escape;
use crate::schema::{Member, WRONG_KIND};
use crate::treatment::Leaf;

impl Rewrite<'_, '_> {
    /// A scalar at the cursor.
    pub(super) fn leaf(&mut self, member: &Member, place: &Place) -> Result<Fate, RecordFault> {
        if self.cursor.peek() != Some(b'"') {
            return self.bare(member, place);
        }
        let quote = self.cursor.at;
        // Most strings have no escape, and their text is the input's.
        let text = self.cursor.string()?.text();
        let whole = quote..self.cursor.at;
        if text.is_empty() {
            return Ok(self.gone(member));
        }
        self.string(member, place, &text, whole)
    }

    fn string(
        &mut self,
        member: &Member,
        place: &Place,
        text: &str,
        at: Range<usize>,
    ) -> Result<Fate, RecordFault> {
        let leaf = overridden(member.leaf, place.holds);
        Ok(match leaf {
            Leaf::Known => self.stays(member),
            Leaf::Code => self.code(member, place, text),
            Leaf::Display | Leaf::Term => {
                let became = self.term(place, text, leaf == Leaf::Display);
                self.became(member, &became, at, Operation::Cleaned)
            }
            Leaf::Title => match is_file_name(text) {
                true => self.gone(member),
                false => {
                    let became = self.prose(place, text);
                    self.became(member, &became, at, Operation::Cleaned)
                }
            },
            Leaf::Xhtml => {
                let became = self.narrative(place, text);
                self.became(member, &became, at, Operation::Cleaned)
            }
            Leaf::Moment | Leaf::Birth => match self.moment(place, text, leaf == Leaf::Birth) {
                Some((written, operation)) => self.written(member, at, &written, operation),
                None => self.gone(member),
            },
            Leaf::Time if moment::is_time(text) => self.stays(member),
            Leaf::Samples
                if is_samples(text)
                    && !text.split(' ').any(|one| self.is_number_of(place, one)) =>
            {
                self.stays(member)
            }
            Leaf::Sequence if is_sequence(text) => self.stays(member),
            Leaf::Text | Leaf::Sequence => {
                let became = self.prose(place, text);
                self.became(member, &became, at, Operation::Cleaned)
            }
            // The 64-bit integers of R5 are strings.
            Leaf::Number if is_integer(text) && !self.is_number_of(place, text) => {
                self.stays(member)
            }
            Leaf::Version
            | Leaf::Reference
            | Leaf::Id
            | Leaf::Uri
            | Leaf::System
            | Leaf::Query
            | Leaf::Uid => self.pointing(leaf, member, place, text, at),
            Leaf::Data => self.data(member, place, text, at),
            Leaf::MediaType if !is_media_type(text) || self.tells(place, text) => self.gone(member),
            Leaf::MediaType => self.media_type(member, place, text, at),
            // In R5 a string.
            Leaf::Size => match is_integer(text) {
                true => self.size(member, place, at.start + 1..at.end - 1),
                false => self.gone(member),
            },
            Leaf::Bool
            | Leaf::Number
            | Leaf::Amount
            | Leaf::Age
            | Leaf::Samples
            | Leaf::Time
            | Leaf::Remove => self.gone(member),
            _ => self.person_field(leaf, member, place, text, at),
        })
    }

    /// What leads to something: a resource, a definition, a version.
    fn pointing(
        &mut self,
        leaf: Leaf,
        member: &Member,
        place: &Place,
        text: &str,
        at: Range<usize>,
    ) -> Fate {
        let became = match leaf {
            // What points to a resource becomes the same whoever the patient is.
            Leaf::Reference => {
                let became = self.shared(REFERENCE, text, |this| this.pointer(text));
                return self.became(member, &became, at, Operation::Replaced);
            }
            Leaf::Id => {
                let became = self.shared(ID, text, |this| Some(this.id(text)));
                return self.became(member, &became, at, Operation::Replaced);
            }
            Leaf::Version => Some(self.version(text).into()),
            Leaf::Uri => self.uri(place, text),
            Leaf::System => self.system(place, text),
            Leaf::Query => self.request(text).map(Cow::Owned),
            _ => Some(self.uid(text).into()),
        };
        match became {
            Some(became) => {
                let operation = operation(text, &became);
                self.written(member, at, &became, operation)
            }
            None => self.gone(member),
        }
    }

    fn uid(&self, text: &str) -> String {
        let plain = text.trim_start_matches("urn:oid:");
        let uid = self.means.rules.key().uid(plain);
        match plain == text {
            true => uid,
            false => format!("urn:oid:{uid}"),
        }
    }

    /// What a treatment makes of a value, whosever it is, remembered.
    fn shared(
        &mut self,
        treatment: u16,
        value: &str,
        work: impl FnOnce(&mut Self) -> Option<String>,
    ) -> Became {
        let key = ValueKey {
            serial: NOBODYS,
            treatment,
            value: value.as_bytes(),
        };
        if let Some(became) = self.memory.value(key) {
            return became.clone();
        }
        let became = match work(self) {
            None => Became::Gone,
            Some(same) if same == value => Became::Same,
            Some(other) => Became::Other(other.into()),
        };
        self.memory.remember_value(key, &became);
        became
    }

    fn person_field(
        &mut self,
        leaf: Leaf,
        member: &Member,
        place: &Place,
        text: &str,
        at: Range<usize>,
    ) -> Fate {
        let named = |part| (Kind::Name, Part::Whole, part);
        let located = |part| (Kind::Location, part, None);
        let (kind, part, name) = match leaf {
            Leaf::Name => named(None),
            Leaf::Family => named(Some(NamePart::Family)),
            Leaf::Given => named(Some(NamePart::Given)),
            Leaf::Facility => (Kind::Facility, Part::Whole, None),
            Leaf::Place => located(Part::Whole),
            Leaf::Street => located(Part::Street),
            Leaf::City => located(Part::City),
            Leaf::State => located(Part::State),
            Leaf::Zip => located(Part::Zip),
            Leaf::Country => located(Part::Country),
            Leaf::Telecom => (self.telecom(place, text), Part::Whole, None),
            Leaf::Identifier => {
                let written = self.identifier(place, text);
                let operation = operation(text, &written);
                return self.written(member, at, &written, operation);
            }
            Leaf::Serial => (Kind::Device, Part::Whole, None),
            Leaf::Plan => (Kind::HealthPlan, Part::Whole, None),
            Leaf::Ip => (Kind::Ip, Part::Whole, None),
            Leaf::ReferenceDisplay => return self.reference_display(member, place, text, at),
            _ => (Kind::Id, Part::Whole, None),
        };
        let hints = NameHints {
            part: name,
            ..NameHints::default()
        };
        let became = match leaf {
            Leaf::Name | Leaf::Family | Leaf::Given => self.name(place, text, &hints),
            _ => self.stand_in(place, kind, part, text, &hints),
        };
        // What the profile lets stand of an address must be what its element says.
        let odd =
            became == Became::Same && (text.len() > PLACE_LEN_MAX || self.traced(place, text));
        let coded = text.len() <= ZIP_LEN_MAX && text.bytes().any(|byte| byte.is_ascii_digit());
        if kind == Kind::Location && (odd || (leaf == Leaf::Zip && !coded)) {
            return self.gone(member);
        }
        let done = match self.means.rules.profile().action(kind, part) {
            Action::Generalise { .. } => Operation::Generalised,
            _ => Operation::Replaced,
        };
        self.became(member, &became, at, done)
    }

    /// A word of a code system: no sentence, no address, and no number or name of a patient.
    fn code(&mut self, member: &Member, place: &Place, text: &str) -> Fate {
        // Codes are too short to be worth the preparation of a search.
        if text.as_bytes().array_windows().any(|two| two == b"//") {
            return match self.uri(place, text) {
                Some(same) if same == text => self.stays(member),
                _ => self.gone(member),
            };
        }
        let shaped = text.len() <= CODE_LEN_MAX && !text.contains(['@', ' ']);
        let stays =
            !self.tells(place, text) && (shaped || self.term(place, text, true) == Became::Same);
        match stays {
            true => self.stays(member),
            false => self.gone(member),
        }
    }

    /// Whether a word tells who a patient is: one of their numbers, or a name that is no other word. Where nobody is
    /// said to be the patient, anybody's.
    pub(super) fn tells(&mut self, place: &Place, word: &str) -> bool {
        if place.patient == NOBODY {
            return self.tells_of_anybody(word);
        }
        let known = self.people.get(place.patient).unwrap_or(self.means.nobody);
        let term = self.memory.term(word);
        term.hides || told(known, &term.words, word)
    }

    fn tells_of_anybody(&mut self, word: &str) -> bool {
        let rules = self.means.rules;
        let local = !self.local.is_empty();
        let term = self.memory.term(word);
        if term.hides {
            return true;
        }
        if let Some(tells) = term.tells
            && !local
        {
            return tells;
        }
        let whose = self
            .local
            .whose(rules, word, 1)
            .or_else(|| self.means.index.whose(rules, word, 1));
        let tells = whose.is_some_and(|patient| told(&patient, &term.words, word));
        if !local {
            term.tells = Some(tells);
        }
        tells
    }

    /// Whether a place that may stand is no place, but a name or number of a patient.
    fn traced(&mut self, place: &Place, text: &str) -> bool {
        let known = self.people.get(place.patient).unwrap_or(self.means.nobody);
        let marked = known.marks.any(text) || known.marks.number(text);
        (marked && known.tracer().value(text).any())
            || (place.patient == NOBODY && self.tells(place, text))
    }

    fn is_number_of(&mut self, place: &Place, digits: &str) -> bool {
        if digits.len() < NUMBER_LEN_MIN {
            return false;
        }
        if place.patient == NOBODY {
            return self.tells(place, digits);
        }
        let patient = self.people.get(place.patient).unwrap_or(self.means.nobody);
        patient.marks.number(digits)
    }

    /// A number, `true`, `false` or `null`.
    fn bare(&mut self, member: &Member, place: &Place) -> Result<Fate, RecordFault> {
        let at = self.cursor.scalar()?;
        let raw = self.cursor.slice(at.clone());
        let text = std::str::from_utf8(raw).unwrap_or_default();
        let number = raw
            .first()
            .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
        Ok(match member.leaf {
            // In an array of primitives it keeps the place of one that has extensions only.
            _ if text == "null" => match member.many {
                true => Fate::Stays,
                false => Fate::Gone,
            },
            Leaf::Bool if !number => self.stays(member),
            Leaf::Number if number && !self.is_number_of(place, text) => self.stays(member),
            Leaf::Amount | Leaf::Age if number && !self.is_number_of(place, text) => {
                match self.age(member, place, text) {
                    Some(age) => {
                        self.counts.note(member.element, Operation::Generalised);
                        self.replace(at, age.as_bytes());
                        Fate::Stays
                    }
                    None => self.stays(member),
                }
            }
            Leaf::Size if number => self.size(member, place, at),
            _ => {
                let element = match member.leaf {
                    Leaf::Number | Leaf::Amount | Leaf::Remove => member.element,
                    _ => WRONG_KIND,
                };
                self.counts.note(element, Operation::Removed);
                Fate::Gone
            }
        })
    }

    /// What stands for a number of years that tells too much; nothing where the number may stand.
    fn age(&mut self, member: &Member, place: &Place, text: &str) -> Option<String> {
        let age = member.leaf == Leaf::Age;
        let number: f64 = text.parse().ok()?;
        let old = number >= OLD_MIN;
        if !age && !old {
            return None;
        }
        let code = self.sibling(place, "code");
        let unit = code
            .or_else(|| self.sibling(place, "unit"))
            .unwrap_or_default();
        let per_year = match unit
            .trim()
            .trim_matches(['{', '}'])
            .to_ascii_lowercase()
            .as_str()
        {
            "a" | "yr" | "yrs" | "year" | "years" | "y" => 1.0,
            "mo" | "month" | "months" => 12.0,
            "wk" | "week" | "weeks" => 52.18,
            "d" | "day" | "days" => 365.25,
            "h" | "hour" | "hours" => 8766.0,
            "" if age => 1.0,
            _ => return None,
        };
        let years = number / per_year;
        // Only of ages: a count of days or months is mostly a duration.
        if per_year > 1.0 && !age {
            return None;
        }
        let profile = self.means.rules.profile();
        if years >= OLD_MIN {
            let told = profile.action(Kind::Age, Part::Whole) == Action::Keep;
            return (!told).then(|| format!("{:.0}", OLD_MIN * per_year));
        }
        match profile.action(Kind::Age, Part::Under90) {
            Action::Keep => None,
            Action::Generalise { band } => {
                let band = f64::from(band.max(1));
                Some(format!("{:.0}", (years / band).floor() * band * per_year))
            }
            _ => Some("0".to_owned()),
        }
    }

    pub(super) fn stays(&mut self, member: &Member) -> Fate {
        self.counts.note(member.element, Operation::Kept);
        Fate::Stays
    }

    pub(super) fn gone(&mut self, member: &Member) -> Fate {
        self.counts.note(member.element, Operation::Removed);
        Fate::Gone
    }

    /// Another string in the place of one, quotes and all.
    pub(super) fn written(
        &mut self,
        member: &Member,
        at: Range<usize>,
        text: &str,
        operation: Operation,
    ) -> Fate {
        if text.is_empty() {
            return self.gone(member);
        }
        self.counts.note(member.element, operation);
        if operation != Operation::Kept {
            self.cut(at);
            self.output.push(b'"');
            escape(text, self.output);
            self.output.push(b'"');
        }
        Fate::Stays
    }

    pub(super) fn became(
        &mut self,
        member: &Member,
        became: &Became,
        at: Range<usize>,
        operation: Operation,
    ) -> Fate {
        match became {
            Became::Same => self.stays(member),
            Became::Other(text) => self.written(member, at, text, operation),
            Became::Gone => self.gone(member),
        }
    }
}

/// What an extension holds decides over the type of its value.
fn overridden(leaf: Leaf, holds: Option<Holds>) -> Leaf {
    match (holds, leaf) {
        (Some(Holds::Name), Leaf::Text | Leaf::Term | Leaf::Code) => Leaf::Name,
        (Some(Holds::Birth), Leaf::Moment) => Leaf::Birth,
        _ => leaf,
    }
}

/// Whether a word tells who a patient is.
fn told(patient: &Patient, words: &Words, word: &str) -> bool {
    (word.len() > 4 && patient.marks.hold_number(words))
        || (patient.marks.hold_any(words) && patient.tracer().value(word).any())
}

/// Whether a word is base64 of a text.
pub(crate) fn hides_text(word: &str) -> bool {
    if word.len() < ENCODED_LEN_MIN {
        return false;
    }
    let inner = decoded(word).and_then(|bytes| String::from_utf8(bytes).ok());
    inner.is_some_and(|inner| inner.chars().all(|c| !c.is_control() || c.is_whitespace()))
}

/// A type as RFC 6838 writes it, with or without parameters.
fn is_media_type(text: &str) -> bool {
    let (kind, rest) = text.split_once('/').unwrap_or((text, ""));
    let name = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte))
    };
    let (sub, parameters) = rest.split_once(';').unwrap_or((rest, ""));
    let told = parameters
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"=.+-_; \"".contains(&byte));
    name(kind) && name(sub) && told && text.len() <= MEDIA_TYPE_LEN_MAX
}

fn is_file_name(text: &str) -> bool {
    let (stem, end) = text.rsplit_once('.').unwrap_or((text, ""));
    let ending =
        (2..=5).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (ending && !stem.ends_with(char::is_whitespace)) || text.contains(['/', '\\', '_'])
}

/// `SampledData.data`: decimals, `E`, `U` and `L` between spaces.
fn is_samples(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || b" .-+eEUL".contains(&byte))
}

/// Nucleotides or amino acids in one run, by their letters (IUPAC).
fn is_sequence(text: &str) -> bool {
    let letters = text
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic() || b"*-.".contains(&byte));
    let kinds: u32 = text.bytes().fold(0, |kinds, byte| {
        kinds | 1 << (byte.to_ascii_lowercase() & 31)
    });
    letters && (text.len() >= SEQUENCE_LEN_MIN || kinds & !NUCLEOTIDES == 0)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 19 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// No patient has this number.
const NOBODYS: u64 = u64::MAX;
/// Treatments of values that are nobody's.
const REFERENCE: u16 = 0;
const ID: u16 = 1;
/// Shorter runs of letters could be a word.
const SEQUENCE_LEN_MIN: usize = 40;
/// `A`, `C`, `G`, `T`, `U`, `N`, each as the bit of its letter; `-` and `.` and `*` fall on bits of their own.
const NUCLEOTIDES: u32 = 1 << 1 | 1 << 3 | 1 << 7 | 1 << 20 | 1 << 21 | 1 << 14 | 1 << 13 | 1 << 10;
/// No state or country has a longer name.
const PLACE_LEN_MAX: usize = 64;
/// Shorter words hold no text in base64.
const ENCODED_LEN_MIN: usize = 24;
const ZIP_LEN_MAX: usize = 12;
const MEDIA_TYPE_LEN_MAX: usize = 96;
/// Codes are short; what is longer is looked at as text.
const CODE_LEN_MAX: usize = 256;
/// Shorter numbers are nobody's.
const NUMBER_LEN_MIN: usize = 6;
const OLD_MIN: f64 = 90.0;
