//! Data elements and data sets as they are held in memory, always little endian.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;

/// A tag: group in the upper half, element in the lower.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(pub(crate) u32);

/// A data element.
#[derive(Clone, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    pub(crate) vr: VR,
    pub(crate) value: Value<'a>,
}

/// The value of a data element.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Bytes(Cow<'a, [u8]>),
    Items(Vec<DataSet<'a>>),
    /// The offset table and the fragments of pixels that stand inside a sequence.
    Fragments(Vec<Cow<'a, [u8]>>),
}

/// Data elements in the order of their tags.
#[derive(Clone, Debug, Default)]
pub(crate) struct DataSet<'a> {
    pub(crate) elements: Vec<Element<'a>>,
}

impl Tag {
    pub(crate) const fn new(group: u16, element: u16) -> Self {
        Self((group as u32) << 16 | element as u32)
    }

    pub(crate) fn group(self) -> u16 {
        (self.0 >> 16) as u16
    }

    pub(crate) fn element(self) -> u16 {
        (self.0 & 0xffff) as u16
    }

    pub(crate) fn is_private(self) -> bool {
        self.group() & 1 == 1
    }

    /// Whether it reserves a block of private elements.
    pub(crate) fn is_private_creator(self) -> bool {
        self.is_private() && (0x10..=0xff).contains(&self.element())
    }

    /// The tag that reserves the block of a private element.
    pub(crate) fn creator(self) -> Self {
        Self::new(self.group(), self.element() >> 8)
    }

    /// Its value representation, when the standard's dictionary knows the tag.
    pub(crate) fn standard_vr(self) -> Option<VR> {
        if self.is_private() {
            return None;
        }
        let slot = self.0.wrapping_mul(SPREAD) >> (u32::BITS - KNOWN_BITS);
        let slot = KNOWN.get(usize::try_from(slot).unwrap_or_default());
        let known = slot.map_or(0, |slot| slot.load(Ordering::Relaxed));
        let [a, b, c, d, one, two, ..] = known.to_be_bytes();
        if u32::from_be_bytes([a, b, c, d]) == self.0 && one != 0 {
            return vr_of([one, two]);
        }
        let vr = self.looked_up();
        let [one, two] = vr.map_or(*NO_VR, VR::to_bytes);
        let [a, b, c, d] = self.0.to_be_bytes();
        if let Some(slot) = slot {
            let known = u64::from_be_bytes([a, b, c, d, one, two, 0, 0]);
            slot.store(known, Ordering::Relaxed);
        }
        vr
    }

    fn looked_up(self) -> Option<VR> {
        let tag = dicom_core::Tag(self.group(), self.element());
        let entry = StandardDataDictionary.by_tag(tag)?;
        Some(match entry.vr() {
            VirtualVr::Exact(vr) => vr,
            virtual_vr => virtual_vr.relaxed(),
        })
    }
}

/// The value representation that two letters name.
pub(crate) fn vr_of(two: [u8; 2]) -> Option<VR> {
    Some(match &two {
        b"AE" => VR::AE,
        b"AS" => VR::AS,
        b"AT" => VR::AT,
        b"CS" => VR::CS,
        b"DA" => VR::DA,
        b"DS" => VR::DS,
        b"DT" => VR::DT,
        b"FD" => VR::FD,
        b"FL" => VR::FL,
        b"IS" => VR::IS,
        b"LO" => VR::LO,
        b"LT" => VR::LT,
        b"OB" => VR::OB,
        b"OD" => VR::OD,
        b"OF" => VR::OF,
        b"OL" => VR::OL,
        b"OV" => VR::OV,
        b"OW" => VR::OW,
        b"PN" => VR::PN,
        b"SH" => VR::SH,
        b"SL" => VR::SL,
        b"SQ" => VR::SQ,
        b"SS" => VR::SS,
        b"ST" => VR::ST,
        b"SV" => VR::SV,
        b"TM" => VR::TM,
        b"UC" => VR::UC,
        b"UI" => VR::UI,
        b"UL" => VR::UL,
        b"UN" => VR::UN,
        b"UR" => VR::UR,
        b"US" => VR::US,
        b"UT" => VR::UT,
        b"UV" => VR::UV,
        _ => return None,
    })
}

