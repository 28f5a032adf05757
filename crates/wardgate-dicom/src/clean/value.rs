//! What becomes of one value, by what the table says and by its value representation.

use std::borrow::Cow;
use std::sync::Arc;

use dicom_core::VR;
use wardgate_deid::{Kind, NameHints, NamePart, Operation, Part, RecordFault};

use super::Cleaner;
use crate::date::{self, Dates};
use crate::element::{DataSet, Element, Tag, chars_max, tags, width};
use crate::identity::{kind_of, people};
use crate::table::Action;

/// What stands for a value of letters, and what was done; nothing when the element goes.
type Written = (Option<String>, Operation);

impl Cleaner<'_> {
    /// What becomes of a value of letters.
    pub(super) fn written(
        &mut self,
        action: Option<Action>,
        tag: Tag,
        vr: VR,
        written: &str,
    ) -> Written {
        match action {
            None => self.by_kind(tag, vr, written),
            Some(Action::Keep) => self.kept(tag, vr, written),
            Some(Action::Clean) => self.cleaned(tag, vr, written),
            Some(Action::Uid) => (Some(self.uids(written)), Operation::Replaced),
            Some(Action::Empty) => match self.stand_in(tag, vr, written) {
                Some(new) => (Some(new), Operation::Replaced),
                None => (Some(String::new()), Operation::Emptied),
            },
            Some(Action::Dummy) => {
                let new = self.stand_in(tag, vr, written);
                let new = new.unwrap_or_else(|| dummy(vr, written));
                (Some(new), Operation::Replaced)
            }
            Some(Action::Remove) => (None, Operation::Removed),
        }
    }

    /// What becomes of a value of bytes or numbers.
    pub(super) fn binary<'a>(
        &mut self,
        action: Option<Action>,
        tag: Tag,
        vr: VR,
        bytes: &Cow<'a, [u8]>,
    ) -> Option<Element<'a>> {
        let numbers = width(vr) > 1;
        match action {
            Some(Action::Empty) => {
                self.note(tag, Operation::Emptied);
                return Some(Element::bytes(tag, vr, Vec::new()));
            }
            Some(Action::Dummy | Action::Uid) => {
                self.note(tag, Operation::Replaced);
                return Some(Element::bytes(tag, vr, dummy_bytes(vr)));
            }
            // Graphics cannot be cleaned without being read; they go.
            Some(Action::Remove) => return None,
            Some(Action::Clean) if tag.group() >= 0x5000 => return None,
            Some(Action::Keep | Action::Clean) | None => {}
        }
        // Samples and tables of numbers are not searched for letters: short names stand in them by chance.
        if vr == VR::UN || (!numbers && self.subject.traced(bytes)) {
            return None;
        }
        self.count(action, tag, Operation::Kept);
        Some(Element::bytes(tag, vr, bytes.clone()))
    }

    /// An encapsulated document: a new one with the cleaned text of the old.
    pub(super) fn document<'a>(
        &mut self,
        set: &DataSet<'a>,
        element: &Element<'a>,
    ) -> Result<Element<'a>, RecordFault> {
        let media_type = set.ascii(tags::DOCUMENT_TYPE);
        let raw = element.raw();
        let scope = self.subjects.scope(self.subject);
        let document = wardgate_documents::clean(&scope, &media_type, unpadded(raw))?;
        self.documents.merge(&document.tally);
        // One that cannot be read is withheld: what stands for it says so, and is the dummy that the table wants.
        self.note(
            tags::DOCUMENT,
            match document.withheld {
                Some(_) => Operation::Replaced,
                None => Operation::Cleaned,
            },
        );
        self.document = Some((document.bytes.len(), document.media_type));
        Ok(Element::bytes(tags::DOCUMENT, VR::OB, document.bytes))
    }

    /// A value without a row in the table.
    fn by_kind(&mut self, tag: Tag, vr: VR, written: &str) -> Written {
        let kept = |new: String, done| {
            let same = new == written;
            (Some(new), if same { Operation::Kept } else { done })
        };
        match vr {
            VR::PN => {
                let name = self.names(written);
                (Some(name), Operation::Replaced)
            }
            VR::DA | VR::DT | VR::TM => self.date(vr, written),
            VR::AS => kept(self.ages(written), Operation::Generalised),
            VR::UI if self.options.retain_uids || CLASSES.contains(&tag.0) => {
                kept(self.kept_uids(written), Operation::Replaced)
            }
            VR::UI => kept(self.uids(written), Operation::Replaced),
            VR::LT | VR::ST | VR::UT | VR::UR => kept(self.text(vr, written), Operation::Cleaned),
            VR::CS if is_code(written) && !self.subject.finds(written) => {
                (Some(written.to_owned()), Operation::Kept)
            }
            VR::DS | VR::IS if is_number(written) && !self.subject.is_number(written) => {
                (Some(written.to_owned()), Operation::Kept)
            }
            VR::CS | VR::DS | VR::IS => kept(self.text(vr, written), Operation::Cleaned),
            _ => {
                let coded = CODED.binary_search(&tag.0).is_ok();
                let new = self.each(vr, written, |cleaner, value| {
                    cleaner.subjects.short(cleaner.subject, value, coded)
                });
                kept(new, Operation::Cleaned)
            }
        }
    }

    /// A value that an option keeps.
    fn kept(&mut self, tag: Tag, vr: VR, written: &str) -> Written {
        match vr {
            VR::DA | VR::DT | VR::TM => self.date(vr, written),
            VR::AS => {
                let new = self.ages(written);
                let same = new == written;
                let done = if same {
                    Operation::Kept
                } else {
                    Operation::Generalised
                };
                (Some(new), done)
            }
            VR::UI => (Some(self.kept_uids(written)), Operation::Kept),
            VR::LT | VR::ST | VR::UT if kind_of(tag).is_none() => {
                (Some(self.text(vr, written)), Operation::Cleaned)
            }
            _ if kind_of(tag).is_some() => (Some(written.to_owned()), Operation::Kept),
            VR::CS if is_code(written) => (Some(written.to_owned()), Operation::Kept),
            _ => {
                let new = self.each(vr, written, |cleaner, value| {
                    cleaner.subjects.short(cleaner.subject, value, true)
                });
                (Some(new), Operation::Kept)
            }
        }
    }

    /// A value that an option cleans.
    fn cleaned(&mut self, tag: Tag, vr: VR, written: &str) -> Written {
        match vr {
            VR::DA | VR::DT | VR::TM => self.date(vr, written),
            VR::PN => (Some(self.names(written)), Operation::Replaced),
            VR::UI => (Some(self.uids(written)), Operation::Replaced),
            VR::AS | VR::DS | VR::IS => self.by_kind(tag, vr, written),
            VR::CS if is_code(written) => self.by_kind(tag, vr, written),
            _ => (Some(self.text(vr, written)), Operation::Cleaned),
        }
    }

    fn date(&self, vr: VR, written: &str) -> Written {
        let done = match self.dates {
            Dates::Kept => Operation::Kept,
            Dates::Moved(_) if vr == VR::TM => Operation::Kept,
            Dates::Moved(_) => Operation::Shifted,
            Dates::Gone => Operation::Emptied,
        };
        let mut values = Vec::new();
        for value in written.split('\\') {
            let value = value.trim();
            let new = match value {
                "" => String::new(),
                value => match self.dates.apply(vr, value) {
                    Some(new) => new,
                    None => return (Some(dummy(vr, written)), Operation::Replaced),
                },
            };
            values.push(new);
        }
        (Some(values.join("\\")), done)
    }

    /// What stands for the value of an attribute that tells who the patient is, so that it still does, falsely.
    fn stand_in(&mut self, tag: Tag, vr: VR, written: &str) -> Option<String> {
        match (tag, vr) {
            (tags::PATIENT_NAME, _) => Some(self.names(written)),
            (tags::PATIENT_ID, _) => Some(self.fields(vr, Kind::Mrn, written)),
            (tags::ACCESSION_NUMBER | tags::STUDY_ID, _) => {
                Some(self.fields(vr, Kind::Id, written))
            }
            (tags::BIRTH_DATE, _) => self.birth_date(written),
            _ => None,
        }
    }

    /// A birth date moves, or stays, with all other dates; one of ninety years ago goes.
    fn birth_date(&self, written: &str) -> Option<String> {
        let (day, rest) = date::day(written)?;
        if !rest.trim().is_empty() || self.dates == Dates::Gone {
            return None;
        }
        let stands = self.subjects.birth_stands(self.subject, day);
        stands.then(|| self.dates.apply(VR::DA, written)).flatten()
    }

    fn fields(&self, vr: VR, kind: Kind, written: &str) -> String {
        let new = self.each(vr, written, |cleaner, value| {
            let hints = NameHints::default();
            let subjects = cleaner.subjects;
            subjects.field(cleaner.subject, (kind, Part::Whole), value, &hints)
        });
        if new == written && !self.keeps(kind) {
            // A number of signs alone has nothing that could be replaced.
            return String::new();
        }
        new
    }

    /// Names of people, written as they were: family name, given names. Titles and other scripts go.
    fn names(&self, written: &str) -> String {
        if self.keeps(Kind::Name) {
            return written.to_owned();
        }
        let names = written.split('\\').map(|name| {
            let Some(person) = people(name).next() else {
                return String::new();
            };
            let mut out = self.name_part(&person.family, NamePart::Family);
            if !person.given.is_empty() {
                out.push('^');
                let given = person.given.iter();
                let given: Vec<_> = given
                    .map(|given| self.name_part(given, NamePart::Given))
                    .collect();
                out.push_str(&given.join("^"));
            }
            cut(&out, VR::PN).to_owned()
        });
        names.collect::<Vec<_>>().join("\\")
    }

    fn name_part(&self, written: &str, part: NamePart) -> String {
        if written.is_empty() {
            return String::new();
        }
        let hints = NameHints {
            sex: self.sex.filter(|_| part == NamePart::Given),
            part: Some(part),
            ..NameHints::default()
        };
        let kind = (Kind::Name, Part::Whole);
        let new = self.subjects.field(self.subject, kind, written, &hints);
        if *new == *written {
            // Letters of which no name is made, such as a number.
            return "Anonymous".to_owned();
        }
        new.replace(['^', '=', '\\'], " ")
    }

    fn keeps(&self, kind: Kind) -> bool {
        crate::subject::keeps(self.subjects.rules(), kind)
    }

    /// Prose, through the text engine. Texts of one value may hold the sign that parts values elsewhere.
    fn text(&self, vr: VR, written: &str) -> String {
        self.each(vr, written, |cleaner, value| {
            cleaner.subjects.text(cleaner.subject, value)
        })
    }

    fn each(&self, vr: VR, written: &str, make: impl Fn(&Self, &str) -> Arc<str>) -> String {
        if matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR) || !written.contains('\\') {
            return fitted(&make(self, written), vr);
        }
        let values = written.split('\\').map(|value| {
            if value.is_empty() {
                return String::new();
            }
            fitted(&make(self, value), vr)
        });
        values.collect::<Vec<_>>().join("\\")
    }

    fn uids(&self, written: &str) -> String {
        self.each(VR::UI, written, |cleaner, uid| {
            let uid = uid.trim_matches([' ', '\0']);
            match well_known(uid) {
                true => Arc::from(uid),
                false => Arc::from(cleaner.subjects.rules().key().uid(uid)),
            }
        })
    }

    /// UIDs that stay, but for those in which an identifier of the file stands.
    fn kept_uids(&self, written: &str) -> String {
        self.each(VR::UI, written, |cleaner, uid| {
            let uid = uid.trim_matches([' ', '\0']);
            let written = uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            match well_known(uid) || (written && !cleaner.subject.finds(uid)) {
                true => Arc::from(uid),
                false => Arc::from(cleaner.subjects.rules().key().uid(uid)),
            }
        })
    }

    /// Ages, with those over 89 made 90 years where the profile does not let them stand.
    fn ages(&self, written: &str) -> String {
        let told = self.keeps(Kind::Age);
        let band = self.age_band();
        self.each(VR::AS, written, |_, age| {
            let number = age.get(..3).and_then(|digits| digits.parse::<u32>().ok());
            let unit = age.get(3..).unwrap_or_default();
            Arc::from(match (number, unit) {
                (Some(years), "Y") if years >= 90 && !told => "090Y".to_owned(),
                (Some(months), "M") if months >= 90 * 12 && !told => "090Y".to_owned(),
                (Some(years), "Y") => match band {
                    Some(band) => format!("{:03}Y", years / band * band),
                    None => age.to_owned(),
                },
                (Some(_), "D" | "W" | "M") => age.to_owned(),
                _ => String::new(),
            })
        })
    }

    fn age_band(&self) -> Option<u32> {
        match self
            .subjects
            .rules()
            .profile()
            .action(Kind::Age, Part::Under90)
        {
            wardgate_deid::Action::Generalise { band } => Some(u32::from(band.max(1))),
            _ => None,
        }
    }
}

