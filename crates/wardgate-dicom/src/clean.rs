//! Walks a data set and decides each element: by the table, by its kind where the table has no row.

mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use dicom_core::VR;
use wardgate_deid::{Operation, RecordFault, Tally};

use crate::charset::CharacterSet;
use crate::date::Dates;
use crate::element::{DataSet, Element, Tag, Value, is_ascii, is_text, tags};
use crate::options::Options;
use crate::subject::{Subject, Subjects};
use crate::table::{Action, TABLE, safe_private};

pub(crate) use value::{CLASSES, unpadded, well_known};

/// What holds while one file is cleaned.
pub(crate) struct Cleaner<'f> {
    pub(crate) subjects: &'f Subjects,
    pub(crate) subject: &'f Subject,
    pub(crate) options: &'f Options,
    pub(crate) dates: Dates,
    /// Whether all texts are written in UTF-8, whatever the file had.
    pub(crate) unicode: bool,
    /// Whether a text came out that the file's own character set may not have.
    pub(crate) wants_unicode: bool,
    pub(crate) sex: Option<wardgate_deid::Sex>,
    done: Vec<(Tag, Operation)>,
    kept: u64,
    private: u64,
    unknown: u64,
    documents: Tally,
    /// Length and media type of a document that was just written.
    document: Option<(usize, String)>,
}

impl<'f> Cleaner<'f> {
    pub(crate) fn new(subjects: &'f Subjects, subject: &'f Subject, options: &'f Options) -> Self {
        let dates = if options.retain_full_dates {
            Dates::Kept
        } else if options.modified_dates {
            Dates::Moved(subject.shift_days())
        } else {
            Dates::Gone
        };
        Self {
            subjects,
            subject,
            options,
            dates,
            unicode: false,
            wants_unicode: false,
            sex: None,
            done: Vec::new(),
            kept: 0,
            private: 0,
            unknown: 0,
            documents: Tally::default(),
            document: None,
        }
    }

