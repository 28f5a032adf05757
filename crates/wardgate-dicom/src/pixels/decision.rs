//! What follows from what the rules want and from what was seen.

use wardgate_deid::RecordFault;

use super::blanking::Blanking;
use super::decoded::Decoded;
use super::layout::Layout;
use super::region::{Region, condensed};
use super::strips::{Look, black_of_colours};
use super::{Areas, Blanked, PixelBytes, PixelFacts, PixelOutcome};
use crate::devices::{Judged, Judgement};
use crate::options::BurnedIn;

/// What the rules want blanked, whatever is seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Areas of rules, and whole pictures.
    rule: Vec<Region>,
    /// What lies outside of the regions that are the picture.
    outside: Vec<Region>,
    /// Whether the picture has regions, so that its head is known.
    has_regions: bool,
    whole: Region,
}

impl Wanted {
    pub(super) fn of(facts: &PixelFacts, layout: Layout, judged: &Judged) -> Self {
        let side = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let whole = Region::whole(side(layout.columns), side(layout.rows));
        let mut wanted = Self {
            rule: within(&judged.blanked, whole),
            whole,
            ..Self::default()
        };
        match (judged.judgement, &judged.kept) {
            (Judgement::Whole, _) => wanted.rule = vec![whole],
            (Judgement::Outside, Some(kept)) => {
                wanted.has_regions = true;
                wanted.outside = whole.without(&within(kept, whole));
            }
            (Judgement::Outside, None) => {
                let kept = within(&calibrated(facts), whole);
                if !kept.is_empty() {
                    wanted.has_regions = true;
                    wanted.outside = whole.without(&kept);
                }
            }
            _ => {}
        }
        wanted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rule.is_empty() && self.outside.is_empty()
    }

    /// All that is wanted.
    pub(super) fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        self.rule.iter().chain(&self.outside).copied()
    }

    /// What was found, and the head of a screen with it.
    fn found(&self, judgement: Judgement, look: &Look) -> Vec<Region> {
        let mut regions = look.regions.clone();
        let screen = matches!(judgement, Judgement::Outside | Judgement::Marked);
        if screen && !self.has_regions {
            // The head of a screen holds patient and institution: where there is text in it, all of it goes.
            let head = self.whole.bottom / HEAD_SHARE;
            let in_head = regions.iter().filter(|region| region.bottom <= head);
            if let Some(bottom) = in_head.map(|region| region.bottom).max() {
                regions.push(Region {
                    bottom,
                    ..self.whole
                });
            }
        }
        regions
    }
}

/// What follows from what was seen.
///
/// # Errors
/// When something must be blanked and cannot be, or is not to be.
pub(super) fn decide(
    facts: &PixelFacts,
    layout: Layout,
    (judged, wanted): (&Judged, &Wanted),
    look: &Look,
    pixels: &mut dyn PixelBytes,
    burned_in: BurnedIn,
) -> Result<PixelOutcome, RecordFault> {
    let found = wanted.found(judged.judgement, look);
    // In compressed pixels, what is blank already need not be blanked again.
    let wants = look.drawn || !look.compressed;
    let mut regions: Vec<Region> = match wants {
        true => wanted.regions().chain(found.iter().copied()).collect(),
        false => found.clone(),
    };
    condensed(&mut regions);
    let regions = within(&regions, wanted.whole);
    let hidden =
        (facts.embedded_overlay || look.text_outside) && layout.bits == 16 && !look.compressed;
    if regions.is_empty() && judged.marked && wanted.is_empty() {
        return Err(marked());
    }
    if regions.is_empty() && !hidden && !look.surplus {
        return Ok(PixelOutcome::Pass { examined: true });
    }
    let text = !found.is_empty() || look.text_outside || look.drawn;
    if text && burned_in == BurnedIn::Refuse {
        return Err(RecordFault::new(
            "dicom.burned_in",
            "the pixels hold text, and such pictures are to be refused",
            "blank its pixels first, or let them be blanked",
        ));
    }
    if layout.bits == 1 {
        return Err(RecordFault::new(
            "dicom.burned_in",
            "the pixels hold text in single bits, which are not blanked here",
            "leave the file out, or blank its pixels first",
        ));
    }
    let decoded = match (look.compressed, burned_in) {
        (false, _) => None,
        (true, BurnedIn::DecodeAndBlank) => Some(Decoded::of(facts, layout, pixels)?),
        (true, _) => return Err(compressed()),
    };
    let layout = match &decoded {
        Some(decoded) => decoded.layout(),
        None => layout,
    };
    let black = match &decoded {
        Some(decoded) if decoded.has_colours() => black_of_colours(decoded.photometric(), &layout),
        _ => look.black.clone(),
    };
    let mut blanking = Blanking::of(layout, &regions, black);
    if hidden {
        blanking = blanking.clearing_outside(layout);
    }
    let areas = counted(
        &regions,
        (&found, wanted),
        (hidden, look.surplus),
        layout.frames,
    );
    Ok(PixelOutcome::Blank(Box::new(Blanked {
        blanking,
        areas,
        decoded,
    })))
}

