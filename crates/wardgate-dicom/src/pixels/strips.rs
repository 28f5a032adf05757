//! Looks at every frame, in strips of bounded size.

use std::borrow::Cow;

use wardgate_deid::RecordFault;

use super::channels::Channels;
use super::decision::Wanted;
use super::layout::Layout;
use super::region::{Region, condensed};
use super::text::{Care, Plane, find};
use super::{PixelBytes, PixelFacts, compressed};
use crate::devices::Judgement;

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Where there is text, in any frame.
    pub(super) regions: Vec<Region>,
    /// Whether bits that no sample needs hold text.
    pub(super) text_outside: bool,
    /// The bytes of a black pixel.
    pub(super) black: Vec<u8>,
    pub(super) compressed: bool,
    /// Whether something stands behind the last frame.
    pub(super) surplus: bool,
    /// Whether something is drawn where the rules want nothing.
    pub(super) drawn: bool,
}

/// Looks at every frame.
///
/// # Errors
/// When the frames cannot be read or decoded.
pub(super) fn look(
    facts: &PixelFacts,
    layout: Layout,
    pixels: &mut dyn PixelBytes,
    (judgement, wanted): (Judgement, &Wanted),
) -> Result<Look, RecordFault> {
    let care = match judgement {
        Judgement::Plain => Care::Plain,
        _ => Care::Careful,
    };
    let mut look = Look {
        compressed: pixels.fragments().is_some(),
        ..Look::default()
    };
    let seen = match look.compressed {
        true => layout.decoded(),
        false => layout,
    };
    let channels = Channels::of(facts, seen);
    let mut eye = Eye {
        channels: &channels,
        layout: seen,
        care,
        wanted,
        spans: Vec::new(),
        extremes: Extremes::default(),
    };
    match look.compressed {
        true => look.at_code(facts, layout, pixels, &mut eye)?,
        false => {
            look.at_native(pixels, &mut eye)?;
            look.surplus = has_surplus(&layout, pixels)?;
        }
    }
    look.drawn = eye.is_drawn();
    look.black = black(facts.photometric.trim(), seen, &channels, &eye.extremes);
    condensed(&mut look.regions);
    Ok(look)
}

/// How strips are looked at, and what is remembered of them besides text.
struct Eye<'e> {
    channels: &'e Channels<'e>,
    layout: Layout,
    care: Care,
    wanted: &'e Wanted,
    /// The least and the greatest value of each channel where the rules want nothing.
    spans: Vec<(u16, u16)>,
    extremes: Extremes,
}

impl Eye<'_> {
    /// Notes what stands where the rules want nothing; `plane` begins at row `top` of the frame.
    fn note_wanted(&mut self, channel: usize, plane: &[u16], top: usize) {
        let columns = self.layout.columns;
        let rows = plane.len() / columns.max(1);
        self.spans
            .resize(self.spans.len().max(channel + 1), (u16::MAX, 0));
        let Some(span) = self.spans.get_mut(channel) else {
            return;
        };
        let side = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        for region in self.wanted.regions() {
            let first = side(region.top).saturating_sub(top);
            let next = side(region.bottom).saturating_sub(top).min(rows);
            for row in first..next {
                let from = row * columns + side(region.left).min(columns);
                let to = row * columns + side(region.right).min(columns);
                for value in plane.get(from..to).unwrap_or_default() {
                    *span = (span.0.min(*value), span.1.max(*value));
                }
            }
        }
    }

    /// Whether more than the traces of compression stands where the rules want nothing.
    fn is_drawn(&self) -> bool {
        let least = u32::from(self.channels.most()) / PLAIN_SHARE;
        let spans = self.spans.iter();
        spans
            .map(|(low, high)| u32::from(high.saturating_sub(*low)))
            .any(|span| span > least)
    }
}

