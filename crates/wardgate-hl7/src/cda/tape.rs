//! A document as a tape of tags and texts, read once with all limits; no tree is built.

use encoding_rs::Encoding;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};
use wardgate_deid::RecordFault;

/// The pieces of a document in their order.
#[derive(Debug)]
pub(crate) struct Tape {
    pub(crate) pieces: Vec<Piece>,
}

/// A tag or a text.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A start tag.
    Open(Tag),
    /// The end tag of what was opened last.
    Close,
    /// Text between tags, with entities resolved.
    Text(String),
}

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag {
    /// The name as the policy has it: `sdtc:raceCode`.
    pub(crate) name: String,
    /// The name as the document writes it.
    pub(crate) written: String,
    pub(crate) attributes: Vec<Attribute>,
    /// Where the tape goes on behind the end tag.
    pub(crate) behind: usize,
    pub(crate) known_space: bool,
}

/// An attribute with its value unescaped.
#[derive(Debug)]
pub(crate) struct Attribute {
    /// The name as the policy has it: `xsi:type`.
    pub(crate) name: String,
    pub(crate) written: String,
    pub(crate) value: String,
}

impl Tape {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is too large or deep, no well-formed XML, has a document type, or is no CDA document.
    pub(crate) fn read(document: &[u8]) -> Result<Self, RecordFault> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(too_large());
        }
        let text = decoded(document)?;
        if let Some(at) = text.bytes().position(is_no_character) {
            return Err(malformed().at(at as u64));
        }
        let mut reader = NsReader::from_str(&text);
        reader.config_mut().expand_empty_elements = true;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let at = reader.buffer_position();
            let event = reader.read_event().map_err(|_| malformed().at(at))?;
            if pieces.len() > PIECES_MAX || open.len() > DEPTH_MAX {
                return Err(too_deep().at(at));
            }
            match event {
                Event::Start(start) => {
                    let tag = tag(&reader, &start).map_err(|fault| fault.at(at))?;
                    let root = open.is_empty();
                    if root
                        && (tag.name != ROOT
                            || pieces.iter().any(|piece| matches!(piece, Piece::Open(_))))
                    {
                        return Err(no_document().at(at));
                    }
                    open.push(pieces.len());
                    pieces.push(Piece::Open(tag));
                }
                Event::End(_) => {
                    pieces.push(Piece::Close);
                    let behind = pieces.len();
                    let opened = open.pop().and_then(|at| pieces.get_mut(at));
                    if let Some(Piece::Open(tag)) = opened {
                        tag.behind = behind;
                    }
                }
                Event::Text(text) => add_text(&mut pieces, &text.xml10_content(), &open),
                Event::CData(text) => add_text(&mut pieces, &text.xml10_content(), &open),
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref() {
                        Ok(Some(character)) if !character.is_ascii_control() => {
                            character.to_string()
                        }
                        Ok(Some(character @ ('\t' | '\n' | '\r'))) => character.to_string(),
                        Ok(Some(_)) => return Err(malformed().at(at)),
                        _ => match &*reference.xml10_content() {
                            "amp" => "&".to_owned(),
                            "lt" => "<".to_owned(),
                            "gt" => ">".to_owned(),
                            "quot" => "\"".to_owned(),
                            "apos" => "'".to_owned(),
                            _ => return Err(entity().at(at)),
                        },
                    };
                    add_text(&mut pieces, &resolved, &open);
                }
                Event::DocType(_) => return Err(document_type().at(at)),
                // Comments and instructions to programs are no part of the record.
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::Eof => break,
                Event::Empty(_) => return Err(malformed().at(at)),
            }
        }
        let whole = open.is_empty() && pieces.iter().any(|piece| matches!(piece, Piece::Open(_)));
        if whole {
            Ok(Self { pieces })
        } else {
            Err(malformed())
        }
    }

    /// The tag that a place of the tape holds.
    pub(crate) fn tag(&self, at: usize) -> Option<&Tag> {
        match self.pieces.get(at) {
            Some(Piece::Open(tag)) => Some(tag),
            _ => None,
        }
    }

    /// All text below a tag, in one.
    pub(crate) fn text(&self, at: usize) -> String {
        let behind = self.tag(at).map_or(at, |tag| tag.behind);
        let inside = self.pieces.get(at..behind).unwrap_or_default();
        let texts = inside.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The places of the tags directly below a tag.
    pub(crate) fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        let end = self.tag(at).map_or(at, |tag| tag.behind);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            while next < end {
                let here = next;
                match self.tag(here) {
                    Some(tag) => {
                        next = tag.behind.max(here + 1);
                        return Some(here);
                    }
                    None => next += 1,
                }
            }
            None
        })
    }
}

