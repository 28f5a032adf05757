//! Attachments: their bytes as documents, their size after what became of them, no hash of the original.

use std::ops::Range;
use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::{Action, Kind, Operation, Part, RecordScope};
use wardgate_documents::CleanedDocument;

use super::prose::without_left;
use super::{Fate, Place, Rewrite};
use crate::memory::Became;
use crate::patients::Patient;
use crate::schema::Member;

impl Rewrite<'_, '_> {
    /// The bytes of an attachment or of a Binary; `at` is the string with its quotes.
    pub(super) fn data(
        &mut self,
        member: &Member,
        place: &Place,
        text: &str,
        at: Range<usize>,
    ) -> Fate {
        match self.document(place, text) {
            Document::Same => self.stays(member),
            // An element that must have a value has one that says nothing.
            Document::Gone if member.required => {
                self.written(member, at, WITHHELD, Operation::Removed)
            }
            Document::Gone => self.gone(member),
            Document::Other { data, .. } => self.written(member, at, &data, Operation::Cleaned),
        }
    }

    /// The type of an attachment: a document that had to be written anew can have another.
    pub(super) fn media_type(
        &mut self,
        member: &Member,
        place: &Place,
        text: &str,
        at: Range<usize>,
    ) -> Fate {
        let data = self.sibling(place, "data");
        match data.map(|data| self.document(place, &data)) {
            Some(Document::Other { media_type, .. }) if *media_type != *text => {
                self.written(member, at, &media_type, Operation::Replaced)
            }
            _ => self.stays(member),
        }
    }

    /// The size that the bytes beside it have after cleaning; of bytes that are elsewhere it tells nothing that may
    /// stay, since it finds the document again.
    pub(super) fn size(&mut self, member: &Member, place: &Place, at: Range<usize>) -> Fate {
        let data = self.sibling(place, "data");
        match data.map(|data| self.document(place, &data)) {
            Some(Document::Same) => self.stays(member),
            Some(Document::Other { data, .. }) => {
                let padding = data.bytes().rev().take_while(|byte| *byte == b'=').count();
                let size = (data.len() / 4 * 3).saturating_sub(padding);
                self.counts.note(member.element, Operation::Replaced);
                self.replace(at, size.to_string().as_bytes());
                Fate::Stays
            }
            Some(Document::Gone) | None => self.gone(member),
        }
    }

    /// What became of a document in base64; the type, the bytes and the size beside one another ask in turn.
    fn document(&mut self, place: &Place, encoded: &str) -> Document {
        if let Some((at, known)) = &self.document
            && *at == place.at
        {
            return known.clone();
        }
        let document = self.cleaned_document(place, encoded);
        self.document = Some((place.at, document.clone()));
        document
    }

    fn cleaned_document(&mut self, place: &Place, encoded: &str) -> Document {
        let media_type = self.sibling(place, "contentType").unwrap_or_default();
        let patient = match place.patient {
            super::subject::NOBODY => {
                let bytes = decoded(encoded).unwrap_or_default();
                self.reader_of(place, &String::from_utf8_lossy(&bytes))
            }
            _ => self.reader_of(place, ""),
        };
        let key = format!("{media_type}\n{encoded}");
        let became = self.read(&patient, DOCUMENT, &key, |scope| {
            let bytes = decoded(encoded)?;
            let clean = wardgate_documents::clean(scope, &media_type, &bytes).ok()?;
            // A sentence that something was left out would say no more than that it is not there.
            if clean.withheld.is_some() {
                return None;
            }
            let bytes_out = searched(&patient, scope, &clean)?;
            match bytes_out == bytes {
                true => Some(key.clone()),
                false => Some(format!(
                    "{}\n{}",
                    clean.media_type,
                    BASE64_STANDARD.encode(&bytes_out)
                )),
            }
        });
        match became {
            Became::Same => Document::Same,
            Became::Gone => Document::Gone,
            Became::Other(told) => match told.split_once('\n') {
                Some((media_type, data)) => Document::Other {
                    media_type: media_type.into(),
                    data: data.into(),
                },
                None => Document::Gone,
            },
        }
    }
}

/// The document, once more looked through for what is on file; where that is still in it, its words are replaced in
/// text, and all else goes.
fn searched(
    patient: &Patient,
    scope: &mut RecordScope<'_>,
    clean: &CleanedDocument,
) -> Option<Vec<u8>> {
    let text = wardgate_documents::decoded_text(&clean.media_type, &clean.bytes).ok()?;
    let keeps = |kind| scope.action(kind, Part::Whole) == Action::Keep;
    if keeps(Kind::Name) || !patient.sought.any(&text) || !patient.tracer().value(&text).any() {
        return Some(clean.bytes.clone());
    }
    match clean.media_type.starts_with("text/plain") {
        true if keeps(Kind::Id) => Some(clean.bytes.clone()),
        // The engine has read it: what it wrote, moved dates too, is not to be read as if a patient had said it.
        true => without_left(patient, scope, &text).map(String::into_bytes),
        false => None,
    }
}

/// What became of a document.
#[derive(Clone)]
pub(super) enum Document {
    Same,
    Gone,
    Other { media_type: Rc<str>, data: Rc<str> },
}

/// Base64 as FHIR allows it, with white space in it.
pub(crate) fn decoded(encoded: &str) -> Option<Vec<u8>> {
    if encoded.contains(char::is_whitespace) {
        let compact: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
        return BASE64_STANDARD.decode(compact).ok();
    }
    BASE64_STANDARD.decode(encoded).ok()
}

const DOCUMENT: u16 = u16::MAX - 2;

/// `withheld` in base64.
const WITHHELD: &str = "d2l0aGhlbGQ=";
