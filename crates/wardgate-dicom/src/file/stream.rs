//! Copies pixels past, with a fixed amount of memory.

use std::io::{Read, Seek, Write};

use wardgate_deid::RecordFault;

use crate::codestream::Scrubber;
use crate::element::tags;
use crate::fault::unwritten;
use crate::pixels::{Blanking, Decoded, Fragment, PixelBytes, PixelOutcome};
use crate::source::FilePixels;
use crate::syntax::Encoding;
use crate::writer::{write_end, write_item};

/// Writes what `out` holds and the pixels behind it; `out` is empty then, or holds what follows.
///
/// Returns how many bytes of comments in compressed pictures were emptied.
pub(super) fn copy<R: Read + Seek>(
    output: &mut dyn Write,
    out: &mut Vec<u8>,
    pixels: &mut FilePixels<'_, R>,
    outcome: Option<&PixelOutcome>,
    encoding: Encoding,
) -> Result<u64, RecordFault> {
    if let Some(PixelOutcome::Blank(blanked)) = outcome
        && let Some(decoded) = &blanked.decoded
    {
        decompressed(output, out, pixels, (&blanked.blanking, decoded))?;
        return Ok(0);
    }
    let Some(fragments) = pixels.fragments().map(<[Fragment]>::to_vec) else {
        native(output, out, pixels, outcome)?;
        return Ok(0);
    };
    let mut scrubber = Scrubber::new();
    let table = pixels.table().unwrap_or(Fragment { offset: 0, len: 0 });
    write_item(out, tags::ITEM, table.len, encoding);
    let mut copy = Copy { output, out };
    copy.range(pixels, table, |_, _| {})?;
    for fragment in fragments {
        write_item(copy.out, tags::ITEM, fragment.len, encoding);
        scrubber.fragment();
        copy.range(pixels, fragment, |_, bytes| scrubber.scrub(bytes))?;
    }
    write_end(out, encoding);
    Ok(scrubber.scrubbed())
}

fn native<R: Read + Seek>(
    output: &mut dyn Write,
    out: &mut Vec<u8>,
    pixels: &mut FilePixels<'_, R>,
    outcome: Option<&PixelOutcome>,
) -> Result<(), RecordFault> {
    let len = pixels.len();
    if let Some(PixelOutcome::Blank(blanked)) = outcome {
        let mut copy = Copy { output, out };
        copy.span(pixels, 0, len, |offset, bytes| {
            blanked.blanking.apply(offset, bytes)
        })?;
    } else {
        output.write_all(out).map_err(unwritten)?;
        out.clear();
        // What is in memory goes out as it lies there.
        let held = len.min((pixels.held_from(0)).len() as u64);
        let whole = usize::try_from(held).unwrap_or_default();
        let bytes = pixels.held_from(0).get(..whole).unwrap_or_default();
        output.write_all(bytes).map_err(unwritten)?;
        let mut copy = Copy { output, out };
        copy.span(pixels, held, len, |_, _| {})?;
    }
    if len & 1 == 1 {
        out.push(0);
    }
    Ok(())
}

/// Writes the frames of compressed pixels as native ones, one in memory at a time.
fn decompressed<R: Read + Seek>(
    output: &mut dyn Write,
    out: &mut Vec<u8>,
    pixels: &mut FilePixels<'_, R>,
    (blanking, decoded): (&Blanking, &Decoded),
) -> Result<(), RecordFault> {
    let mut offset = 0;
    for frame in 0..decoded.frames() {
        let mut bytes = decoded.frame(frame, pixels)?;
        blanking.apply(offset, &mut bytes);
        offset += bytes.len() as u64;
        output.write_all(out).map_err(unwritten)?;
        out.clear();
        output.write_all(&bytes).map_err(unwritten)?;
    }
    if offset & 1 == 1 {
        out.push(0);
    }
    Ok(())
}

struct Copy<'c> {
    output: &'c mut dyn Write,
    out: &'c mut Vec<u8>,
}

impl Copy<'_> {
    fn range<R: Read + Seek>(
        &mut self,
        pixels: &mut FilePixels<'_, R>,
        fragment: Fragment,
        change: impl FnMut(u64, &mut [u8]),
    ) -> Result<(), RecordFault> {
        let end = fragment.offset + u64::from(fragment.len);
        self.span(pixels, fragment.offset, end, change)
    }

    /// Copies bytes of the value through the buffer, which is written when it is full.
    fn span<R: Read + Seek>(
        &mut self,
        pixels: &mut FilePixels<'_, R>,
        mut offset: u64,
        end: u64,
        mut change: impl FnMut(u64, &mut [u8]),
    ) -> Result<(), RecordFault> {
        while offset < end {
            if self.out.len() >= CHUNK_BYTES {
                self.output.write_all(self.out).map_err(unwritten)?;
                self.out.clear();
            }
            let len = usize::try_from(end - offset)
                .unwrap_or(usize::MAX)
                .min(CHUNK_BYTES);
            let start = self.out.len();
            self.out.resize(start + len, 0);
            let chunk = self.out.get_mut(start..).unwrap_or_default();
            pixels.read_at(offset, chunk)?;
            change(offset, chunk);
            offset += len as u64;
        }
        Ok(())
    }
}

const CHUNK_BYTES: usize = 256 << 10;
