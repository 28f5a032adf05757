//! The objects of a file. The table of offsets is not used, which may be wrong or missing: the file is read
//! from its beginning to its end once, and of objects with one number the last counts, as later versions stand later.

use std::collections::HashMap;

use wardgate_deid::RecordFault;

use super::filter::{Unfiltered, unfiltered};
use super::object::{Dict, Object, Scanner, is_space};

/// A file that was read.
#[derive(Debug)]
pub(super) struct File<'b> {
    bytes: &'b [u8],
    objects: HashMap<u32, Object>,
    trailer: Dict,
    bytes_left: usize,
}

impl<'b> File<'b> {
    /// Reads the objects of a file.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, RecordFault> {
        let mut file = Self {
            bytes,
            objects: HashMap::new(),
            trailer: Dict::new(),
            bytes_left: UNFOLDED_BYTES_MAX,
        };
        let mut values_left = VALUES_MAX;
        let mut at = 0;
        while let Some(found) = next_keyword(bytes, at) {
            let mut scanner = Scanner::new(bytes, found.behind, values_left);
            let value = scanner.value();
            values_left = scanner.values_left;
            at = scanner.at.max(found.behind);
            if values_left == 0 {
                return Err(too_long());
            }
            match (found.object, value) {
                (None, Some(Object::Dict(trailer))) => file.trailer(trailer),
                (Some(number), Some(Object::Dict(dict))) => match stream_begins(bytes, at) {
                    Some(begins) => {
                        let (data_ends, behind) = stream_ends(bytes, begins, &dict);
                        at = behind;
                        let stream = (dict, begins..data_ends);
                        file.stream(number, stream, &mut values_left)?;
                    }
                    None => {
                        file.objects.insert(number, Object::Dict(dict));
                    }
                },
                (Some(number), Some(value)) => {
                    file.objects.insert(number, value);
                }
                (None, _) | (_, None) => {}
            }
        }
        match file.trailer.contains_key(b"Encrypt".as_slice()) {
            true => Err(RecordFault::new(
                "documents.pdf_encrypted",
                "the PDF document is encrypted",
                "take its protection off before it gets into a record",
            )),
            false => Ok(file),
        }
    }

    /// The value that a reference, or a chain of them, leads to.
    pub(super) fn resolve<'f>(&'f self, object: &'f Object) -> &'f Object {
        let mut object = object;
        for _ in 0..REFERENCES_MAX {
            match object {
                Object::Reference(number) => {
                    object = self.objects.get(number).unwrap_or(&Object::Null);
                }
                other => return other,
            }
        }
        &Object::Null
    }

    /// The value of an entry.
    pub(super) fn entry<'f>(&'f self, dict: &'f Dict, key: &str) -> Option<&'f Object> {
        let object = self.resolve(dict.get(key.as_bytes())?);
        (*object != Object::Null).then_some(object)
    }

    /// The dictionary of an entry.
    pub(super) fn dict<'f>(&'f self, dict: &'f Dict, key: &str) -> Option<&'f Dict> {
        self.entry(dict, key)?.dict()
    }

    /// The array of an entry.
    pub(super) fn array<'f>(&'f self, dict: &'f Dict, key: &str) -> &'f [Object] {
        self.entry(dict, key)
            .and_then(Object::array)
            .unwrap_or_default()
    }

    /// The catalog: the trailer's, or else the last one that there is.
    pub(super) fn catalog(&self) -> Option<&Dict> {
        let named = self.dict(&self.trailer, "Root");
        named
            .filter(|dict| dict.contains_key(b"Pages".as_slice()))
            .or_else(|| {
                let catalogs = self.objects.iter().filter(|(_, object)| {
                    let kind = object.dict().and_then(|dict| dict.get(b"Type".as_slice()));
                    kind.and_then(Object::name) == Some(b"Catalog")
                });
                let last = catalogs.max_by_key(|(number, _)| **number);
                last.and_then(|(_, object)| object.dict())
            })
    }

    /// The dictionary of metadata.
    pub(super) fn info(&self) -> Option<&Dict> {
        self.dict(&self.trailer, "Info")
    }

    /// Every object, in the order of their numbers.
    pub(super) fn objects(&self) -> Vec<&Object> {
        let mut all: Vec<_> = self.objects.iter().collect();
        all.sort_by_key(|(number, _)| **number);
        all.into_iter().map(|(_, object)| object).collect()
    }

    /// The bytes of a stream without its filters; nothing when they are a picture's or not known.
    pub(super) fn content(
        &self,
        object: &Object,
        left: &mut usize,
    ) -> Result<Option<Vec<u8>>, RecordFault> {
        let Object::Stream(dict, range) = self.resolve(object) else {
            return Ok(None);
        };
        let coded = self.bytes.get(range.clone()).unwrap_or_default();
        let dict = self.direct(dict);
        match unfiltered(&dict, coded, left) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Unfiltered::TooLong) => Err(too_long()),
            Err(Unfiltered::Unknown) => Ok(None),
        }
    }

    /// What streams may still unfold to.
    pub(super) fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// The entries of a stream that tell its filters, without references.
    fn direct(&self, dict: &Dict) -> Dict {
        let mut direct = Dict::new();
        for key in ["Filter", "F", "DecodeParms", "DP"] {
            let Some(value) = self.entry(dict, key) else {
                continue;
            };
            let value = match value {
                Object::Array(all) => {
                    Object::Array(all.iter().map(|one| self.resolve(one).clone()).collect())
                }
                other => other.clone(),
            };
            direct.insert(key.as_bytes().to_vec(), value);
        }
        direct
    }

    fn trailer(&mut self, trailer: Dict) {
        for key in ["Root", "Info", "Encrypt"] {
            if let Some(value) = trailer.get(key.as_bytes()) {
                self.trailer.insert(key.as_bytes().to_vec(), value.clone());
            }
        }
    }

    fn stream(
        &mut self,
        number: u32,
        (dict, range): (Dict, std::ops::Range<usize>),
        values_left: &mut usize,
    ) -> Result<(), RecordFault> {
        match dict.get(b"Type".as_slice()).and_then(Object::name) {
            Some(b"XRef") => self.trailer(dict.clone()),
            Some(b"ObjStm") => {
                let coded = self.bytes.get(range.clone()).unwrap_or_default();
                let bytes = match unfiltered(&dict, coded, &mut self.bytes_left) {
                    Ok(bytes) => bytes,
                    Err(Unfiltered::TooLong) => return Err(too_long()),
                    // An encrypted file's; the trailer will say so.
                    Err(Unfiltered::Unknown) => return Ok(()),
                };
                self.packed(&dict, &bytes, values_left);
            }
            _ => {}
        }
        self.objects.insert(number, Object::Stream(dict, range));
        Ok(())
    }

    /// The objects of an object stream: numbers and places first, then the values in that order.
    fn packed(&mut self, dict: &Dict, bytes: &[u8], values_left: &mut usize) {
        let whole = |key: &str| dict.get(key.as_bytes()).and_then(Object::whole);
        let (Some(count), Some(first)) = (whole("N"), whole("First")) else {
            return;
        };
        let mut table = Scanner::new(bytes, 0, *values_left);
        let mut read_to = first;
        for _ in 0..count {
            let (Some(number), Some(offset)) = (table.value(), table.value()) else {
                break;
            };
            let (Some(number), Some(offset)) = (number.whole(), offset.whole()) else {
                break;
            };
            let begins = first.saturating_add(offset);
            // Each byte is read once: an object that would begin within another is none.
            if begins < read_to || begins >= bytes.len() {
                continue;
            }
            let mut scanner = Scanner::new(bytes, begins, table.values_left);
            let value = scanner.value();
            table.values_left = scanner.values_left;
            read_to = scanner.at;
            if let (Some(value), Ok(number)) = (value, u32::try_from(number)) {
                self.objects.insert(number, value);
            }
        }
        *values_left = table.values_left;
    }
}

