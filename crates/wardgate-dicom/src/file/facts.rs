//! What a data set says about its pixels.

use dicom_core::VR;

use crate::element::{DataSet, Element, Tag, Value, tags};
use crate::head::Head;
use crate::pixels::PixelFacts;
use crate::reader::PixelElement;

/// The facts by which pixels are judged.
pub(super) fn of(set: &DataSet<'_>, head: &Head, element: PixelElement) -> PixelFacts {
    let number = |tag| set.element(tag).and_then(Element::u16).unwrap_or_default();
    let text = |tag| set.ascii(tag).into_owned();
    PixelFacts {
        transfer_syntax: head.syntax.uid.clone(),
        sop_class: text(tags::SOP_CLASS),
        modality: text(tags::MODALITY),
        manufacturer: text(tags::MANUFACTURER),
        model: text(MODEL),
        image_type: text(tags::IMAGE_TYPE)
            .split('\\')
            .map(str::to_owned)
            .collect(),
        body_part: text(BODY_PART),
        burned_in: text(tags::BURNED_IN),
        rows: u32::from(number(tags::ROWS)),
        columns: u32::from(number(tags::COLUMNS)),
        frames: set
            .ascii(tags::FRAMES)
            .trim()
            .parse()
            .unwrap_or(1_u64)
            .max(1),
        samples: number(tags::SAMPLES).max(1),
        bits_allocated: number(tags::BITS_ALLOCATED),
        bits_stored: number(tags::BITS_STORED),
        high_bit: number(tags::HIGH_BIT),
        signed: number(tags::SIGNED) == 1,
        planar: number(tags::PLANAR) == 1,
        photometric: text(tags::PHOTOMETRIC),
        float_bits: match element.tag {
            tags::FLOAT_PIXELS => 32,
            tag if tag > tags::FLOAT_PIXELS && tag < tags::PIXELS => 64,
            _ => 0,
        },
        palette_descriptor: descriptor(set),
        palette: PALETTE.map(|tag| {
            set.element(tag)
                .map(|table| table.raw().to_vec())
                .unwrap_or_default()
        }),
        embedded_overlay: has_embedded_overlay(set),
        ultrasound_regions: regions(set),
        big_endian: head.encoding.big_endian,
        swapped_bytes: head.encoding.big_endian
            && element.vr == VR::OW
            && number(tags::BITS_ALLOCATED) == 8,
    }
}

/// The number of entries, first value and bits of a palette.
fn descriptor(set: &DataSet<'_>) -> [u16; 3] {
    let raw = set
        .element(PALETTE_DESCRIPTOR)
        .map(Element::raw)
        .unwrap_or_default();
    let mut words = raw
        .chunks_exact(2)
        .filter_map(|word| word.first_chunk::<2>());
    [(); 3].map(|()| words.next().map_or(0, |word| u16::from_le_bytes(*word)))
}

/// Whether an overlay lies in bits of the pixels, as old devices put them there.
fn has_embedded_overlay(set: &DataSet<'_>) -> bool {
    set.elements.iter().any(|element| {
        let overlay = element.tag.group() & 0xff01 == 0x6000;
        let usual = match element.tag.element() {
            OVERLAY_BITS => 1,
            OVERLAY_BIT => 0,
            _ => return false,
        };
        overlay && element.u16().is_some_and(|value| value != usual)
    })
}

/// The calibrated regions of an ultrasound picture.
fn regions(set: &DataSet<'_>) -> Vec<[u32; 4]> {
    let Some(Value::Items(items)) = set.element(tags::ULTRASOUND_REGIONS).map(|e| &e.value) else {
        return Vec::new();
    };
    let corner = |item: &DataSet<'_>, element| {
        let raw = item.element(Tag::new(0x0018, element))?.raw();
        raw.first_chunk().copied().map(u32::from_le_bytes)
    };
    let region = |item| {
        Some([
            corner(item, 0x6018)?,
            corner(item, 0x601a)?,
            corner(item, 0x601c)?,
            corner(item, 0x601e)?,
        ])
    };
    items.iter().filter_map(region).collect()
}

const MODEL: Tag = Tag::new(0x0008, 0x1090);
const BODY_PART: Tag = Tag::new(0x0018, 0x0015);
const PALETTE_DESCRIPTOR: Tag = Tag::new(0x0028, 0x1101);
/// The red, green and blue tables.
const PALETTE: [Tag; 3] = [
    Tag::new(0x0028, 0x1201),
    Tag::new(0x0028, 0x1202),
    Tag::new(0x0028, 0x1203),
];
/// Elements of an overlay's group: bits allocated, and the bit in which it lies.
const OVERLAY_BITS: u16 = 0x0100;
const OVERLAY_BIT: u16 = 0x0102;
