//! Reads data sets, as tolerant as the files that hospitals have want it: wrong value representations, sequences
//! in UN, undefined lengths, elements out of order. What cannot be understood is a fault, never a guess.

use std::borrow::Cow;

use dicom_core::VR;
use wardgate_deid::RecordFault;

use crate::element::{DataSet, Element, Tag, Value, is_long, swap, tags, vr_of};
use crate::fault::{malformed, too_large, truncated};
use crate::syntax::Encoding;

/// A data set up to its pixels.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    pub(crate) set: DataSet<'a>,
    /// The pixels at which reading stopped; without them, all was read.
    pub(crate) pixels: Option<PixelElement>,
}

/// The head of the element that holds the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PixelElement {
    pub(crate) tag: Tag,
    pub(crate) vr: VR,
    /// Nothing when fragments follow.
    pub(crate) len: Option<u32>,
    /// Where its value begins, in bytes that were read.
    pub(crate) at: usize,
}

/// Reads a data set from `at` to its pixels or its end.
///
/// # Errors
/// `dicom.truncated` when the bytes end too early, and other faults of the file.
pub(crate) fn read(bytes: &[u8], at: usize, encoding: Encoding) -> Result<Read<'_>, RecordFault> {
    let mut reader = Reader::new(bytes, at);
    let mut pixels = None;
    let mut set = reader.top(encoding, &mut pixels)?;
    set.sort();
    Ok(Read { set, pixels })
}

/// Reads what stands behind the pixels.
pub(crate) fn read_tail(bytes: &[u8], encoding: Encoding) -> Result<DataSet<'_>, RecordFault> {
    let mut reader = Reader::new(bytes, 0);
    let mut set = reader.set(encoding, Some(bytes.len()), 0, true)?;
    set.sort();
    Ok(set)
}

/// Reads the file meta information from `at`: its elements and where they end.
pub(crate) fn read_meta(bytes: &[u8], at: usize) -> Result<(DataSet<'_>, usize), RecordFault> {
    let mut reader = Reader::new(bytes, at);
    let mut set = DataSet::default();
    while reader.bytes.get(reader.at..reader.at + 2) == Some(&[2, 0]) {
        let element = reader.element(Encoding::EXPLICIT, bytes.len(), 0)?;
        set.elements.push(element);
    }
    set.sort();
    Ok((set, reader.at))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    elements_left: u32,
    /// A byte that is not zero, at or behind which reading may stand.
    filled_at: usize,
}