/// Whether a UID is one of the standard's own, which says nothing about anybody.
pub(crate) fn well_known(uid: &str) -> bool {
    let Some(rest) = uid.strip_prefix(STANDARD_ROOT) else {
        return false;
    };
    // The standard's arcs are short and few; those of its context groups alone have four digits.
    let most = if rest.starts_with("6.1.") { 4 } else { 3 };
    let mut arcs = rest.split('.');
    let short =
        |arc: &str| (1..=most).contains(&arc.len()) && arc.bytes().all(|b| b.is_ascii_digit());
    arcs.clone().count() <= ARCS_MAX && arcs.all(short)
}

/// A value that says nothing, for an attribute that must have one.
fn dummy(vr: VR, written: &str) -> String {
    let dummy = match vr {
        VR::DA => "19000101",
        VR::DT => "19000101000000",
        VR::TM => "000000",
        VR::AS => "000Y",
        VR::DS | VR::IS => "0",
        VR::UI => "2.25.0",
        VR::UR => "urn:removed",
        VR::PN => "Anonymous",
        _ => "REMOVED",
    };
    let same = written.trim() == dummy;
    let other = match vr {
        VR::DA => "19000102",
        VR::DT => "19000102000000",
        VR::TM => "000001",
        VR::AS => "001Y",
        VR::DS | VR::IS => "1",
        _ => "NONE",
    };
    if same { other } else { dummy }.to_owned()
}