impl Tag {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.name == name);
        found.map(|attribute| attribute.value.as_str())
    }
}

/// The bytes as text: by the byte order mark, else as the declaration says, else UTF-8.
fn decoded(document: &[u8]) -> Result<String, RecordFault> {
    let (encoding, skipped) = match Encoding::for_bom(document) {
        Some(found) => found,
        None => (declared(document)?, 0),
    };
    let bytes = document.get(skipped..).unwrap_or_default();
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(std::borrow::Cow::into_owned).ok_or_else(no_text)
}

fn declared(document: &[u8]) -> Result<&'static Encoding, RecordFault> {
    let head = document
        .get(..document.len().min(DECLARATION_BYTES_MAX))
        .unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let declaration = head
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split("?>").next());
    let named = declaration
        .and_then(|text| text.split_once("encoding"))
        .and_then(|(_, rest)| {
            let rest = rest.trim_start().strip_prefix('=')?.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            rest.get(1..)?.split(quote).next()
        });
    match named {
        None => Ok(encoding_rs::UTF_8),
        Some(label) => Encoding::for_label(label.as_bytes()).ok_or_else(no_text),
    }
}

fn tag(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Tag, RecordFault> {
    if !is_name(start.name().as_ref()) {
        return Err(malformed());
    }
    let (space, local) = reader.resolver().resolve_element(start.name());
    let (prefix, known_space) = prefix(&space, true);
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| malformed())?;
        if attributes.len() >= ATTRIBUTES_MAX {
            return Err(too_deep());
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| entity())?;
        let written = attribute.key.as_ref().to_owned();
        if !is_name(&written) {
            return Err(malformed());
        }
        let name = if attribute.key.as_namespace_binding().is_some() {
            format!("xmlns {written}")
        } else {
            let (space, local) = reader.resolver().resolve_attribute(attribute.key);
            let (prefix, known) = self::prefix(&space, false);
            match known {
                true => format!("{prefix}{}", local.as_ref()),
                false => format!("? {written}"),
            }
        };
        attributes.push(Attribute {
            name,
            written,
            value: value.into_owned(),
        });
    }
    Ok(Tag {
        name: format!("{prefix}{}", local.as_ref()),
        written: start.name().as_ref().to_owned(),
        attributes,
        behind: 0,
        known_space,
    })
}

/// How the policy writes a namespace, and whether it knows it.
fn prefix(space: &ResolveResult<'_>, element: bool) -> (&'static str, bool) {
    match space {
        ResolveResult::Bound(space) => match space.as_ref() {
            "urn:hl7-org:v3" => ("", element),
            "urn:hl7-org:sdtc" => ("sdtc:", true),
            "http://www.w3.org/2001/XMLSchema-instance" => ("xsi:", !element),
            "http://www.w3.org/XML/1998/namespace" => ("xml:", !element),
            _ => ("?:", false),
        },
        ResolveResult::Unbound => match element {
            true => ("?:", false),
            false => ("", true),
        },
        ResolveResult::Unknown(_) => ("?:", false),
    }
}

/// Whether a namespace says nothing but which standard is meant.
pub(crate) fn is_public_space(uri: &str) -> bool {
    ["urn:hl7-org:", "http://www.w3.org/"]
        .iter()
        .any(|start| uri.starts_with(start))
        && uri.len() <= SPACE_BYTES_MAX
}

