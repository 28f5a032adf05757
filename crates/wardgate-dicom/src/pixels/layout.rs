//! How samples lie in the bytes of a frame.

use wardgate_deid::RecordFault;

use super::{PixelBytes, PixelFacts, unclear};

/// The layout of native frames, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) samples: usize,
    /// Bits of a sample as it is stored: 1, 8, 16, 32 or 64.
    pub(super) bits: usize,
    pub(super) stored: u32,
    /// How far the stored bits lie from the lowest.
    pub(super) shift: u32,
    pub(super) signed: bool,
    pub(super) planar: bool,
    /// Two pixels share their colours (YBR_FULL_422, YBR_PARTIAL_422).
    pub(super) halved_colour: bool,
    pub(super) big_endian: bool,
    pub(super) swapped: bool,
    pub(super) float: bool,
    pub(super) frames: u64,
}

impl Layout {
    /// The layout that the facts tell.
    ///
    /// # Errors
    /// When they tell none that the standard knows.
    pub(super) fn of(facts: &PixelFacts) -> Result<Self, RecordFault> {
        let float = facts.float_bits > 0;
        let bits = match float {
            true => facts.float_bits,
            false => facts.bits_allocated,
        };
        let stored = match facts.bits_stored {
            0 => bits,
            stored => stored,
        };
        let high = match facts.high_bit {
            0 if stored > 1 => stored - 1,
            high => high,
        };
        let known = matches!(bits, 1 | 8 | 16 | 32 | 64) && (float || bits < 64);
        let fits = stored <= bits && high < bits && high + 1 >= stored;
        let sampled = facts.samples == 1 || facts.samples == 3;
        let colour = facts.samples == 1 || bits == 8 || bits == 16;
        let sized = facts.rows > 0
            && facts.columns > 0
            && facts.rows <= SIDE_MAX
            && facts.columns <= SIDE_MAX;
        if !(known && fits && sampled && colour && sized) {
            return Err(unclear("the file does not say how its pixels lie"));
        }
        let size = |count: u32| usize::try_from(count).unwrap_or_default();
        Ok(Self {
            columns: size(facts.columns),
            rows: size(facts.rows),
            samples: usize::from(facts.samples),
            bits: usize::from(bits),
            stored: u32::from(stored),
            shift: u32::from(high + 1 - stored),
            signed: facts.signed && !float,
            planar: facts.planar && facts.samples == 3,
            halved_colour: facts.samples == 3
                && bits == 8
                && facts.photometric.trim().ends_with("_422"),
            big_endian: facts.big_endian,
            swapped: facts.swapped_bytes && bits == 8,
            float,
            frames: facts.frames.max(1),
        })
    }

    /// The layout as the length of native pixels shows it: frames that nobody counted are frames too, and pixels
    /// that are said to share colours may have three samples each.
    pub(super) fn fitted(mut self, pixels: &dyn PixelBytes) -> Self {
        if pixels.fragments().is_some() || self.bits == 1 {
            return self;
        }
        let whole = Self {
            halved_colour: false,
            ..self
        }
        .frame_bytes() as u64;
        if self.halved_colour && pixels.len() >= whole.saturating_mul(self.frames) {
            self.halved_colour = false;
        }
        let there = pixels.len().checked_div(self.frame_bytes() as u64);
        self.frames = self.frames.max(there.unwrap_or_default());
        self
    }

    /// The layout of a frame that was decoded from this one's file: little endian, colours together.
    pub(super) fn decoded(self) -> Self {
        Self {
            planar: false,
            halved_colour: false,
            big_endian: false,
            swapped: false,
            frames: 1,
            ..self
        }
    }

    /// Bytes of a sample; one for samples of a bit.
    pub(super) fn sample_bytes(&self) -> usize {
        (self.bits / 8).max(1)
    }

    /// Bytes from one pixel to the next in a row.
    pub(super) fn pixel_bytes(&self) -> usize {
        match (self.halved_colour, self.planar) {
            (true, _) => 2,
            (_, true) => self.sample_bytes(),
            _ => self.sample_bytes() * self.samples,
        }
    }

    /// Bytes of a row of one plane.
    pub(super) fn row_bytes(&self) -> usize {
        self.columns * self.pixel_bytes()
    }

    /// Bytes from one plane of a frame to the next.
    pub(super) fn plane_bytes(&self) -> usize {
        self.row_bytes() * self.rows
    }

    /// How many planes a frame has.
    pub(super) fn planes(&self) -> usize {
        match self.planar {
            true => self.samples,
            false => 1,
        }
    }

    /// Bytes of a frame; frames of single bits do not begin at bytes.
    pub(super) fn frame_bytes(&self) -> usize {
        self.plane_bytes() * self.planes()
    }

    /// Where the last frame ends; turned pairs are whole.
    pub(super) fn value_bytes(&self) -> u64 {
        let end = self.frames.saturating_mul(self.frame_bytes() as u64);
        match self.swapped {
            true => end.saturating_add(end % 2),
            false => end,
        }
    }

    /// The bits of a sample that hold its value.
    pub(super) fn mask(&self) -> u32 {
        let ones = u32::MAX
            .checked_shr(32 - self.stored.min(32))
            .unwrap_or_default();
        ones.checked_shl(self.shift).unwrap_or_default()
    }
}

/// The longest side of a picture: what the standard's two bytes can say.
const SIDE_MAX: u32 = 65_535;
