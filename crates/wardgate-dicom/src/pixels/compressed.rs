//! Decodes encapsulated frames; nothing is ever compressed again.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_core::value::C;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::{Codec, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use wardgate_deid::RecordFault;

use super::coded::CodeHead;
use super::decoded::RLE;
use super::layout::Layout;
use super::{Fragment, PixelBytes, PixelFacts, unclear, undecodable};

/// Which fragments make each frame.
pub(super) fn frames_of(
    pixels: &mut dyn PixelBytes,
    frames: u64,
) -> Result<Vec<Vec<Fragment>>, RecordFault> {
    let fragments = pixels.fragments().unwrap_or_default().to_vec();
    let wanted = usize::try_from(frames).unwrap_or(usize::MAX);
    if wanted <= 1 {
        return Ok(vec![fragments]);
    }
    if fragments.len() == wanted {
        return Ok(fragments
            .into_iter()
            .map(|fragment| vec![fragment])
            .collect());
    }
    let by_offset = by_offsets(&fragments, pixels.offsets());
    if by_offset.len() == wanted {
        return Ok(by_offset);
    }
    let by_start = by_starts(&fragments, pixels)?;
    match by_start.len() == wanted {
        true => Ok(by_start),
        false => Err(unclear(
            "the frames of the compressed pixels cannot be told apart",
        )),
    }
}

/// The code of a frame in one piece.
///
/// # Errors
/// When it is too long, or cannot be read.
pub(super) fn code_of(
    frame: &[Fragment],
    pixels: &mut dyn PixelBytes,
) -> Result<Vec<u8>, RecordFault> {
    let len: u64 = frame.iter().map(|fragment| u64::from(fragment.len)).sum();
    if len > CODE_BYTES_MAX {
        return Err(unclear(
            "a frame of the compressed pixels is too long to be looked at",
        ));
    }
    let mut code = Vec::new();
    for fragment in frame {
        let from = code.len();
        code.resize(from + usize::try_from(fragment.len).unwrap_or_default(), 0);
        if let Some(part) = code.get_mut(from..) {
            pixels.read_at(fragment.offset, part)?;
        }
    }
    Ok(code)
}

/// The samples of a frame, colours together, little endian.
///
/// # Errors
/// When it cannot be decoded, or its code says another size than its data set.
pub(super) fn decode(
    facts: &PixelFacts,
    layout: &Layout,
    code: Vec<u8>,
) -> Result<Vec<u8>, RecordFault> {
    if let Some(head) = CodeHead::of(&code) {
        if (head.columns, head.rows) != (layout.columns, layout.rows) {
            return Err(unclear(
                "the compressed pixels have another size than the file says",
            ));
        }
        if head.sample_bytes() != layout.sample_bytes() {
            return Err(undecodable(
                "the compressed pixels have another precision than the file says",
            ));
        }
    }
    let wanted = layout.decoded().frame_bytes();
    if wanted > FRAME_BYTES_MAX {
        return Err(undecodable(
            "a frame of the compressed pixels is too large to be looked at",
        ));
    }
    let name = facts.transfer_syntax.trim_end_matches(['\0', ' ']);
    if name == RLE && !is_parted(&code) {
        return Err(undecodable("the compressed pixels cannot be decoded"));
    }
    let syntax = TransferSyntaxRegistry.get(name);
    let Some(Codec::EncapsulatedPixelData(Some(decoder), _)) = syntax.map(|syntax| syntax.codec())
    else {
        return Err(undecodable(
            "the pixels are compressed in a way that cannot be looked at",
        ));
    };
    let frame = Frame {
        facts,
        layout,
        code,
    };
    // The decoders are the work of others, and this is foreign input: a fault in one of them is this file's fault alone.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let mut bytes = Vec::new();
        decoder
            .decode_frame(&frame, 0, &mut bytes)
            .ok()
            .map(|()| bytes)
    }));
    match decoded {
        Ok(Some(bytes)) if bytes.len() >= wanted => Ok(bytes),
        _ => Err(undecodable("the compressed pixels cannot be decoded")),
    }
}