    /// Cleans a data set and all its items.
    ///
    /// # Errors
    /// When a document or a character set in it cannot be understood.
    pub(crate) fn set<'a>(
        &mut self,
        set: &DataSet<'a>,
        charset: CharacterSet,
    ) -> Result<DataSet<'a>, RecordFault> {
        let charset = match set.element(tags::CHARACTER_SET) {
            Some(element) => CharacterSet::read(&element.ascii()).ok_or_else(unknown_charset)?,
            None => charset,
        };
        let mut out = DataSet {
            elements: Vec::with_capacity(set.elements.len()),
        };
        let mut creators: BTreeMap<Tag, Element<'a>> = BTreeMap::new();
        // Items stand behind the document of their own object; what is said of it goes beside it.
        let outer = self.document.take();
        for element in &set.elements {
            let tag = element.tag;
            if tag.is_private() {
                if let Some(kept) = self.private(set, element, charset)? {
                    let creator = set.element(tag.creator());
                    creators.extend(creator.map(|creator| (creator.tag, creator.clone())));
                    out.elements.push(kept);
                } else if !tag.is_private_creator() {
                    self.private += 1;
                }
            } else if tag == tags::CHARACTER_SET {
                out.elements.push(self.charset_element(element));
            } else if let Some(kept) = self.element(set, element, charset)? {
                out.elements.push(kept);
            }
        }
        if let Some((len, media_type)) = std::mem::replace(&mut self.document, outer) {
            let len = u32::try_from(len).unwrap_or_default().to_le_bytes();
            out.put(Element::text(tags::DOCUMENT_TYPE, VR::LO, &media_type));
            out.put(Element::bytes(tags::DOCUMENT_LENGTH, VR::UL, len.to_vec()));
        }
        if !creators.is_empty() {
            out.elements.extend(creators.into_values());
            out.sort();
        }
        Ok(out)
    }

    /// What was done, by attribute; attributes that stayed, and those that nobody knows, in sums.
    pub(crate) fn tally(mut self) -> Tally {
        let mut tally = std::mem::take(&mut self.documents);
        self.done.sort_unstable();
        for run in self.done.chunk_by(|one, next| one == next) {
            if let Some((tag, operation)) = run.first() {
                tally.add(tag.to_string(), *operation, run.len() as u64);
            }
        }
        let sums = [
            (OUTSIDE, Operation::Kept, self.kept),
            (PRIVATE, Operation::Removed, self.private),
            (UNKNOWN, Operation::Removed, self.unknown),
        ];
        for (name, operation, count) in sums {
            if count > 0 {
                tally.add(name, operation, count);
            }
        }
        tally
    }

    fn element<'a>(
        &mut self,
        set: &DataSet<'a>,
        element: &Element<'a>,
        charset: CharacterSet,
    ) -> Result<Option<Element<'a>>, RecordFault> {
        let tag = element.tag;
        if tag.element() == 0 || tag.group() < FIRST_GROUP || tag == LENGTH_TO_END {
            return Ok(None);
        }
        let row = TABLE.row(tag);
        let Some(standard) = tag.standard_vr() else {
            match row {
                Some(_) => self.note(tag, Operation::Removed),
                None => self.unknown += 1,
            }
            return Ok(None);
        };
        let Some(vr) = treated_as(element, standard) else {
            self.note(tag, Operation::Removed);
            return Ok(None);
        };
        if tag == tags::DOCUMENT {
            return self.document(set, element).map(Some);
        }
        let action = row.map(|row| row.action(self.options, vr));
        match (action, &element.value) {
            (Some(Action::Remove), _) => {
                self.note(tag, Operation::Removed);
                Ok(None)
            }
            (Some(Action::Empty), Value::Items(_)) => {
                self.note(tag, Operation::Emptied);
                Ok(Some(Element::items(tag, Vec::new())))
            }
            (_, Value::Items(items)) => {
                let items = items.iter().map(|item| self.set(item, charset));
                let items = items.collect::<Result<_, _>>()?;
                match action {
                    Some(_) => self.note(tag, Operation::Cleaned),
                    None => self.kept += 1,
                }
                Ok(Some(Element::items(tag, items)))
            }
            // Pixels inside of a sequence are a small picture that nobody looked at.
            (_, Value::Fragments(_)) => {
                self.note(tag, Operation::Removed);
                Ok(None)
            }
            (_, Value::Bytes(_)) if tag.group() == PIXEL_GROUP && is_pixels(tag) => {
                self.note(tag, Operation::Removed);
                Ok(None)
            }
            (_, Value::Bytes(bytes)) => Ok(self.value(action, tag, vr, bytes, charset)),
        }
    }

    fn value<'a>(
        &mut self,
        action: Option<Action>,
        tag: Tag,
        vr: VR,
        bytes: &Cow<'a, [u8]>,
        charset: CharacterSet,
    ) -> Option<Element<'a>> {
        if bytes.is_empty() {
            self.kept += 1;
            return Some(Element::bytes(tag, vr, bytes.clone()));
        }
        let made = if is_text(vr) || is_ascii(vr) {
            let written = charset.decode(bytes);
            let written = written.trim_end_matches(['\0', ' ']);
            let (made, operation) = self.written(action, tag, vr, written);
            match made {
                None => None,
                Some(new) if *new == *written && !self.unicode => {
                    self.count(action, tag, operation);
                    return Some(Element::bytes(tag, vr, bytes.clone()));
                }
                Some(new) => {
                    self.wants_unicode |= !new.is_ascii() && !charset.is_utf_8();
                    self.count(action, tag, operation);
                    return Some(Element::text(tag, vr, &new));
                }
            }
        } else {
            self.binary(action, tag, vr, bytes)
        };
        if made.is_none() {
            self.note(tag, Operation::Removed);
        }
        made
    }

    fn private<'a>(
        &mut self,
        set: &DataSet<'a>,
        element: &Element<'a>,
        charset: CharacterSet,
    ) -> Result<Option<Element<'a>>, RecordFault> {
        let tag = element.tag;
        if !self.options.retain_safe_private || tag.element() < 0x1000 {
            return Ok(None);
        }
        let creator = set.ascii(tag.creator());
        let Some(vr) = safe_private(&creator, tag) else {
            return Ok(None);
        };
        let bytes = match &element.value {
            // What is not safe in an item goes, as everywhere.
            Value::Items(items) if vr == VR::SQ => {
                let items = items.iter().map(|item| self.set(item, charset));
                let items = items.collect::<Result<_, _>>()?;
                self.note(tag, Operation::Cleaned);
                return Ok(Some(Element::items(tag, items)));
            }
            Value::Bytes(bytes) if vr != VR::SQ => bytes,
            _ => return Ok(None),
        };
        if element.vr != vr && element.vr != VR::UN {
            return Ok(None);
        }
        let kept = self.value(None, tag, vr, bytes, charset);
        let same = kept.filter(|kept| kept.raw() == &**bytes || vr == VR::UI);
        if same.is_some() {
            self.note(tag, Operation::Kept);
        }
        Ok(same)
    }

    fn charset_element<'a>(&self, element: &Element<'a>) -> Element<'a> {
        if self.unicode {
            return Element::text(tags::CHARACTER_SET, VR::CS, UNICODE);
        }
        element.clone()
    }

    fn count(&mut self, action: Option<Action>, tag: Tag, operation: Operation) {
        if action.is_none() && operation == Operation::Kept {
            self.kept += 1;
        } else {
            self.note(tag, operation);
        }
    }

    pub(crate) fn note(&mut self, tag: Tag, operation: Operation) {
        self.done.push((tag, operation));
    }
}

/// The representation by which a value is treated; nothing when the value cannot be one of its attribute.
///
/// What the file says counts only among numbers: text in an attribute of numbers is treated as text, and an
/// attribute of text is text whatever the file calls it.
fn treated_as(element: &Element<'_>, standard: VR) -> Option<VR> {
    let said = element.vr;
    match &element.value {
        Value::Items(_) => (standard == VR::SQ).then_some(VR::SQ),
        Value::Fragments(_) => Some(said),
        Value::Bytes(bytes) if standard == VR::SQ => bytes
            .is_empty()
            .then_some(VR::SQ)
            .filter(|_| said == VR::SQ),
        Value::Bytes(_) if said == standard => Some(said),
        Value::Bytes(_) => {
            let letters = |vr| is_text(vr) || is_ascii(vr);
            Some(match (letters(said), letters(standard)) {
                (true, false) => said,
                (_, true) => standard,
                (false, false) if said == VR::UN => standard,
                (false, false) => said,
            })
        }
    }
}

fn is_pixels(tag: Tag) -> bool {
    (tags::FLOAT_PIXELS..=tags::PIXELS).contains(&tag)
}

fn unknown_charset() -> RecordFault {
    RecordFault::new(
        "dicom.character_set",
        "the file names a character set that the standard does not have",
        "correct (0008,0005), or leave the file out",
    )
}

pub(crate) const UNICODE: &str = "ISO_IR 192";
const OUTSIDE: &str = "attributes outside Table E.1-1";
const PRIVATE: &str = "private attributes";
const UNKNOWN: &str = "unknown attributes";
const LENGTH_TO_END: Tag = Tag::new(0x0008, 0x0001);
/// Groups below are those of commands, of the file's head and of directories.
const FIRST_GROUP: u16 = 0x0008;
const PIXEL_GROUP: u16 = 0x7fe0;