fn add_text(pieces: &mut Vec<Piece>, text: &str, open: &[usize]) {
    if open.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn too_large() -> RecordFault {
    let what = format!(
        "the document is larger than {} MiB",
        DOCUMENT_BYTES_MAX >> 20
    );
    RecordFault::new(
        "cda.too_large",
        what,
        "leave large attachments out of the document",
    )
}

fn too_deep() -> RecordFault {
    RecordFault::new(
        "cda.too_deep",
        "the document has too many elements, attributes or levels",
        "no CDA document needs as many; check who made it",
    )
}

/// Whether a byte is a control character, which XML 1.0 (section 2.2) does not have.
fn is_no_character(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Whether a text is a name (XML 1.0, section 2.3), all characters beyond ASCII taken for letters.
fn is_name(text: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':') || !c.is_ascii();
    let mut characters = text.chars();
    characters.next().is_some_and(begins)
        && characters.all(|c| begins(c) || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

fn malformed() -> RecordFault {
    RecordFault::new(
        "cda.malformed",
        "the document is no well-formed XML",
        "ask its sender for a whole copy",
    )
}

fn entity() -> RecordFault {
    RecordFault::new(
        "cda.entity",
        "the document uses an entity that XML does not define itself",
        "write the characters out; documents with entities of their own are not read",
    )
}

fn document_type() -> RecordFault {
    RecordFault::new(
        "cda.document_type",
        "the document declares a document type",
        "remove the DOCTYPE; CDA has none, and entities could be hidden in it",
    )
}

fn no_document() -> RecordFault {
    RecordFault::new(
        "cda.no_document",
        "the root is no ClinicalDocument of the namespace urn:hl7-org:v3",
        "check that the file is a CDA document",
    )
}

fn no_text() -> RecordFault {
    RecordFault::new(
        "cda.charset",
        "the document is no text in the encoding that it declares",
        "correct the encoding in the XML declaration",
    )
}

/// The largest document that is read, in bytes.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 64 << 20;
const PIECES_MAX: usize = 4 << 20;
const DEPTH_MAX: usize = 128;
const ATTRIBUTES_MAX: usize = 256;
const DECLARATION_BYTES_MAX: usize = 512;
const SPACE_BYTES_MAX: usize = 64;
const ROOT: &str = "ClinicalDocument";

#[cfg(test)]
mod tests {
    use super::*;

    fn document(inside: &str) -> String {
        format!("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">{inside}</ClinicalDocument>")
    }

    #[test]
    fn texts_are_whole_and_tags_know_their_ends() {
        let text = document(
            "<title>A &amp; B &#x41;<![CDATA[<c>]]></title><!-- Maria --><?x Maria?><id/>",
        );
        let tape = Tape::read(text.as_bytes()).unwrap();
        assert_eq!(tape.text(0), "A & B A<c>");
        let names: Vec<&str> = tape
            .children(0)
            .map(|at| tape.tag(at).unwrap().name.as_str())
            .collect();
        assert_eq!(names, ["title", "id"]);
    }

    #[test]
    fn what_could_harm_is_refused() {
        let deep = document(&format!("{}{}", "<a>".repeat(400), "</a>".repeat(400)));
        for (text, code) in [
            (
                "<!DOCTYPE a [<!ENTITY a 'b'>]><a/>".to_owned(),
                "cda.document_type",
            ),
            (document("&lol;"), "cda.entity"),
            (document("<id root=\"&lol;\"/>"), "cda.entity"),
            (deep, "cda.too_deep"),
            (document("<a></b>"), "cda.malformed"),
            (document("< a=\"b\"/>"), "cda.malformed"),
            (document("<a 1=\"b\"/>"), "cda.malformed"),
            (document("a\u{0}b"), "cda.malformed"),
            (document("a&#1;b"), "cda.malformed"),
            (
                "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><a>".to_owned(),
                "cda.malformed",
            ),
            ("<ClinicalDocument/>".to_owned(), "cda.no_document"),
            (String::new(), "cda.malformed"),
            (
                "<?xml version=\"1.0\" encoding=\"KLINGON\"?>".to_owned() + &document(""),
                "cda.charset",
            ),
        ] {
            assert_eq!(
                Tape::read(text.as_bytes()).unwrap_err().code(),
                code,
                "{}",
                text.get(..40).unwrap_or(&text)
            );
        }
    }

    #[test]
    fn encodings_are_read() {
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\">M\xfcller</ClinicalDocument>";
        assert_eq!(Tape::read(latin).unwrap().text(0), "Müller");
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(document("Łucja").encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(Tape::read(&wide).unwrap().text(0), "Łucja");
    }
}