/// What the dictionary said of tags, by a part of their product with [`SPREAD`]: tag, letters of the
/// representation. A slot is read and written as a whole, so that threads need not wait for each other.
static KNOWN: [AtomicU64; 1 << KNOWN_BITS] = [const { AtomicU64::new(0) }; 1 << KNOWN_BITS];
const KNOWN_BITS: u32 = 12;
/// An odd number near the golden share of 32 bits, which spreads tags that follow each other.
const SPREAD: u32 = 0x9e37_79b9;
/// Letters that name no representation.
const NO_VR: &[u8; 2] = b"--";

impl<'a> Element<'a> {
    pub(crate) fn text(tag: Tag, vr: VR, value: &str) -> Element<'static> {
        Element::bytes(tag, vr, value.as_bytes().to_vec())
    }

    pub(crate) fn bytes(tag: Tag, vr: VR, value: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            tag,
            vr,
            value: Value::Bytes(value.into()),
        }
    }

    pub(crate) fn items(tag: Tag, items: Vec<DataSet<'a>>) -> Self {
        Self {
            tag,
            vr: VR::SQ,
            value: Value::Items(items),
        }
    }

    /// The bytes of a value that is no sequence.
    pub(crate) fn raw(&self) -> &[u8] {
        match &self.value {
            Value::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// An unsigned 16-bit number.
    pub(crate) fn u16(&self) -> Option<u16> {
        self.raw().first_chunk().copied().map(u16::from_le_bytes)
    }

    /// A value of plain letters: a code, a UID, a number as text. Padding is cut.
    pub(crate) fn ascii(&self) -> Cow<'_, str> {
        letters(trimmed(self.raw()))
    }
}

impl<'a> DataSet<'a> {
    pub(crate) fn element(&self, tag: Tag) -> Option<&Element<'a>> {
        let at = self
            .elements
            .binary_search_by_key(&tag, |element| element.tag);
        self.elements.get(at.ok()?)
    }

    /// A value of plain letters, or nothing.
    pub(crate) fn ascii(&self, tag: Tag) -> Cow<'_, str> {
        self.element(tag).map(Element::ascii).unwrap_or_default()
    }

    /// Puts an element in its place, instead of one of the same tag.
    pub(crate) fn put(&mut self, new: Element<'a>) {
        match self
            .elements
            .binary_search_by_key(&new.tag, |element| element.tag)
        {
            Ok(at) => {
                if let Some(element) = self.elements.get_mut(at) {
                    *element = new;
                }
            }
            Err(at) => self.elements.insert(at, new),
        }
    }

    /// Puts the elements in order; of several with one tag the last stays, as most readers have it.
    pub(crate) fn sort(&mut self) {
        let sorted = self.elements.is_sorted_by(|one, next| one.tag < next.tag);
        if sorted {
            return;
        }
        self.elements.sort_by_key(|element| element.tag);
        self.elements.reverse();
        self.elements.dedup_by_key(|element| element.tag);
        self.elements.reverse();
    }
}

/// Bytes as letters; what is no UTF-8 becomes a sign for it. That is nearly never so, and seen soonest at once.
pub(crate) fn letters(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// The value without the padding that a value representation may have: spaces and zeros.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, 0 | b' ');
    let start = bytes.iter().take_while(|byte| blank(byte)).count();
    let rest = bytes.get(start..).unwrap_or_default();
    let end = rest.len() - rest.iter().rev().take_while(|byte| blank(byte)).count();
    rest.get(..end).unwrap_or_default()
}

/// Whether values are letters in the character set of the file.
pub(crate) fn is_text(vr: VR) -> bool {
    matches!(
        vr,
        VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT
    )
}

