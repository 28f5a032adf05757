//! What is burned into pixels: judged before the pixels leave, blanked or refused, never passed silently.
//!
//! Rules say how prone a kind of picture is ([`crate::devices`]), and every picture is looked at ([`text`]), frame
//! by frame, in strips of bounded size. What is found in native pixels is blanked in every frame, because text
//! that a device burns in stands in all of them; what is found in compressed pixels is refused, because
//! blanking would compress them again, or decompressed for good when that is wanted ([`decoded`]).

mod blanking;
mod channels;
mod coded;
mod compressed;
mod decision;
mod decoded;
#[cfg(test)]
mod drawn;
mod facts;
mod layout;
mod region;
mod strips;
#[cfg(test)]
mod tests;
mod text;

use wardgate_deid::RecordFault;

use crate::devices::{Devices, Judgement};
use crate::options::BurnedIn;

pub(crate) use blanking::Blanking;
pub(crate) use decoded::Decoded;
pub(crate) use facts::{Fragment, PixelBytes, PixelFacts};
pub(crate) use region::Region;

use decision::Wanted;
use layout::Layout;

/// How pixels are to be treated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PixelTreatment<'t> {
    /// Whether the pixels are looked at (Clean Pixel Data).
    pub(crate) clean: bool,
    /// Whether pictures that could show a face are refused (Clean Recognizable Visual Features).
    pub(crate) faces: bool,
    /// What is done with a picture in which text stands.
    pub(crate) burned_in: BurnedIn,
    /// Rules by device.
    pub(crate) devices: &'t Devices,
}

/// What was decided about pixels.
pub(crate) enum PixelOutcome {
    /// They leave as they are.
    Pass {
        /// Whether every frame was looked at, so that (0028,0301) may say NO.
        examined: bool,
    },
    /// They leave with parts blanked.
    Blank(Box<Blanked>),
}

/// Pixels that leave with parts blanked.
pub(crate) struct Blanked {
    /// What blanks them while they pass by.
    pub(crate) blanking: Blanking,
    /// How many areas are blanked, over all frames, and why.
    pub(crate) areas: Areas,
    /// How compressed pixels are decompressed for it.
    pub(crate) decoded: Option<Decoded>,
}

/// Areas that are blanked, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    /// Text was found.
    pub(crate) text: u64,
    /// A rule for the device or the kind of picture wants it.
    pub(crate) rule: u64,
    /// Outside of the regions that are the picture.
    pub(crate) outside: u64,
    /// Bits that no sample needs.
    pub(crate) bits: u64,
    /// What stood behind the last frame.
    pub(crate) behind: u64,
}

impl Areas {
    /// All of them.
    pub(crate) fn sum(&self) -> u64 {
        self.by_reason()
            .iter()
            .fold(0, |sum: u64, (_, areas)| sum.saturating_add(*areas))
    }

    /// The reasons as reports name them, with how many areas each has.
    pub(crate) fn by_reason(&self) -> [(&'static str, u64); 5] {
        [
            ("areas of pixels: text found", self.text),
            ("areas of pixels: rule", self.rule),
            ("areas of pixels: outside of the picture", self.outside),
            ("areas of pixels: unused bits", self.bits),
            ("areas of pixels: behind the last frame", self.behind),
        ]
    }
}

/// Judges the pixels of a file.
///
/// # Errors
/// When they cannot be cleaned, or must not leave without having been looked at.
pub(crate) fn examine(
    facts: &PixelFacts,
    pixels: &mut dyn PixelBytes,
    treatment: PixelTreatment<'_>,
) -> Result<PixelOutcome, RecordFault> {
    if treatment.faces && decision::may_show_a_face(facts) {
        return Err(RecordFault::new(
            "dicom.face",
            "the pixels could show a face, which is not made unrecognisable here",
            "remove faces with a tool for it first, or take another profile",
        ));
    }
    let judged = treatment.devices.judge(facts);
    if !treatment.clean {
        return match judged.marked {
            true => Err(decision::marked()),
            false => Ok(PixelOutcome::Pass { examined: false }),
        };
    }
    let layout = Layout::of(facts)?.fitted(pixels);
    let wanted = Wanted::of(facts, layout, &judged);
    let plain = judged.judgement == Judgement::Plain && wanted.is_empty();
    let look = match strips::look(facts, layout, pixels, (judged.judgement, &wanted)) {
        // Straight from a scanner: such pictures have no text, and this one does not claim to have been looked at.
        Err(fault) if plain && fault.code() == UNSEEN => {
            return Ok(PixelOutcome::Pass { examined: false });
        }
        look => look?,
    };
    decision::decide(
        facts,
        layout,
        (&judged, &wanted),
        &look,
        pixels,
        treatment.burned_in,
    )
}

fn unclear(what: &'static str) -> RecordFault {
    RecordFault::new(
        "dicom.pixels_unclear",
        what,
        "check the file with the program that wrote it, or leave it out",
    )
}

fn undecodable(what: &'static str) -> RecordFault {
    RecordFault::new(
        UNSEEN,
        what,
        "decompress the file, so that its pixels can be looked at",
    )
}

const UNSEEN: &str = "dicom.pixels_unseen";