/// Whether the head of a frame of RLE parts it into segments that are there (PS3.5 G.5): the decoder believes it.
fn is_parted(code: &[u8]) -> bool {
    let Some((head, _)) = code.split_first_chunk::<RLE_HEAD_BYTES>() else {
        return false;
    };
    let mut words = head
        .as_chunks::<4>()
        .0
        .iter()
        .map(|word| u32::from_le_bytes(*word));
    let segments = words.next().unwrap_or_default() as usize;
    let offsets: Vec<usize> = words.take(segments).map(|offset| offset as usize).collect();
    (1..=RLE_SEGMENTS_MAX).contains(&segments)
        && offsets
            .first()
            .is_some_and(|first| *first >= RLE_HEAD_BYTES)
        && offsets.is_sorted()
        && offsets.last().is_some_and(|last| *last <= code.len())
}

/// One frame, as the decoders ask for it.
struct Frame<'f> {
    facts: &'f PixelFacts,
    layout: &'f Layout,
    code: Vec<u8>,
}

impl PixelDataObject for Frame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.facts.transfer_syntax.trim_end_matches(['\0', ' '])
    }

    fn rows(&self) -> Option<u16> {
        u16::try_from(self.layout.rows).ok()
    }

    fn cols(&self) -> Option<u16> {
        u16::try_from(self.layout.columns).ok()
    }

    fn samples_per_pixel(&self) -> Option<u16> {
        Some(self.facts.samples)
    }

    fn bits_allocated(&self) -> Option<u16> {
        Some(self.facts.bits_allocated)
    }

    fn bits_stored(&self) -> Option<u16> {
        Some(self.facts.bits_stored)
    }

    fn photometric_interpretation(&self) -> Option<&str> {
        Some(self.facts.photometric.trim())
    }

    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }

    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }

    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(self.code.as_slice()))
    }

    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        Some(Cow::Borrowed(&[]))
    }

    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData {
            fragments: C::from_elem(self.code.clone(), 1),
            offset_table: C::new(),
        })
    }
}

/// Frames that begin where the offset table says.
fn by_offsets(fragments: &[Fragment], offsets: &[u64]) -> Vec<Vec<Fragment>> {
    let first = fragments.first().map_or(0, |fragment| fragment.offset);
    let mut frames: Vec<Vec<Fragment>> = Vec::new();
    for fragment in fragments {
        let begins = offsets.contains_sorted(fragment.offset.saturating_sub(first));
        match frames.last_mut() {
            Some(frame) if !begins => frame.push(*fragment),
            _ => frames.push(vec![*fragment]),
        }
    }
    frames
}

/// Frames that begin where a code stream begins: JPEG's SOI, JPEG 2000's SOC.
fn by_starts(
    fragments: &[Fragment],
    pixels: &mut dyn PixelBytes,
) -> Result<Vec<Vec<Fragment>>, RecordFault> {
    let mut frames: Vec<Vec<Fragment>> = Vec::new();
    for fragment in fragments {
        let mut start = [0; 3];
        if fragment.len >= 3 {
            pixels.read_at(fragment.offset, &mut start)?;
        }
        let begins = start == [0xff, 0xd8, 0xff] || start == [0xff, 0x4f, 0xff];
        match frames.last_mut() {
            Some(frame) if !begins => frame.push(*fragment),
            _ => frames.push(vec![*fragment]),
        }
    }
    Ok(frames)
}

/// Offsets in ascending order.
trait Sorted {
    fn contains_sorted(&self, offset: u64) -> bool;
}

impl Sorted for [u64] {
    fn contains_sorted(&self, offset: u64) -> bool {
        self.binary_search(&offset).is_ok()
    }
}

/// The largest frame that is decoded, in bytes: a picture of 8192 by 8192 with 16 bits.
const FRAME_BYTES_MAX: usize = 128 << 20;
/// The longest code of a frame that is decoded.
const CODE_BYTES_MAX: u64 = 128 << 20;
/// The head of a frame of RLE: the count of its segments, and where each begins.
const RLE_HEAD_BYTES: usize = 64;
const RLE_SEGMENTS_MAX: usize = 15;