/// A number of zero, or bytes that are not taken for padding.
fn dummy_bytes(vr: VR) -> Vec<u8> {
    match width(vr) {
        0 | 1 => vec![1, 0],
        width => vec![0; width],
    }
}

/// A document without the zero that makes its length even; a told length could hide what stands behind it.
pub(crate) fn unpadded(document: &[u8]) -> &[u8] {
    document.strip_suffix(&[0]).unwrap_or(document)
}

/// A text as a value representation may hold it: no control characters that it does not know, not too long.
fn fitted(text: &str, vr: VR) -> String {
    cut(text, vr).to_owned()
}

fn cut(text: &str, vr: VR) -> &str {
    let most = chars_max(vr);
    if text.len() <= most {
        return text;
    }
    let end = text.char_indices().nth(most).map(|(at, _)| at);
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// Whether a value is a code: capitals, digits, spaces, underscores.
fn is_code(written: &str) -> bool {
    let code = |byte: u8| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'_' | b'\\')
    };
    let values = written.split('\\');
    written.bytes().all(code) && values.into_iter().all(|value| value.len() <= 16)
}

/// Whether a value is made of numbers as DS and IS write them.
fn is_number(written: &str) -> bool {
    let number = |byte: u8| {
        byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E' | b' ' | b'\\')
    };
    written.bytes().all(number)
}