/// Areas by reason: text first, then rules, then what lies outside.
fn counted(
    regions: &[Region],
    (found, wanted): (&[Region], &Wanted),
    (hidden, surplus): (bool, bool),
    frames: u64,
) -> Areas {
    let mut areas = Areas {
        bits: u64::from(hidden).saturating_mul(frames),
        behind: u64::from(surplus),
        ..Areas::default()
    };
    for region in regions {
        let holds = |parts: &[Region]| parts.iter().any(|part| !part.within(region).is_empty());
        let sum = match (holds(found), holds(&wanted.rule)) {
            (true, _) => &mut areas.text,
            (false, true) => &mut areas.rule,
            (false, false) => &mut areas.outside,
        };
        *sum = sum.saturating_add(frames);
    }
    areas
}

/// The parts of regions that lie within another.
fn within(regions: &[Region], whole: Region) -> Vec<Region> {
    let parts = regions.iter().map(|region| region.within(&whole));
    parts.filter(|region| !region.is_empty()).collect()
}

/// The calibrated regions of an ultrasound picture.
fn calibrated(facts: &PixelFacts) -> Vec<Region> {
    let regions = facts.ultrasound_regions.iter().take(REGIONS_MAX);
    let regions = regions.map(|[left, top, right, bottom]| Region {
        top: *top,
        left: *left,
        bottom: bottom.saturating_add(1),
        right: right.saturating_add(1),
    });
    regions.collect()
}

/// Whether a picture could show a face.
pub(super) fn may_show_a_face(facts: &PixelFacts) -> bool {
    let modality = facts.modality.trim().to_ascii_uppercase();
    let part = facts.body_part.trim().to_ascii_uppercase();
    let photograph = matches!(modality.as_str(), "XC" | "GM" | "DMS");
    let volume = matches!(modality.as_str(), "CT" | "MR" | "PT");
    let head = part.is_empty() || HEAD_PARTS.iter().any(|word| part.contains(word));
    photograph || (volume && head)
}

/// A picture that says of itself that it holds text.
pub(super) fn marked() -> RecordFault {
    RecordFault::new(
        "dicom.burned_in",
        "the file says that its pixels hold annotations, and none was found to blank",
        "add a row for the device to the list of devices, or blank its pixels first",
    )
}

fn compressed() -> RecordFault {
    RecordFault::new(
        "dicom.burned_in",
        "the compressed pixels hold text, which cannot be blanked without compressing them again",
        "let such files be decoded and blanked, or blank its pixels with the tool that made it",
    )
}

/// The part of a screen's rows that is its head.
const HEAD_SHARE: u32 = 6;
/// Calibrated regions that are heeded; a screen has a few.
const REGIONS_MAX: usize = 64;
/// Body parts (PS3.16 annex L) that show a face.
const HEAD_PARTS: [&str; 9] = [
    "HEAD",
    "FACE",
    "SKULL",
    "BRAIN",
    "NECK",
    "ORBIT",
    "SINUS",
    "JAW",
    "WHOLEBODY",
];