impl Look {
    fn at_code(
        &mut self,
        facts: &PixelFacts,
        layout: Layout,
        pixels: &mut dyn PixelBytes,
        eye: &mut Eye<'_>,
    ) -> Result<(), RecordFault> {
        for frame in compressed::frames_of(pixels, layout.frames)? {
            let code = compressed::code_of(&frame, pixels)?;
            let mut bytes = compressed::decode(facts, &layout, code)?;
            bytes.truncate(eye.layout.frame_bytes());
            let frame = [Cow::Owned(bytes)];
            eye.extremes.note(&eye.layout, &frame);
            self.note(eye, &frame, 0);
        }
        Ok(())
    }

    fn at_native(
        &mut self,
        pixels: &mut dyn PixelBytes,
        eye: &mut Eye<'_>,
    ) -> Result<(), RecordFault> {
        let layout = eye.layout;
        if layout.columns < WORD_COLUMNS_MIN || layout.rows < WORD_ROWS_MIN {
            return Ok(());
        }
        let strip_rows = (STRIP_PIXELS / layout.columns)
            .max(STRIP_ROWS_MIN)
            .min(layout.rows);
        let mut before: Vec<Cow<'static, [u8]>> = Vec::new();
        for frame in 0..layout.frames {
            let start = frame_start(&layout, frame);
            let mut top = 0;
            loop {
                let rows = strip_rows.min(layout.rows - top);
                let Some(strip) = read_strip(&layout, pixels, start, (top, rows))? else {
                    return Ok(());
                };
                // A frame that shows what the one before it shows has been looked at.
                let seen = strip_rows == layout.rows && strip == before;
                if !seen {
                    eye.extremes.note(&layout, &strip);
                    self.note(eye, &strip, top);
                }
                if top + rows >= layout.rows {
                    if layout.frames > 1 {
                        let owned = strip
                            .into_iter()
                            .map(|bytes| Cow::Owned(bytes.into_owned()));
                        before = owned.collect();
                    }
                    break;
                }
                top += rows - STRIP_OVERLAP;
            }
            if self.regions.len() > REGIONS_JOINED_MAX {
                condensed(&mut self.regions);
            }
        }
        Ok(())
    }

    fn note(&mut self, eye: &mut Eye<'_>, strip: &[Cow<'_, [u8]>], top: usize) {
        let layout = eye.layout;
        let planes = eye.channels.planes(strip);
        let down = u32::try_from(top).unwrap_or_default();
        let pixels = strip
            .first()
            .map_or(0, |bytes| bytes.len() / layout.pixel_bytes().max(1));
        for (channel, values) in planes.planes.iter().enumerate() {
            let cut = values
                .len()
                .min(pixels.max(values.len() / layout.columns * layout.columns));
            let whole = cut / layout.columns * layout.columns;
            let values = values.get(..whole).unwrap_or_default();
            let plane = Plane::new(values, layout.columns);
            let found = plane.map(|plane| find(plane, eye.care)).unwrap_or_default();
            self.regions.extend(found.iter().map(|region| Region {
                top: region.top + down,
                bottom: region.bottom + down,
                ..*region
            }));
            if !eye.wanted.is_empty() {
                eye.note_wanted(channel, values, top);
            }
        }
        if let Some(bits) = planes.outside {
            let plane = Plane::new(&bits, layout.columns);
            self.text_outside |= plane.is_some_and(|plane| !find(plane, Care::Careful).is_empty());
        }
    }
}

