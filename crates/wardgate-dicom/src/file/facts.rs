//! What a data set says about its pixels.

use crate::element::{DataSet, Element, Tag, Value, tags};
use crate::head::Head;
use crate::identity::Identity;
use crate::pixels::PixelFacts;

/// The facts by which pixels are judged.
pub(super) fn of(set: &DataSet<'_>, head: &Head, identity: &Identity) -> PixelFacts {
    let number = |tag| set.element(tag).and_then(Element::u16).unwrap_or_default();
    let text = |tag| set.ascii(tag).into_owned();
    let names = identity.names.iter().chain(&identity.others);
    let values = identity.values.iter().map(|(_, value)| value);
    let identifiers = names.chain(values).chain(&identity.birth_dates);
    PixelFacts {
        transfer_syntax: head.syntax.uid.clone(),
        sop_class: text(tags::SOP_CLASS),
        modality: text(tags::MODALITY),
        manufacturer: text(tags::MANUFACTURER),
        model: text(tags::MODEL),
        software: text(tags::SOFTWARE),
        image_type: text(tags::IMAGE_TYPE)
            .split('\\')
            .map(str::to_owned)
            .collect(),
        conversion_type: text(tags::CONVERSION_TYPE),
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
        ultrasound_regions: regions(set),
        big_endian: head.encoding.big_endian,
        identifiers: identifiers.cloned().collect(),
    }
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