/// Whether values are letters of plain ASCII.
pub(crate) fn is_ascii(vr: VR) -> bool {
    matches!(
        vr,
        VR::AE | VR::AS | VR::CS | VR::DA | VR::DS | VR::DT | VR::IS | VR::TM | VR::UI | VR::UR
    )
}

/// Bytes of one number of a value representation; 1 where the order of bytes does not matter.
pub(crate) fn width(vr: VR) -> usize {
    match vr {
        VR::US | VR::SS | VR::OW | VR::AT => 2,
        VR::UL | VR::SL | VR::FL | VR::OF | VR::OL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}

/// Turns the bytes of each number round: from big endian to little, and back.
pub(crate) fn swap(vr: VR, bytes: &mut [u8]) {
    let width = width(vr);
    if width > 1 {
        for number in bytes.chunks_exact_mut(width) {
            number.reverse();
        }
    }
}

/// Whether a length takes 32 bits in explicit encodings.
pub(crate) fn is_long(vr: VR) -> bool {
    matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}

/// Most characters of one value, where the representation has a limit (PS3.5 table 6.2-1).
pub(crate) fn chars_max(vr: VR) -> usize {
    match vr {
        VR::AE | VR::CS | VR::DS | VR::SH => 16,
        VR::IS => 12,
        VR::LO | VR::PN | VR::UI => 64,
        VR::ST => 1024,
        VR::LT => 10_240,
        _ => usize::MAX,
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand, because every report names every attribute that was changed.
        let digit = |at: u32| {
            let digit = (self.0 >> (28 - 4 * at) & 0xf) as usize;
            HEXADECIMAL.get(digit).copied().unwrap_or_default()
        };
        let [a, b, c, d] = [0, 1, 2, 3].map(digit);
        let [e, g, h, i] = [4, 5, 6, 7].map(digit);
        let written = [b'(', a, b, c, d, b',', e, g, h, i, b')'];
        f.write_str(str::from_utf8(&written).unwrap_or_default())
    }
}

const HEXADECIMAL: &[u8; 16] = b"0123456789ABCDEF";

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The tags that the program itself speaks of.
pub(crate) mod tags {
    use super::Tag;

    pub(crate) const ITEM: Tag = Tag::new(0xfffe, 0xe000);
    pub(crate) const ITEM_END: Tag = Tag::new(0xfffe, 0xe00d);
    pub(crate) const SEQUENCE_END: Tag = Tag::new(0xfffe, 0xe0dd);
    pub(crate) const META_LENGTH: Tag = Tag::new(0x0002, 0x0000);
    pub(crate) const META_VERSION: Tag = Tag::new(0x0002, 0x0001);
    pub(crate) const META_CLASS: Tag = Tag::new(0x0002, 0x0002);
    pub(crate) const META_INSTANCE: Tag = Tag::new(0x0002, 0x0003);
    pub(crate) const TRANSFER_SYNTAX: Tag = Tag::new(0x0002, 0x0010);
    pub(crate) const IMPLEMENTATION_CLASS: Tag = Tag::new(0x0002, 0x0012);
    pub(crate) const IMPLEMENTATION_VERSION: Tag = Tag::new(0x0002, 0x0013);
    pub(crate) const CHARACTER_SET: Tag = Tag::new(0x0008, 0x0005);
    pub(crate) const IMAGE_TYPE: Tag = Tag::new(0x0008, 0x0008);
    pub(crate) const SOP_CLASS: Tag = Tag::new(0x0008, 0x0016);
    pub(crate) const SOP_INSTANCE: Tag = Tag::new(0x0008, 0x0018);
    pub(crate) const ACCESSION_NUMBER: Tag = Tag::new(0x0008, 0x0050);
    pub(crate) const MODALITY: Tag = Tag::new(0x0008, 0x0060);
    pub(crate) const MANUFACTURER: Tag = Tag::new(0x0008, 0x0070);
    pub(crate) const CODE_VALUE: Tag = Tag::new(0x0008, 0x0100);
    pub(crate) const CODE_SCHEME: Tag = Tag::new(0x0008, 0x0102);
    pub(crate) const CODE_MEANING: Tag = Tag::new(0x0008, 0x0104);
    pub(crate) const PATIENT_NAME: Tag = Tag::new(0x0010, 0x0010);
    pub(crate) const PATIENT_ID: Tag = Tag::new(0x0010, 0x0020);
    pub(crate) const BIRTH_DATE: Tag = Tag::new(0x0010, 0x0030);
    pub(crate) const IDENTITY_REMOVED: Tag = Tag::new(0x0012, 0x0062);
    pub(crate) const METHOD: Tag = Tag::new(0x0012, 0x0063);
    pub(crate) const METHOD_CODES: Tag = Tag::new(0x0012, 0x0064);
    pub(crate) const ULTRASOUND_REGIONS: Tag = Tag::new(0x0018, 0x6011);
    pub(crate) const STUDY_INSTANCE: Tag = Tag::new(0x0020, 0x000d);
    pub(crate) const STUDY_ID: Tag = Tag::new(0x0020, 0x0010);
    pub(crate) const SAMPLES: Tag = Tag::new(0x0028, 0x0002);
    pub(crate) const PHOTOMETRIC: Tag = Tag::new(0x0028, 0x0004);
    pub(crate) const PLANAR: Tag = Tag::new(0x0028, 0x0006);
    pub(crate) const FRAMES: Tag = Tag::new(0x0028, 0x0008);
    pub(crate) const ROWS: Tag = Tag::new(0x0028, 0x0010);
    pub(crate) const COLUMNS: Tag = Tag::new(0x0028, 0x0011);
    pub(crate) const BITS_ALLOCATED: Tag = Tag::new(0x0028, 0x0100);
    pub(crate) const BITS_STORED: Tag = Tag::new(0x0028, 0x0101);
    pub(crate) const HIGH_BIT: Tag = Tag::new(0x0028, 0x0102);
    pub(crate) const SIGNED: Tag = Tag::new(0x0028, 0x0103);
    pub(crate) const BURNED_IN: Tag = Tag::new(0x0028, 0x0301);
    pub(crate) const DATES_MODIFIED: Tag = Tag::new(0x0028, 0x0303);
    pub(crate) const DOCUMENT: Tag = Tag::new(0x0042, 0x0011);
    pub(crate) const DOCUMENT_TYPE: Tag = Tag::new(0x0042, 0x0012);
    pub(crate) const DOCUMENT_LENGTH: Tag = Tag::new(0x0042, 0x0015);
    pub(crate) const FLOAT_PIXELS: Tag = Tag::new(0x7fe0, 0x0008);
    pub(crate) const PIXELS: Tag = Tag::new(0x7fe0, 0x0010);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_as_the_standard_writes_them() {
        for tag in [
            0,
            0x0008_0020,
            0x7fe0_0010,
            0xfffe_e0dd,
            0x0123_4567,
            0x89ab_cdef,
        ] {
            let tag = Tag(tag);
            let written = format!("({:04X},{:04X})", tag.group(), tag.element());
            assert_eq!(tag.to_string(), written);
        }
    }

    #[test]
    fn representations_are_those_that_the_dictionary_has() {
        for one in 0..=u8::MAX {
            for two in 0..=u8::MAX {
                assert_eq!(vr_of([one, two]), VR::from_binary([one, two]));
            }
        }
        for _ in 0..2 {
            for tag in (0x0008_0000..0x0009_0000).chain(0x0028_0000..0x0028_4000) {
                assert_eq!(Tag(tag).standard_vr(), Tag(tag).looked_up(), "{tag:08x}");
            }
            assert_eq!(Tag(0x6002_3000).standard_vr(), Some(VR::OW));
            assert_eq!(Tag(0x0009_0010).standard_vr(), None);
        }
    }
}
