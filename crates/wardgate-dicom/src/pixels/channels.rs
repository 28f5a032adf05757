//! Channels of a picture, as planes of 16 bits in which text can be looked for.

use std::borrow::Cow;

use super::PixelFacts;
use super::layout::Layout;

/// What makes planes of the bytes of rows.
pub(super) struct Channels<'f> {
    layout: Layout,
    palette: Option<Palette<'f>>,
}

/// The planes of some rows.
#[derive(Default)]
pub(super) struct Planes {
    /// One plane, or one for each colour when they differ.
    pub(super) planes: Vec<Vec<u16>>,
    /// Bits outside of what is stored, when any are set that do not repeat the sign.
    pub(super) outside: Option<Vec<u16>>,
}

struct Palette<'f> {
    tables: [&'f [u8]; 3],
    entries: usize,
    first: i32,
    wide: bool,
}

impl<'f> Channels<'f> {
    pub(super) fn of(facts: &'f PixelFacts, layout: Layout) -> Self {
        Self {
            layout,
            palette: Palette::of(facts),
        }
    }

    /// The planes of rows; `rows` holds a part of each plane of the layout.
    pub(super) fn planes(&self, rows: &[Cow<'_, [u8]>]) -> Planes {
        let layout = &self.layout;
        let mut planes = Planes::default();
        match (layout.samples, layout.planar) {
            (1, _) => {
                let Some(bytes) = rows.first() else {
                    return planes;
                };
                let values = self.samples(bytes, 0, 1);
                planes.outside = self.outside(bytes);
                match &self.palette {
                    Some(palette) => planes.planes = palette.colours(&values),
                    None => planes.planes = vec![values],
                }
            }
            (_, true) => {
                planes.planes = rows.iter().map(|bytes| self.samples(bytes, 0, 1)).collect()
            }
            (_, false) if layout.halved_colour => {
                planes.planes = rows
                    .first()
                    .map(|bytes| luminance(bytes))
                    .into_iter()
                    .collect();
            }
            (samples, false) => {
                let bytes = rows.first().map(AsRef::as_ref).unwrap_or_default();
                planes.planes = (0..samples)
                    .map(|at| self.samples(bytes, at, samples))
                    .collect();
            }
        }
        if planes
            .planes
            .windows(2)
            .all(|pair| pair.first() == pair.last())
        {
            planes.planes.truncate(1);
        }
        planes
    }

    /// The greatest value that the planes can have.
    pub(super) fn most(&self) -> u16 {
        let layout = &self.layout;
        match (self.palette.is_some(), layout.bits) {
            (false, 1 | 8) => 255,
            (false, 16) => u16::try_from(layout.mask() >> layout.shift).unwrap_or(u16::MAX),
            _ => u16::MAX,
        }
    }

    /// The index of the darkest colour of a palette.
    pub(super) fn darkest_entry(&self) -> Option<u16> {
        let palette = self.palette.as_ref()?;
        let sum = |entry: usize| -> u32 {
            (0..3)
                .map(|colour| u32::from(palette.value(colour, entry)))
                .sum()
        };
        let darkest = (0..palette.entries).min_by_key(|entry| sum(*entry))?;
        let index = i64::from(palette.first) + i64::try_from(darkest).ok()?;
        u16::try_from(index).ok()
    }

    /// Every `of`-th sample from the `at`-th on.
    fn samples(&self, bytes: &[u8], at: usize, of: usize) -> Vec<u16> {
        let layout = &self.layout;
        match (layout.bits, layout.float) {
            (1, _) => bytes
                .iter()
                .flat_map(|byte| (0..8).map(move |bit| u16::from(byte >> bit & 1) * 255))
                .collect(),
            (8, _) => self.of_bytes(bytes, at, of),
            (16, _) => self.of_words(bytes, at, of),
            (32, false) => scaled(
                bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|four| self.integer(*four)),
            ),
            (32, true) => scaled(bytes.as_chunks::<4>().0.iter().map(|four| {
                f64::from(match layout.big_endian {
                    true => f32::from_be_bytes(*four),
                    false => f32::from_le_bytes(*four),
                })
            })),
            _ => scaled(
                bytes
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .map(|eight| match layout.big_endian {
                        true => f64::from_be_bytes(*eight),
                        false => f64::from_le_bytes(*eight),
                    }),
            ),
        }
    }

    fn of_bytes(&self, bytes: &[u8], at: usize, of: usize) -> Vec<u16> {
        let flip = u16::from(self.layout.signed) << 7;
        let ordered: Vec<u8>;
        let bytes = match self.layout.swapped {
            true => {
                ordered = bytes
                    .chunks(2)
                    .flat_map(|pair| pair.iter().rev().copied())
                    .collect();
                ordered.as_slice()
            }
            false => bytes,
        };
        bytes
            .iter()
            .skip(at)
            .step_by(of)
            .map(|byte| u16::from(*byte) ^ flip)
            .collect()
    }

