//! Decompresses pixels for good, so that parts of them can be blanked.

use wardgate_deid::RecordFault;

use super::coded::CodeHead;
use super::compressed;
use super::layout::Layout;
use super::{Fragment, PixelBytes, PixelFacts, undecodable};

/// How compressed frames become native ones: little endian, colours of a pixel together.
pub(crate) struct Decoded {
    facts: PixelFacts,
    /// The layout of the compressed frames.
    coded: Layout,
    layout: Layout,
    frames: Vec<Vec<Fragment>>,
    photometric: String,
    lossy: bool,
}

impl Decoded {
    /// The way for a file whose frames were all decoded once, when they were looked at.
    ///
    /// # Errors
    /// When it is not sure what the samples of a frame mean, or there are too many for one file.
    pub(super) fn of(
        facts: &PixelFacts,
        coded: Layout,
        pixels: &mut dyn PixelBytes,
    ) -> Result<Self, RecordFault> {
        let frames = compressed::frames_of(pixels, coded.frames)?;
        let layout = Layout {
            frames: frames.len() as u64,
            ..coded.decoded()
        };
        if layout.value_bytes() >= u64::from(u32::MAX) {
            return Err(undecodable(
                "the pixels are too long for one file once they are decompressed",
            ));
        }
        let mut decoded = Self {
            facts: facts.clone(),
            coded,
            layout,
            photometric: facts.photometric.trim().to_owned(),
            lossy: false,
            frames,
        };
        // RLE holds samples as the file tells them.
        if facts.transfer_syntax.trim_end_matches(['\0', ' ']) == RLE {
            return Ok(decoded);
        }
        let unsure = || undecodable("it is not sure what the compressed samples mean");
        if layout.shift != 0 {
            return Err(unsure());
        }
        let mut told: Option<String> = None;
        for frame in &decoded.frames {
            let code = compressed::code_of(frame, pixels)?;
            let head = CodeHead::of(&code).ok_or_else(unsure)?;
            let photometric = head.decoded_photometric(facts).ok_or_else(unsure)?;
            if told.as_deref().is_some_and(|told| told != photometric) {
                return Err(unsure());
            }
            decoded.lossy |= head.is_lossy();
            told = Some(photometric.to_owned());
        }
        decoded.photometric = told.ok_or_else(unsure)?;
        Ok(decoded)
    }

    /// The layout of the native frames.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Bytes of all native frames.
    pub(crate) fn len(&self) -> u64 {
        self.layout.value_bytes()
    }

    /// How many frames there are.
    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Bits that a sample takes: 8 or more.
    pub(crate) fn bits_allocated(&self) -> usize {
        self.layout.bits
    }

    /// (0028,0004) of the native frames.
    pub(crate) fn photometric(&self) -> &str {
        &self.photometric
    }

    /// Whether a pixel has several samples, whose order (0028,0006) tells.
    pub(crate) fn has_colours(&self) -> bool {
        self.layout.samples > 1
    }

    /// Whether something of the picture was lost for certain when it was compressed.
    pub(crate) fn is_lossy(&self) -> bool {
        self.lossy
    }

    /// The bytes of a native frame.
    ///
    /// # Errors
    /// When it cannot be read or decoded.
    pub(crate) fn frame(
        &self,
        at: usize,
        pixels: &mut dyn PixelBytes,
    ) -> Result<Vec<u8>, RecordFault> {
        let frame = self.frames.get(at).map(Vec::as_slice).unwrap_or_default();
        let code = compressed::code_of(frame, pixels)?;
        let mut bytes = compressed::decode(&self.facts, &self.coded, code)?;
        bytes.truncate(self.layout.frame_bytes());
        Ok(bytes)
    }
}

/// RLE Lossless (PS3.5 annex G).
pub(super) const RLE: &str = "1.2.840.10008.1.2.5";
