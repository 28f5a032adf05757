//! Documents inside a document: bodies that are no XML, media, thumbnails.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::Operation;

use super::policy;
use super::rewrite::{Around, Writer};
use super::tape::{Piece, Tag};

/// Whether an element holds a document rather than text that is read.
pub(crate) fn is_attachment(tag: &Tag) -> bool {
    let encoded = tag
        .attribute("representation")
        .is_some_and(|how| how.eq_ignore_ascii_case("B64"));
    let packed = tag.attribute("compression").is_some();
    let media_type = tag
        .attribute("mediaType")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let plain = [
        "",
        "text/plain",
        "text/x-hl7-text+xml",
        "text/x-hl7-title+xml",
    ];
    encoded || packed || !plain.contains(&media_type.as_str())
}

impl Writer<'_> {
    /// Writes an element whose text is a document, cleaned by its own kind; what cannot be cleaned goes.
    pub(crate) fn attachment(&mut self, at: usize, tag: &Tag, inside: &Around<'_>) {
        let own = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            _ => String::new(),
        };
        // Text of children is their own.
        let mut text = String::new();
        let mut next = at + 1;
        while next + 1 < tag.behind {
            match self.tape.pieces.get(next) {
                Some(Piece::Open(child)) => next = child.behind.max(next + 1),
                Some(piece) => {
                    text.push_str(&own(piece));
                    next += 1;
                }
                None => next += 1,
            }
        }
        let cleaned = self.cleaned(tag, &text);
        self.out.push('<');
        self.out.push_str(&tag.written);
        let media_type = cleaned.as_ref().map(|(media_type, _)| media_type.clone());
        for attribute in &tag.attributes {
            match (attribute.name.as_str(), &media_type) {
                ("mediaType", Some(media_type)) => self.written(&attribute.written, media_type),
                ("compression" | "integrityCheck" | "integrityCheckAlgorithm", _) => {}
                _ => {
                    self.one(tag, attribute, inside);
                }
            }
        }
        let empty = text.trim().is_empty();
        let operation = match (&cleaned, empty) {
            (_, true) => Operation::Kept,
            (Some(_), _) => Operation::Cleaned,
            (None, _) => Operation::Removed,
        };
        self.notes.push((policy::known_name(&tag.name), operation));
        if operation == Operation::Removed && tag.attribute("nullFlavor").is_none() {
            self.written("nullFlavor", "MSK");
        }
        let opened = self.out.len();
        let children: Vec<usize> = self.tape.children(at).collect();
        for child in children {
            self.child(child, inside);
        }
        let mut content = self.out.split_off(opened);
        if let Some((_, data)) = cleaned {
            content.push_str(&data);
        }
        self.close(tag, &content);
    }

    /// Media type and text of the cleaned document.
    fn cleaned(&self, tag: &Tag, text: &str) -> Option<(String, String)> {
        if text.trim().is_empty() || tag.attribute("compression").is_some() {
            return None;
        }
        let media_type = tag.attribute("mediaType").unwrap_or("text/plain");
        let encoded = tag
            .attribute("representation")
            .is_some_and(|how| how.eq_ignore_ascii_case("B64"));
        let bytes = match encoded {
            true => decoded(text)?,
            false => text.as_bytes().to_vec(),
        };
        let scope = self.leaves.rules.scope(&self.leaves.patient.record);
        let cleaned = wardgate_documents::clean(&scope, media_type, &bytes).ok()?;
        let data = match (encoded, String::from_utf8(cleaned.bytes)) {
            (true, Ok(text)) => BASE64_STANDARD.encode(text),
            (true, Err(bytes)) => BASE64_STANDARD.encode(bytes.as_bytes()),
            (false, Ok(text)) => quick_xml::escape::escape(text).into_owned(),
            (false, Err(_)) => return None,
        };
        Some((cleaned.media_type, data))
    }
}

/// The bytes of base64 with any white space in it.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    let kept: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(kept).ok()
}