    fn of_words(&self, bytes: &[u8], at: usize, of: usize) -> Vec<u16> {
        let layout = &self.layout;
        let mask = u16::try_from(layout.mask()).unwrap_or(u16::MAX);
        let flip = match layout.signed {
            true => 1_u16.checked_shl(layout.stored - 1).unwrap_or_default(),
            false => 0,
        };
        // Without a check of the shift, which is at most 15, so that many samples are one step of the processor.
        let shift = layout.shift;
        let value = |word: u16| (word & mask).wrapping_shr(shift) ^ flip;
        let words = bytes.as_chunks::<2>().0;
        if (layout.big_endian, of, mask, shift, flip) == (false, 1, u16::MAX, 0, 0) {
            return words.iter().map(|word| u16::from_le_bytes(*word)).collect();
        }
        match (layout.big_endian, of) {
            (false, 1) => words
                .iter()
                .map(|word| value(u16::from_le_bytes(*word)))
                .collect(),
            (false, _) => words
                .iter()
                .skip(at)
                .step_by(of)
                .map(|word| value(u16::from_le_bytes(*word)))
                .collect(),
            (true, _) => words
                .iter()
                .skip(at)
                .step_by(of)
                .map(|word| value(u16::from_be_bytes(*word)))
                .collect(),
        }
    }

    fn integer(&self, four: [u8; 4]) -> f64 {
        let word = match self.layout.big_endian {
            true => u32::from_be_bytes(four),
            false => u32::from_le_bytes(four),
        };
        match self.layout.signed {
            true => f64::from(word.cast_signed()),
            false => f64::from(word),
        }
    }

    /// What the bits hold that no sample needs, when it is more than the sign.
    fn outside(&self, bytes: &[u8]) -> Option<Vec<u16>> {
        let layout = &self.layout;
        if layout.bits != 16 || layout.stored == 16 {
            return None;
        }
        let mask = u16::try_from(layout.mask()).unwrap_or(u16::MAX);
        let top = 1_u16
            .checked_shl(layout.shift + layout.stored - 1)
            .unwrap_or_default();
        let above = !(top | (top - 1));
        let word = |word: &[u8; 2]| match layout.big_endian {
            true => u16::from_be_bytes(*word),
            false => u16::from_le_bytes(*word),
        };
        let foreign = |word: u16| match layout.signed && word & top != 0 && word & above == above {
            true => word & !mask & !above,
            false => word & !mask,
        };
        let words = bytes.as_chunks::<2>().0;
        // All bits together first: that takes no look at each sample by itself, and mostly none is set.
        let set = match layout.big_endian {
            true => set_in(words.iter().map(|word| u16::from_be_bytes(*word))),
            false => set_in(words.iter().map(|word| u16::from_le_bytes(*word))),
        };
        let any = set & !mask != 0 && words.iter().any(|bytes| foreign(word(bytes)) != 0);
        any.then(|| {
            words
                .iter()
                .map(|bytes| if foreign(word(bytes)) == 0 { 0 } else { 255 })
                .collect()
        })
    }
}

impl<'f> Palette<'f> {
    /// The palette of a picture that has one; a segmented one stays unread, and the indices are looked at.
    fn of(facts: &'f PixelFacts) -> Option<Self> {
        let [entries, first, bits] = facts.palette_descriptor;
        let colours = facts.photometric.trim() == "PALETTE COLOR" && facts.samples == 1;
        let [red, green, blue] = &facts.palette;
        let tables = [red.as_slice(), green.as_slice(), blue.as_slice()];
        let entries = match entries {
            0 => 65_536,
            entries => usize::from(entries),
        };
        let wide = bits == 16 || tables.iter().any(|table| table.len() >= entries * 2);
        let size = entries * if wide { 2 } else { 1 };
        let whole = tables.iter().all(|table| table.len() >= size);
        let first = match facts.signed {
            true => i32::from(first.cast_signed()),
            false => i32::from(first),
        };
        (colours && whole).then_some(Self {
            tables,
            entries,
            first,
            wide,
        })
    }

    fn value(&self, colour: usize, entry: usize) -> u16 {
        let table = self.tables.get(colour).copied().unwrap_or_default();
        match self.wide {
            true => {
                let at = entry * 2;
                let bytes = table
                    .get(at..at + 2)
                    .and_then(|bytes| bytes.first_chunk::<2>());
                bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
            }
            false => table.get(entry).map_or(0, |byte| u16::from(*byte) << 8),
        }
    }

    fn colours(&self, indices: &[u16]) -> Vec<Vec<u16>> {
        let last = self.entries - 1;
        let entry = |index: u16| {
            let entry = i64::from(index) - i64::from(self.first);
            usize::try_from(entry).unwrap_or(0).min(last)
        };
        let colour = |colour| -> Vec<u16> {
            let table: Vec<u16> = (0..self.entries).map(|at| self.value(colour, at)).collect();
            indices
                .iter()
                .map(|index| table.get(entry(*index)).copied().unwrap_or_default())
                .collect()
        };
        (0..3).map(colour).collect()
    }
}

/// The bits that are set in any of the words.
fn set_in(words: impl Iterator<Item = u16>) -> u16 {
    words.fold(0, |set, word| set | word)
}

/// The luminance of pixels that share their colours by two: Y Y Cb Cr.
fn luminance(bytes: &[u8]) -> Vec<u16> {
    let groups = bytes.as_chunks::<4>().0.iter();
    groups
        .flat_map(|[one, other, _, _]| [u16::from(*one), u16::from(*other)])
        .collect()
}

/// Values on the span that they have together.
fn scaled(values: impl Iterator<Item = f64> + Clone) -> Vec<u16> {
    let finite = values.clone().filter(|value| value.is_finite());
    let (least, most) = finite.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let by = match most > least {
        true => 65_535.0 / (most - least),
        false => 0.0,
    };
    // A float becomes the nearest number that 16 bits can hold; what is no number becomes 0.
    values.map(|value| ((value - least) * by) as u16).collect()
}