/// The bytes of some rows of each plane of a frame; nothing when the value ends before them.
///
/// Frames of single bits are read from the byte in which they begin.
fn read_strip<'p>(
    layout: &Layout,
    pixels: &'p mut dyn PixelBytes,
    start: u64,
    (top, rows): (usize, usize),
) -> Result<Option<Vec<Cow<'p, [u8]>>>, RecordFault> {
    let places = (0..layout.planes()).map(|plane| {
        let (offset, len) = match layout.bits {
            1 => (
                (top * layout.columns / 8) as u64,
                (rows * layout.columns).div_ceil(8),
            ),
            _ => {
                let offset = plane * layout.plane_bytes() + top * layout.row_bytes();
                (offset as u64, rows * layout.row_bytes())
            }
        };
        (start.saturating_add(offset), len)
    });
    // What is in memory is looked at where it lies.
    if places.clone().all(|(from, len)| {
        from.saturating_add(len as u64) <= pixels.len() && pixels.held(from, len as u64).is_some()
    }) {
        let pixels: &'p dyn PixelBytes = pixels;
        let held = places.filter_map(|(from, len)| pixels.held(from, len as u64));
        return Ok(Some(held.map(Cow::Borrowed).collect()));
    }
    let mut strip = Vec::with_capacity(layout.planes());
    for (from, len) in places {
        let there = usize::try_from(pixels.len().saturating_sub(from))
            .unwrap_or(usize::MAX)
            .min(len);
        if there == 0 {
            return Ok(None);
        }
        let mut bytes = vec![0; len];
        let Some(part) = bytes.get_mut(..there) else {
            return Ok(None);
        };
        pixels.read_at(from, part)?;
        strip.push(Cow::Owned(bytes));
    }
    Ok(Some(strip))
}

/// Whether the value goes on behind its last frame with anything but zeros.
fn has_surplus(layout: &Layout, pixels: &mut dyn PixelBytes) -> Result<bool, RecordFault> {
    if layout.bits == 1 {
        return Ok(false);
    }
    let from = layout.value_bytes();
    let len = usize::try_from(pixels.len().saturating_sub(from)).unwrap_or(usize::MAX);
    let mut at = from;
    let mut bytes = vec![0; len.min(CHUNK_BYTES)];
    while at < pixels.len() {
        let left = usize::try_from(pixels.len() - at).unwrap_or(usize::MAX);
        let part = bytes.get_mut(..left.min(CHUNK_BYTES)).unwrap_or_default();
        pixels.read_at(at, part)?;
        if part.iter().any(|byte| *byte != 0) {
            return Ok(true);
        }
        at += part.len() as u64;
    }
    Ok(false)
}

/// Where a frame begins; one of single bits may begin within the byte.
fn frame_start(layout: &Layout, frame: u64) -> u64 {
    match layout.bits {
        1 => frame.saturating_mul((layout.columns * layout.rows) as u64) / 8,
        _ => frame.saturating_mul(layout.frame_bytes() as u64),
    }
}

/// The samples with the least and the greatest value, as they are stored.
#[derive(Default)]
struct Extremes {
    least: Option<(i64, Vec<u8>)>,
    most: Option<(i64, Vec<u8>)>,
}

impl Extremes {
    /// Notes the extremes of samples of up to 32 bits that may be negative; for others black is known without.
    fn note(&mut self, layout: &Layout, strip: &[Cow<'_, [u8]>]) {
        if !layout.signed && !layout.float {
            return;
        }
        if layout.bits == 16 && !layout.float {
            for bytes in strip {
                self.note_words(layout, bytes);
            }
            return;
        }
        for bytes in strip {
            for sample in bytes.chunks_exact(layout.sample_bytes()) {
                self.add(number(layout, sample), sample);
            }
        }
    }

    /// The common samples, at the speed at which they can be read.
    fn note_words(&mut self, layout: &Layout, bytes: &[u8]) {
        let words = bytes.as_chunks::<2>().0;
        let unused = 16 - (layout.shift + layout.stored).min(16);
        let value = |word: &[u8; 2]| {
            let word = match layout.big_endian {
                true => u16::from_be_bytes(*word),
                false => u16::from_le_bytes(*word),
            };
            word.wrapping_shl(unused).cast_signed().wrapping_shr(unused)
        };
        let (mut least, mut most) = (None, None);
        for part in words.chunks(SEARCHED) {
            let low = part.iter().map(value).fold(i16::MAX, i16::min);
            let high = part.iter().map(value).fold(i16::MIN, i16::max);
            if least.is_none_or(|(least, _)| low < least) {
                least = Some((low, part));
            }
            if most.is_none_or(|(most, _)| high > most) {
                most = Some((high, part));
            }
        }
        for (extreme, part) in [least, most].into_iter().flatten() {
            // As it is first written: bits that no sample needs may differ.
            let first = part.iter().find(|word| value(word) == extreme);
            if let Some(word) = first {
                self.add(i64::from(extreme), word);
            }
        }
    }

    fn add(&mut self, value: i64, sample: &[u8]) {
        if self.least.as_ref().is_none_or(|(least, _)| value < *least) {
            self.least = Some((value, sample.to_vec()));
        }
        if self.most.as_ref().is_none_or(|(most, _)| value > *most) {
            self.most = Some((value, sample.to_vec()));
        }
    }
}

/// A signed sample as a number; of a float, a number in the same order.
fn number(layout: &Layout, sample: &[u8]) -> i64 {
    let ordered = |byte: &u8| u64::from(*byte);
    let raw = match layout.big_endian {
        true => sample.iter().fold(0, |sum, byte| sum << 8 | ordered(byte)),
        false => sample
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | ordered(byte)),
    };
    let unused = match layout.float {
        true => 64 - u32::try_from(layout.bits).unwrap_or(64),
        false => 64 - (layout.shift + layout.stored).min(64),
    };
    let value = (raw << unused).cast_signed() >> unused;
    match layout.float && value < 0 {
        true => -(value & (i64::MAX >> unused)),
        false => value,
    }
}