/// The fault of a file that unfolds to too much.
pub(super) fn too_long() -> RecordFault {
    RecordFault::new(
        "documents.pdf_too_long",
        "the PDF document holds more than is read",
        "split the document",
    )
}

/// `12 0 obj` or `trailer`.
struct Keyword {
    object: Option<u32>,
    behind: usize,
}

fn next_keyword(bytes: &[u8], from: usize) -> Option<Keyword> {
    let mut at = from;
    while let Some(rest) = bytes.get(at..) {
        let found = rest
            .windows(3)
            .position(|three| three == b"obj" || three == b"tra")?;
        let begins = at + found;
        if bytes
            .get(begins..)
            .is_some_and(|rest| rest.starts_with(b"trailer"))
        {
            return Some(Keyword {
                object: None,
                behind: begins + 7,
            });
        }
        let head = bytes.get(from..begins).unwrap_or_default();
        if bytes.get(begins) == Some(&b'o')
            && let Some(number) = number_before(head)
        {
            return Some(Keyword {
                object: Some(number),
                behind: begins + 3,
            });
        }
        at = begins + 1;
    }
    None
}

/// The number of the object whose generation ends a head.
fn number_before(head: &[u8]) -> Option<u32> {
    let head = head.get(head.len().saturating_sub(HEAD_LEN_MAX)..)?;
    let (head, _) = digits_before(head)?;
    let (_, number) = digits_before(head)?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// What stands before the last digits, and those.
fn digits_before(head: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = head.iter().rposition(|byte| !is_space(*byte))? + 1;
    let digits = head.get(..end)?;
    let begins = digits
        .iter()
        .rposition(|byte| !byte.is_ascii_digit())
        .map_or(0, |at| at + 1);
    let (before, digits) = digits.split_at_checked(begins)?;
    (!digits.is_empty()).then_some((before, digits))
}

/// Where the data of a stream begins, when one follows.
fn stream_begins(bytes: &[u8], at: usize) -> Option<usize> {
    let mut scanner = Scanner::new(bytes, at, 1);
    scanner.skip_space();
    let behind = bytes.get(scanner.at..)?.strip_prefix(b"stream")?;
    let behind = match behind {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    };
    Some(scanner.at + 6 + behind)
}

/// Where the data of a stream ends, and what stands behind its `endstream`.
fn stream_ends(bytes: &[u8], begins: usize, dict: &Dict) -> (usize, usize) {
    let told = dict.get(b"Length".as_slice()).and_then(Object::whole);
    if let Some(end) = told.and_then(|length| begins.checked_add(length)) {
        let mut scanner = Scanner::new(bytes, end, 1);
        while scanner.peek().is_some_and(is_space) {
            scanner.at += 1;
        }
        let follows = bytes
            .get(scanner.at..)
            .is_some_and(|rest| rest.starts_with(b"endstream"));
        if follows {
            return (end, scanner.at + 9);
        }
    }
    let rest = bytes.get(begins..).unwrap_or_default();
    let end = rest.windows(9).position(|nine| nine == b"endstream");
    match end {
        Some(end) => (begins + end, begins + end + 9),
        None => (bytes.len(), bytes.len()),
    }
}

/// What all streams of a file may unfold to together.
const UNFOLDED_BYTES_MAX: usize = 128 << 20;
/// Values of all objects together.
const VALUES_MAX: usize = 4_000_000;
const REFERENCES_MAX: usize = 32;
/// A number, a generation, and white space.
const HEAD_LEN_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_objects_with_one_number_counts() {
        let file = File::read(
            b"%PDF-1.4\n1 0 obj<</A 1>>endobj 1 0 obj <</A 2>> endobj trailer <</Root 1 0 R>>",
        )
        .unwrap();
        let root = file.dict(&file.trailer, "Root").unwrap();
        assert_eq!(file.entry(root, "A"), Some(&Object::Number(2.0)));
    }

    #[test]
    fn objects_within_objects_are_read_once() {
        let many = "1 0 obj [ ".repeat(20_000);
        assert!(File::read(many.as_bytes()).is_ok());
        let packed = "1 0 obj <</Type/ObjStm/N 3/First 12/Length 24>> stream\n5 0 6 0 7 7  [1 2 3] /X     \nendstream endobj";
        let file = File::read(packed.as_bytes()).unwrap();
        assert!(file.objects.contains_key(&5) && !file.objects.contains_key(&6));
    }

    #[test]
    fn a_loop_of_references_ends() {
        let file = File::read(b"1 0 obj 2 0 R endobj 2 0 obj 1 0 R endobj").unwrap();
        assert_eq!(file.resolve(&Object::Reference(1)), &Object::Null);
    }
}
