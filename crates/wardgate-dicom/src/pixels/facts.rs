//! What is known of pixels before they are looked at, and how their bytes are read.

use wardgate_deid::RecordFault;

/// What a data set says about its pixels, read from the input before anything is cleaned.
#[derive(Clone, Debug, Default)]
pub(crate) struct PixelFacts {
    /// UID of the transfer syntax, as found rather than as labelled.
    pub(crate) transfer_syntax: String,
    pub(crate) sop_class: String,
    pub(crate) modality: String,
    pub(crate) manufacturer: String,
    /// (0008,1090).
    pub(crate) model: String,
    pub(crate) image_type: Vec<String>,
    /// (0018,0015), for faces.
    pub(crate) body_part: String,
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
    /// 32 or 64 for (7FE0,0008) and (7FE0,0009), 0 for (7FE0,0010).
    pub(crate) float_bits: u16,
    /// Whether samples of one colour stand together (planar configuration 1).
    pub(crate) planar: bool,
    pub(crate) photometric: String,
    /// (0028,1101): entries, first value, bits.
    pub(crate) palette_descriptor: [u16; 3],
    /// (0028,1201) to (0028,1203), little endian; empty when absent or segmented.
    pub(crate) palette: [Vec<u8>; 3],
    /// Regions of (0018,6011), for rules that blank what is outside of them: x0, y0, x1, y1, both ends within.
    pub(crate) ultrasound_regions: Vec<[u32; 4]>,
    /// Whether an overlay lies in the bits of the pixels: (60xx,0100) is not 1, or (60xx,0102) not 0.
    pub(crate) embedded_overlay: bool,
    /// Whether samples are stored with the most significant byte first.
    pub(crate) big_endian: bool,
    /// Whether samples of 8 bits stand in words of a big-endian file, and so in turned pairs.
    pub(crate) swapped_bytes: bool,
}

/// The bytes of a pixel element, wherever they lie.
pub(crate) trait PixelBytes {
    /// Length of the value in bytes; of encapsulated pixels, from the first item to the delimiter.
    fn len(&self) -> u64;

    /// The fragments behind the offset table, when the pixels are encapsulated: offset within the value and length.
    fn fragments(&self) -> Option<&[Fragment]>;

    /// The offsets of frames that the basic offset table gives, relative to the first fragment's item.
    fn offsets(&self) -> &[u64];

    /// Bytes of the value that are in memory already.
    fn held(&self, _offset: u64, _len: u64) -> Option<&[u8]> {
        None
    }

    /// Fills `buffer` from `offset` of the value.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), RecordFault>;
}

/// A fragment of encapsulated pixels, without its item header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) offset: u64,
    pub(crate) len: u32,
}