/// The bytes of a black pixel.
fn black(
    photometric: &str,
    layout: Layout,
    channels: &Channels<'_>,
    extremes: &Extremes,
) -> Vec<u8> {
    if let Some(entry) = channels.darkest_entry() {
        return sample_of(&layout, u32::from(entry));
    }
    if layout.samples > 1 {
        return black_of_colours(photometric, &layout);
    }
    let inverted = photometric == "MONOCHROME1";
    let extreme = match inverted {
        true => extremes.most.as_ref(),
        false => extremes.least.as_ref(),
    };
    match (extreme, inverted) {
        (Some((_, bytes)), _) => bytes.clone(),
        (None, true) => sample_of(&layout, layout.mask()),
        (None, false) => vec![0; layout.sample_bytes()],
    }
}

/// The bytes of a black pixel of several samples.
pub(super) fn black_of_colours(photometric: &str, layout: &Layout) -> Vec<u8> {
    let grey = sample_of(
        layout,
        1_u32.checked_shl(layout.stored - 1).unwrap_or_default(),
    );
    let zero = sample_of(layout, 0);
    match (
        photometric.starts_with("YBR"),
        layout.halved_colour,
        layout.planar,
    ) {
        (true, true, _) => vec![0, 0, 128, 128],
        (true, _, false) => [zero, grey.clone(), grey].concat(),
        _ => zero.repeat(if layout.planar { 1 } else { layout.samples }),
    }
}

/// The bytes of a sample.
fn sample_of(layout: &Layout, value: u32) -> Vec<u8> {
    let bytes = value.to_le_bytes();
    let mut bytes: Vec<u8> = bytes.iter().take(layout.sample_bytes()).copied().collect();
    if layout.big_endian {
        bytes.reverse();
    }
    bytes
}

/// How many pixels are looked at in one piece.
const STRIP_PIXELS: usize = 1 << 20;
/// The least rows of a strip: more than its overlap with the next.
const STRIP_ROWS_MIN: usize = 192;
/// Rows that two strips have in common, so that no line of text is cut.
const STRIP_OVERLAP: usize = 128;
/// A picture of fewer columns or rows has no room for a word.
const WORD_COLUMNS_MIN: usize = 12;
const WORD_ROWS_MIN: usize = 5;
/// In how many samples the first of a value is sought.
const SEARCHED: usize = 2048;
/// How much of the value is read at once behind the last frame.
const CHUNK_BYTES: usize = 64 << 10;
/// Regions from which on those of several frames are joined.
const REGIONS_JOINED_MAX: usize = 1024;
/// The share of all values that the traces of compression span at most, where nothing is drawn.
const PLAIN_SHARE: u32 = 16;
