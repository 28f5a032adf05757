//! Looks at every frame, in strips of bounded size.

use wardgate_deid::RecordFault;

use super::channels::Channels;
use super::layout::Layout;
use super::region::{Region, condensed};
use super::rules::Judgement;
use super::text::{Care, Plane, find};
use super::{Fragment, PixelBytes, PixelFacts, compressed, unclear};

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
}

/// Looks at every frame.
///
/// # Errors
/// When the frames cannot be read or decoded.
pub(super) fn look(
    facts: &PixelFacts,
    layout: Layout,
    pixels: &mut dyn PixelBytes,
    judgement: Judgement,
) -> Result<Look, RecordFault> {
    let care = match judgement {
        Judgement::Plain => Care::Plain,
        _ => Care::Careful,
    };
    let mut look = Look {
        compressed: pixels.fragments().is_some(),
        ..Look::default()
    };
    match look.compressed {
        true => look.at_code(facts, layout, pixels, care)?,
        false => {
            let channels = Channels::of(facts, layout);
            let mut extremes = Extremes::default();
            look.at_native(&channels, layout, pixels, (care, &mut extremes))?;
            look.surplus = has_surplus(&layout, pixels)?;
            look.black = black(facts, layout, &channels, &extremes);
        }
    }
    condensed(&mut look.regions);
    Ok(look)
}

impl Look {
    fn at_code(
        &mut self,
        facts: &PixelFacts,
        layout: Layout,
        pixels: &mut dyn PixelBytes,
        care: Care,
    ) -> Result<(), RecordFault> {
        let decoded_layout = layout.decoded();
        let channels = Channels::of(facts, decoded_layout);
        for frame in compressed::frames_of(pixels, layout.frames)? {
            let code = code_of(&frame, pixels)?;
            let mut bytes = compressed::decode(facts, &layout, code)?;
            bytes.truncate(decoded_layout.frame_bytes());
            self.note(&channels, decoded_layout, &[bytes], 0, care);
        }
        Ok(())
    }

    fn at_native(
        &mut self,
        channels: &Channels<'_>,
        layout: Layout,
        pixels: &mut dyn PixelBytes,
        (care, extremes): (Care, &mut Extremes),
    ) -> Result<(), RecordFault> {
        if layout.columns < WORD_COLUMNS_MIN || layout.rows < WORD_ROWS_MIN {
            return Ok(());
        }
        let strip_rows = (STRIP_PIXELS / layout.columns)
            .max(STRIP_ROWS_MIN)
            .min(layout.rows);
        let mut before: Vec<Vec<u8>> = Vec::new();
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
                    extremes.note(&layout, &strip);
                    self.note(channels, layout, &strip, top, care);
                }
                if top + rows >= layout.rows {
                    before = strip;
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

    fn note(
        &mut self,
        channels: &Channels<'_>,
        layout: Layout,
        strip: &[Vec<u8>],
        top: usize,
        care: Care,
    ) {
        let planes = channels.planes(strip);
        let down = u32::try_from(top).unwrap_or_default();
        let pixels = strip
            .first()
            .map_or(0, |bytes| bytes.len() / layout.pixel_bytes().max(1));
        for values in &planes.planes {
            let cut = values
                .len()
                .min(pixels.max(values.len() / layout.columns * layout.columns));
            let whole = cut / layout.columns * layout.columns;
            let plane = values
                .get(..whole)
                .and_then(|values| Plane::new(values, layout.columns));
            let found = plane.map(|plane| find(plane, care)).unwrap_or_default();
            self.regions.extend(found.iter().map(|region| Region {
                top: region.top + down,
                bottom: region.bottom + down,
                ..*region
            }));
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
fn read_strip(
    layout: &Layout,
    pixels: &mut dyn PixelBytes,
    start: u64,
    (top, rows): (usize, usize),
) -> Result<Option<Vec<Vec<u8>>>, RecordFault> {
    let mut strip = Vec::with_capacity(layout.planes());
    for plane in 0..layout.planes() {
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
        let from = start.saturating_add(offset);
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
        strip.push(bytes);
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

fn code_of(frame: &[Fragment], pixels: &mut dyn PixelBytes) -> Result<Vec<u8>, RecordFault> {
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

/// The samples with the least and the greatest value, as they are stored.
#[derive(Default)]
struct Extremes {
    least: Option<(i64, Vec<u8>)>,
    most: Option<(i64, Vec<u8>)>,
}

impl Extremes {
    /// Notes the extremes of samples of up to 32 bits that may be negative; for others black is known without.
    fn note(&mut self, layout: &Layout, strip: &[Vec<u8>]) {
        if !layout.signed && !layout.float {
            return;
        }
        if layout.bits == 16 && layout.stored == 16 {
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
        let value = |word: &[u8; 2]| match layout.big_endian {
            true => i16::from_be_bytes(*word),
            false => i16::from_le_bytes(*word),
        };
        let least = words.iter().map(value).fold(i16::MAX, i16::min);
        let most = words.iter().map(value).fold(i16::MIN, i16::max);
        if words.is_empty() {
            return;
        }
        for extreme in [least, most] {
            let bytes = match layout.big_endian {
                true => extreme.to_be_bytes(),
                false => extreme.to_le_bytes(),
            };
            self.add(i64::from(extreme), &bytes);
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
    facts: &PixelFacts,
    layout: Layout,
    channels: &Channels<'_>,
    extremes: &Extremes,
) -> Vec<u8> {
    let photometric = facts.photometric.trim();
    let inverted = photometric == "MONOCHROME1";
    let of_value = |value: u32| -> Vec<u8> {
        let bytes = value.to_le_bytes();
        let mut bytes: Vec<u8> = bytes.iter().take(layout.sample_bytes()).copied().collect();
        if layout.big_endian {
            bytes.reverse();
        }
        bytes
    };
    if let Some(entry) = channels.darkest_entry() {
        return of_value(u32::from(entry));
    }
    if layout.samples == 1 {
        let extreme = match inverted {
            true => extremes.most.as_ref(),
            false => extremes.least.as_ref(),
        };
        return match (extreme, inverted) {
            (Some((_, bytes)), _) => bytes.clone(),
            (None, true) => of_value(layout.mask()),
            (None, false) => vec![0; layout.sample_bytes()],
        };
    }
    let grey = of_value(1_u32.checked_shl(layout.stored - 1).unwrap_or_default());
    let zero = of_value(0);
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

/// How many pixels are looked at in one piece.
const STRIP_PIXELS: usize = 1 << 20;
/// The least rows of a strip: more than its overlap with the next.
const STRIP_ROWS_MIN: usize = 192;
/// Rows that two strips have in common, so that no line of text is cut.
const STRIP_OVERLAP: usize = 128;
/// A picture of fewer columns or rows has no room for a word.
const WORD_COLUMNS_MIN: usize = 12;
const WORD_ROWS_MIN: usize = 5;
/// How much of the value is read at once behind the last frame.
const CHUNK_BYTES: usize = 64 << 10;
/// Regions from which on those of several frames are joined.
const REGIONS_JOINED_MAX: usize = 1024;
/// The longest code of a frame that is decoded.
const CODE_BYTES_MAX: u64 = 128 << 20;
