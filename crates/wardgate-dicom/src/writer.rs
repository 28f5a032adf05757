//! Writes data sets: lengths defined, values padded, each number in the byte order of the syntax.

use dicom_core::VR;
use wardgate_deid::RecordFault;

use crate::element::{DataSet, Element, Tag, Value, is_ascii, is_long, is_text, swap, tags, width};
use crate::fault::too_large;
use crate::syntax::Encoding;

/// Writes the elements of a data set.
///
/// # Errors
/// When a sequence is longer than its length field can tell.
pub(crate) fn write_set(
    out: &mut Vec<u8>,
    set: &DataSet<'_>,
    encoding: Encoding,
) -> Result<(), RecordFault> {
    for element in &set.elements {
        write_element(out, element, encoding)?;
    }
    Ok(())
}

/// Writes the head of an element whose value follows by other means; without a length, fragments follow.
pub(crate) fn write_head(
    out: &mut Vec<u8>,
    tag: Tag,
    vr: VR,
    len: Option<u32>,
    encoding: Encoding,
) {
    write_tag(out, tag, encoding);
    let len = len.unwrap_or(u32::MAX);
    if !encoding.explicit {
        write_u32(out, len, encoding);
        return;
    }
    match u16::try_from(len) {
        Ok(len) if !is_long(vr) => {
            out.extend_from_slice(&vr.to_bytes());
            let len = match encoding.big_endian {
                true => len.to_be_bytes(),
                false => len.to_le_bytes(),
            };
            out.extend_from_slice(&len);
        }
        _ => {
            // What is too long for a short length is written as unknown (PS3.5 6.2.2).
            let vr = if is_long(vr) { vr } else { VR::UN };
            out.extend_from_slice(&vr.to_bytes());
            out.extend_from_slice(&[0, 0]);
            write_u32(out, len, encoding);
        }
    }
}

/// Writes the head of an item.
pub(crate) fn write_item(out: &mut Vec<u8>, tag: Tag, len: u32, encoding: Encoding) {
    write_tag(out, tag, encoding);
    write_u32(out, len, encoding);
}

/// Writes the delimiter behind the fragments of encapsulated pixels.
pub(crate) fn write_end(out: &mut Vec<u8>, encoding: Encoding) {
    write_tag(out, tags::SEQUENCE_END, encoding);
    write_u32(out, 0, encoding);
}

fn write_element(
    out: &mut Vec<u8>,
    element: &Element<'_>,
    encoding: Encoding,
) -> Result<(), RecordFault> {
    let (tag, vr) = (element.tag, element.vr);
    match &element.value {
        Value::Bytes(bytes) => {
            let odd = bytes.len() & 1;
            let len = u32::try_from(bytes.len() + odd);
            let len = len.map_err(|_| too_large("a value is too long to be written"))?;
            write_head(out, tag, vr, Some(len), encoding);
            let start = out.len();
            out.extend_from_slice(bytes);
            if odd == 1 {
                let spaced = is_text(vr) || (is_ascii(vr) && vr != VR::UI);
                out.push(if spaced { b' ' } else { 0 });
            }
            if encoding.big_endian && width(vr) > 1 {
                swap(vr, out.get_mut(start..).unwrap_or_default());
            }
            Ok(())
        }
        Value::Items(items) => {
            write_head(out, tag, VR::SQ, Some(0), encoding);
            let start = out.len();
            for item in items {
                write_tag(out, tags::ITEM, encoding);
                write_u32(out, 0, encoding);
                let start = out.len();
                write_set(out, item, encoding)?;
                fill_len(out, start, encoding)?;
            }
            fill_len(out, start, encoding)
        }
        Value::Fragments(fragments) => {
            write_head(out, tag, vr, None, encoding);
            for fragment in fragments {
                let len = u32::try_from(fragment.len());
                let len = len.map_err(|_| too_large("a fragment is too long to be written"))?;
                write_tag(out, tags::ITEM, encoding);
                write_u32(out, len, encoding);
                out.extend_from_slice(fragment);
            }
            write_end(out, encoding);
            Ok(())
        }
    }
}

/// Writes the length of what was written from `start` into the four bytes in front of it.
fn fill_len(out: &mut [u8], start: usize, encoding: Encoding) -> Result<(), RecordFault> {
    let len = u32::try_from(out.len() - start).ok();
    let len = len
        .filter(|len| *len != u32::MAX)
        .ok_or_else(|| too_large("a sequence is too long to be written"))?;
    let bytes = match encoding.big_endian {
        true => len.to_be_bytes(),
        false => len.to_le_bytes(),
    };
    if let Some(field) = out.get_mut(start - 4..start) {
        field.copy_from_slice(&bytes);
    }
    Ok(())
}

fn write_tag(out: &mut Vec<u8>, tag: Tag, encoding: Encoding) {
    for half in [tag.group(), tag.element()] {
        out.extend_from_slice(&match encoding.big_endian {
            true => half.to_be_bytes(),
            false => half.to_le_bytes(),
        });
    }
}

fn write_u32(out: &mut Vec<u8>, number: u32, encoding: Encoding) {
    out.extend_from_slice(&match encoding.big_endian {
        true => number.to_be_bytes(),
        false => number.to_le_bytes(),
    });
}