/// Tag, value representation and length of an element; no length is an undefined one.
type Head = (Tag, VR, Option<u32>);

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            elements_left: ELEMENTS_MAX,
            filled_at: 0,
        }
    }

    fn top(
        &mut self,
        encoding: Encoding,
        pixels: &mut Option<PixelElement>,
    ) -> Result<DataSet<'a>, RecordFault> {
        let mut set = DataSet {
            elements: Vec::with_capacity(ELEMENTS_USUAL),
        };
        while !self.rest_is_zero() {
            let (tag, vr, len) = self.head(encoding, self.bytes.len())?;
            if tag.group() == 0xfffe && len == Some(0) {
                continue;
            }
            if tag.group() == 0x7fe0 && (tags::FLOAT_PIXELS..=tags::PIXELS).contains(&tag) {
                let at = self.at;
                *pixels = Some(PixelElement { tag, vr, len, at });
                break;
            }
            self.count()?;
            let element = self.valued((tag, vr, len), encoding, self.bytes.len(), 0)?;
            set.elements.push(element);
        }
        Ok(set)
    }

    /// A data set to `end`, or to the delimiter of its item.
    fn set(
        &mut self,
        encoding: Encoding,
        end: Option<usize>,
        depth: u32,
        padded: bool,
    ) -> Result<DataSet<'a>, RecordFault> {
        let limit = end.unwrap_or(self.bytes.len());
        let mut set = DataSet::default();
        while end.is_none_or(|end| self.at < end) {
            if padded && self.rest_is_zero() {
                break;
            }
            let tag = self.tag(encoding, limit)?;
            if tag.group() == 0xfffe {
                self.at += 8;
                match tag {
                    tags::ITEM_END if end.is_none() => break,
                    tags::ITEM_END | tags::SEQUENCE_END => continue,
                    _ => {
                        return Err(malformed(
                            "an item stands outside of a sequence",
                            self.at - 8,
                        ));
                    }
                }
            }
            let element = self.element(encoding, limit, depth)?;
            set.elements.push(element);
        }
        set.sort();
        Ok(set)
    }

    fn element(
        &mut self,
        encoding: Encoding,
        limit: usize,
        depth: u32,
    ) -> Result<Element<'a>, RecordFault> {
        self.count()?;
        let head = self.head(encoding, limit)?;
        self.valued(head, encoding, limit, depth)
    }

    fn count(&mut self) -> Result<(), RecordFault> {
        let left = self.elements_left.checked_sub(1);
        self.elements_left = left.ok_or_else(|| too_large("the data set has too many elements"))?;
        Ok(())
    }

    /// The element whose head was read.
    fn valued(
        &mut self,
        (tag, vr, len): Head,
        encoding: Encoding,
        limit: usize,
        depth: u32,
    ) -> Result<Element<'a>, RecordFault> {
        let Some(len) = len else {
            return self.undefined(tag, vr, encoding, limit, depth);
        };
        let start = self.at;
        let end = self.take(len, limit)?;
        if vr == VR::SQ {
            let items = self.items_of(start, end, encoding, depth)?;
            return Ok(Element::items(tag, items));
        }
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        if vr == VR::UN {
            return Ok(self.unknown(tag, start..end, depth));
        }
        let value = if encoding.big_endian && crate::element::width(vr) > 1 {
            let mut turned = bytes.to_vec();
            swap(vr, &mut turned);
            Cow::Owned(turned)
        } else {
            Cow::Borrowed(bytes)
        };
        Ok(Element::bytes(tag, vr, value))
    }

    /// An element whose representation was not known to who wrote it: implicit little endian within (PS3.5 6.2.2).
    fn unknown(&mut self, tag: Tag, at: std::ops::Range<usize>, depth: u32) -> Element<'a> {
        let bytes = self.bytes.get(at.clone()).unwrap_or_default();
        match tag.standard_vr() {
            Some(VR::SQ) => {
                for encoding in [Encoding::IMPLICIT, Encoding::EXPLICIT] {
                    if let Ok(items) = self.items_of(at.start, at.end, encoding, depth) {
                        return Element::items(tag, items);
                    }
                }
                self.at = at.end;
                Element::bytes(tag, VR::UN, bytes)
            }
            vr => Element::bytes(tag, vr.unwrap_or(VR::UN), bytes),
        }
    }

    fn undefined(
        &mut self,
        tag: Tag,
        vr: VR,
        encoding: Encoding,
        limit: usize,
        depth: u32,
    ) -> Result<Element<'a>, RecordFault> {
        let encoding = if vr == VR::UN {
            Encoding::IMPLICIT
        } else {
            encoding
        };
        match vr {
            VR::OB | VR::OW if tag.standard_vr() != Some(VR::SQ) => {
                let value = Value::Fragments(self.fragments(encoding, limit)?);
                Ok(Element { tag, vr, value })
            }
            VR::SQ | VR::UN | VR::OB | VR::OW => {
                let items = self.items(encoding, None, limit, depth)?;
                Ok(Element::items(tag, items))
            }
            _ if self.tag(encoding, limit)?.group() == 0xfffe => {
                let items = self.items(encoding, None, limit, depth)?;
                Ok(Element::items(tag, items))
            }
            _ => Err(malformed(
                "an element that is no sequence has no length",
                self.at,
            )),
        }
    }

    fn items_of(
        &mut self,
        start: usize,
        end: usize,
        encoding: Encoding,
        depth: u32,
    ) -> Result<Vec<DataSet<'a>>, RecordFault> {
        self.at = start;
        let items = self.items(encoding, Some(end), end, depth)?;
        self.at = end;
        Ok(items)
    }

    fn items(
        &mut self,
        encoding: Encoding,
        end: Option<usize>,
        limit: usize,
        depth: u32,
    ) -> Result<Vec<DataSet<'a>>, RecordFault> {
        if depth >= DEPTH_MAX {
            return Err(too_large("sequences are nested too deep"));
        }
        let mut items = Vec::new();
        while end.is_none_or(|end| self.at < end) {
            let (tag, len) = self.item(encoding, limit)?;
            match tag {
                tags::ITEM => {
                    let item_end = match len {
                        Some(len) => {
                            let start = self.at;
                            let end = self.take(len, limit)?;
                            self.at = start;
                            Some(end)
                        }
                        None => None,
                    };
                    items.push(self.item_set(encoding, item_end, limit, depth + 1)?);
                }
                tags::SEQUENCE_END => break,
                _ => {
                    return Err(malformed(
                        "a sequence holds something besides items",
                        self.at - 8,
                    ));
                }
            }
        }
        Ok(items)
    }

    /// The data set of an item; without an end of its own it must not leave its sequence.
    fn item_set(
        &mut self,
        encoding: Encoding,
        end: Option<usize>,
        limit: usize,
        depth: u32,
    ) -> Result<DataSet<'a>, RecordFault> {
        let whole = self.bytes;
        self.bytes = whole.get(..limit).unwrap_or(whole);
        let set = self.set(encoding, end, depth, false);
        self.bytes = whole;
        set
    }

    fn fragments(
        &mut self,
        encoding: Encoding,
        limit: usize,
    ) -> Result<Vec<Cow<'a, [u8]>>, RecordFault> {
        let mut fragments = Vec::new();
        loop {
            match self.item(encoding, limit)? {
                (tags::ITEM, Some(len)) => {
                    let start = self.at;
                    let end = self.take(len, limit)?;
                    let bytes = self.bytes.get(start..end).unwrap_or_default();
                    fragments.push(Cow::Borrowed(bytes));
                }
                (tags::SEQUENCE_END, _) => return Ok(fragments),
                _ => {
                    return Err(malformed(
                        "encapsulated pixels hold something besides fragments",
                        self.at - 8,
                    ));
                }
            }
        }
    }

    /// The head of an item or delimiter.
    fn item(
        &mut self,
        encoding: Encoding,
        limit: usize,
    ) -> Result<(Tag, Option<u32>), RecordFault> {
        let tag = self.tag(encoding, limit)?;
        let len = self.u32(self.at + 4, encoding, limit)?;
        self.at += 8;
        Ok((tag, (len != u32::MAX).then_some(len)))
    }

    /// The head of an element.
    fn head(&mut self, encoding: Encoding, limit: usize) -> Result<Head, RecordFault> {
        let tag = self.tag(encoding, limit)?;
        let start = self.at;
        let [first, second, low, high] = self.four(start + 4, limit)?;
        if encoding.explicit && tag.group() != 0xfffe {
            let known = vr_of([first, second]);
            let capital = first.is_ascii_uppercase() && second.is_ascii_uppercase();
            let reserved = low == 0 && high == 0;
            if let Some(vr) = known.filter(|vr| !is_long(*vr)) {
                self.at = start + 8;
                let len = match encoding.big_endian {
                    true => u16::from_be_bytes([low, high]),
                    false => u16::from_le_bytes([low, high]),
                };
                return Ok((tag, vr, Some(u32::from(len))));
            }
            // What the standard adds one day has a long length (PS3.5 6.2.2).
            if known.is_some() || (capital && reserved) {
                let len = self.u32(start + 8, encoding, limit)?;
                self.at = start + 12;
                let vr = known.unwrap_or(VR::UN);
                return Ok((tag, vr, (len != u32::MAX).then_some(len)));
            }
            if capital || self.four(start + 4, limit)? == *b"  \0\0" {
                self.at = start + 8;
                let len = u16::from_le_bytes([low, high]);
                return Ok((tag, implied(tag), Some(u32::from(len))));
            }
        }
        // Some writers let implicit elements stand among explicit ones.
        let len = self.u32(start + 4, encoding, limit)?;
        self.at = start + 8;
        Ok((tag, implied(tag), (len != u32::MAX).then_some(len)))
    }

    fn tag(&self, encoding: Encoding, limit: usize) -> Result<Tag, RecordFault> {
        let [a, b, c, d] = self.four(self.at, limit)?;
        Ok(match encoding.big_endian {
            true => Tag::new(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            false => Tag::new(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
        })
    }

    fn u32(&self, at: usize, encoding: Encoding, limit: usize) -> Result<u32, RecordFault> {
        let bytes = self.four(at, limit)?;
        Ok(match encoding.big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        })
    }

    fn four(&self, at: usize, limit: usize) -> Result<[u8; 4], RecordFault> {
        let bytes = self.bytes.get(at..limit).and_then(<[u8]>::first_chunk);
        bytes.copied().ok_or_else(|| truncated(at))
    }

    /// Moves over a value and says where it ends.
    fn take(&mut self, len: u32, limit: usize) -> Result<usize, RecordFault> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let end = self.at.checked_add(len).filter(|end| *end <= limit);
        self.at = end.ok_or_else(|| truncated(self.at))?;
        Ok(self.at)
    }

    /// Whether nothing but padding follows.
    fn rest_is_zero(&mut self) -> bool {
        if self.filled_at >= self.at && self.filled_at < self.bytes.len() {
            return false;
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let filled = rest.iter().position(|byte| *byte != 0);
        // Remembered, so that no byte is looked at twice.
        self.filled_at = filled.map_or(usize::MAX, |at| self.at + at);
        filled.is_none()
    }
}

/// The value representation of an element that does not say it.
fn implied(tag: Tag) -> VR {
    match tag.standard_vr() {
        Some(vr) => vr,
        None if tag.is_private_creator() => VR::LO,
        None if tag.element() == 0 => VR::UL,
        None => VR::UN,
    }
}

/// Elements for which there is room at once: most data sets have as many.
const ELEMENTS_USUAL: usize = 64;
/// Sequences within sequences; no object of the standard has a tenth of it.
const DEPTH_MAX: u32 = 64;
/// Elements of one file, over all items.
const ELEMENTS_MAX: u32 = 4_000_000;