const STANDARD_ROOT: &str = "1.2.840.10008.";
/// `5.1.4.1.1.77.1.5.1` is among the longest.
const ARCS_MAX: usize = 10;
/// Attributes whose UIDs name classes and schemes, also private ones: SOP classes, related general classes,
/// referenced and included classes, coding schemes, context groups, mapping resources.
pub(crate) const CLASSES: [u32; 12] = [
    0x0008_0016,
    0x0008_001A,
    0x0008_001B,
    0x0008_0062,
    0x0008_010C,
    0x0008_0117,
    0x0008_0118,
    0x0008_1150,
    0x0008_115A,
    0x0020_9165,
    0x0020_9167,
    0x0400_0010,
];
/// Attributes that hold codes, terms or names of products. Sorted.
const CODED: [u32; 22] = [
    0x0008_0070,
    0x0008_0100,
    0x0008_0102,
    0x0008_0103,
    0x0008_0104,
    0x0008_0115,
    0x0008_0119,
    0x0008_0122,
    0x0008_1090,
    0x0018_0010,
    0x0018_0024,
    0x0018_1016,
    0x0018_1018,
    0x0018_1019,
    0x0018_1020,
    0x0018_1160,
    0x0018_1210,
    0x0018_1250,
    0x0018_1251,
    0x0018_9004,
    0x0018_9005,
    0x0020_0037,
];
