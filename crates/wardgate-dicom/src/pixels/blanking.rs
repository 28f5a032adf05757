//! Overwrites regions of native frames while their bytes pass by.

use super::layout::Layout;
use super::region::Region;

/// What is overwritten in each frame, and by what.
#[derive(Clone, Debug)]
pub(crate) struct Blanking {
    frame_bytes: u64,
    frames: u64,
    /// Bytes of a frame that are overwritten: from, to, in order and apart.
    spans: Vec<(u64, u64)>,
    /// The bytes of one black pixel of each plane.
    black: Vec<u8>,
    plane_bytes: u64,
    value_bytes: u64,
    /// What is kept of each byte of a sample, when bits that no sample needs are cleared.
    kept: Option<[u8; 2]>,
}

impl Blanking {
    /// Blanks regions of each frame with a pixel that is stored as `black`.
    pub(super) fn of(layout: Layout, regions: &[Region], black: Vec<u8>) -> Self {
        let mut spans = Vec::new();
        for region in regions {
            for plane in 0..layout.planes() {
                push_spans(&layout, region, plane * layout.plane_bytes(), &mut spans);
            }
        }
        spans.sort_unstable();
        let mut apart: Vec<(u64, u64)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match apart.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => apart.push((from, to)),
            }
        }
        Self {
            frame_bytes: layout.frame_bytes() as u64,
            frames: layout.frames,
            spans: apart,
            black,
            plane_bytes: layout.plane_bytes() as u64,
            value_bytes: layout.value_bytes(),
            kept: None,
        }
    }

    /// Clears the bits of each 16-bit sample that its value does not need.
    pub(super) fn clearing_outside(mut self, layout: Layout) -> Self {
        let mask = u16::try_from(layout.mask()).unwrap_or(u16::MAX);
        self.kept = Some(match layout.big_endian {
            true => mask.to_be_bytes(),
            false => mask.to_le_bytes(),
        });
        self
    }

    /// Blanks what falls into a part of the value that begins at `offset`.
    pub(crate) fn apply(&self, offset: u64, chunk: &mut [u8]) {
        if let Some([even, odd]) = self.kept {
            let starts_odd = offset % 2 == 1;
            for (index, byte) in chunk.iter_mut().enumerate() {
                *byte &= if (index % 2 == 1) == starts_odd {
                    even
                } else {
                    odd
                };
            }
        }
        let end = offset.saturating_add(chunk.len() as u64);
        let Some(mut frame) = offset.checked_div(self.frame_bytes) else {
            return;
        };
        while frame < self.frames && frame * self.frame_bytes < end {
            let start = frame * self.frame_bytes;
            let from = offset.saturating_sub(start);
            let first = self.spans.partition_point(|(_, to)| *to <= from);
            for (from, to) in self.spans.get(first..).unwrap_or_default() {
                if start + from >= end {
                    break;
                }
                self.blacken(
                    start,
                    (start + from).max(offset)..(start + to).min(end),
                    offset,
                    chunk,
                );
            }
            frame += 1;
        }
        // What stands behind the last frame is no part of a picture.
        let behind = self.value_bytes.saturating_sub(offset);
        let behind = usize::try_from(behind)
            .unwrap_or(usize::MAX)
            .min(chunk.len());
        chunk.get_mut(behind..).unwrap_or_default().fill(0);
    }

    fn blacken(&self, frame: u64, bytes: std::ops::Range<u64>, offset: u64, chunk: &mut [u8]) {
        let index = |at: u64| usize::try_from(at - offset).unwrap_or(usize::MAX);
        let place = index(bytes.start)..index(bytes.end);
        let phase =
            (bytes.start - frame) % self.plane_bytes.max(1) % (self.black.len().max(1) as u64);
        let phase = usize::try_from(phase).unwrap_or_default();
        let pattern = self.black.iter().cycle().skip(phase);
        for (byte, black) in chunk
            .get_mut(place)
            .unwrap_or_default()
            .iter_mut()
            .zip(pattern)
        {
            *byte = *black;
        }
    }
}

fn push_spans(layout: &Layout, region: &Region, plane: usize, spans: &mut Vec<(u64, u64)>) {
    let side = |at: u32, most: usize| usize::try_from(at).unwrap_or(most).min(most);
    let (mut left, mut right) = (
        side(region.left, layout.columns),
        side(region.right, layout.columns),
    );
    if layout.halved_colour || layout.swapped {
        // Two pixels lie in one group, which can only be overwritten whole.
        left -= left % 2;
        right = (right + right % 2).min(layout.columns);
    }
    if left >= right {
        return;
    }
    for row in side(region.top, layout.rows)..side(region.bottom, layout.rows) {
        let start = plane + row * layout.row_bytes();
        let from = start + left * layout.pixel_bytes();
        let to = start + right * layout.pixel_bytes();
        spans.push((from as u64, to as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::super::PixelFacts;
    use super::*;

    fn layout(samples: u16, bits: u16, planar: bool, frames: u64) -> Layout {
        let facts = PixelFacts {
            rows: 7,
            columns: 9,
            samples,
            bits_allocated: bits,
            bits_stored: bits,
            high_bit: bits - 1,
            planar,
            frames,
            ..PixelFacts::default()
        };
        Layout::of(&facts).unwrap()
    }

    fn blank(layout: Layout, black: Vec<u8>, chunk: usize) -> Vec<u8> {
        let region = Region {
            top: 2,
            left: 3,
            bottom: 5,
            right: 8,
        };
        let blanking = Blanking::of(layout, &[region], black);
        let frames = usize::try_from(layout.frames).unwrap();
        let mut bytes = vec![7; layout.frame_bytes() * frames + 1];
        let mut offset = 0;
        for part in bytes.chunks_mut(chunk) {
            blanking.apply(offset, part);
            offset += part.len() as u64;
        }
        bytes
    }

    #[test]
    fn every_way_of_cutting_the_stream_blanks_the_same() {
        for (samples, bits, planar) in [
            (1, 8, false),
            (1, 16, false),
            (3, 8, false),
            (3, 8, true),
            (3, 16, true),
        ] {
            let layout = layout(samples, bits, planar, 3);
            let black: Vec<u8> = (0..layout.pixel_bytes())
                .map(|byte| 100 + byte as u8)
                .collect();
            let whole = blank(layout, black.clone(), 1 << 20);
            for chunk in [1, 2, 3, 5, 64, 77] {
                assert_eq!(
                    blank(layout, black.clone(), chunk),
                    whole,
                    "{samples} {bits} {planar} {chunk}"
                );
            }
            let blanked = whole.iter().filter(|byte| **byte >= 100).count();
            assert_eq!(
                blanked,
                3 * 3 * 5 * layout.sample_bytes() * usize::from(samples)
            );
        }
    }

    #[test]
    fn bits_that_no_sample_needs_are_cleared_alone() {
        let mut layout = layout(1, 16, false, 1);
        layout.stored = 12;
        let blanking = Blanking::of(layout, &[], vec![0, 0]).clearing_outside(layout);
        let mut bytes = [0xab, 0xfc, 0xff, 0xff];
        let (one, other) = bytes.split_at_mut(1);
        blanking.apply(0, one);
        blanking.apply(1, other);
        assert_eq!(bytes, [0xab, 0x0c, 0xff, 0x0f]);
    }
}
