//! What is burned into pixels: judged before the pixels leave, blanked or refused, never passed silently.
//!
//! Rules say how prone a kind of picture is ([`rules`]), and every picture is looked at ([`text`]), frame by
//! frame, in strips of bounded size. What is found in native pixels is blanked in every frame, because text
//! that a device burns in stands in all of them; what is found in compressed pixels is refused, because
//! blanking would compress them again.

mod blanking;
mod channels;
mod compressed;
#[cfg(test)]
mod drawn;
mod layout;
mod region;
mod rules;
mod strips;
mod text;

use wardgate_deid::RecordFault;

pub(crate) use blanking::Blanking;
use layout::Layout;
use region::{Region, condensed};
use rules::Judgement;
use strips::Look;

/// What a data set says about its pixels, read from the input before anything is cleaned.
#[derive(Clone, Debug, Default)]
pub(crate) struct PixelFacts {
    /// UID of the transfer syntax, as found rather than as labelled.
    pub(crate) transfer_syntax: String,
    pub(crate) sop_class: String,
    pub(crate) modality: String,
    pub(crate) manufacturer: String,
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
    /// Whether pictures that could show a face are refused (Clean Recognizable Visual Features).
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
        /// What blanks them while they pass by.
        blanking: Blanking,
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
    pixels: &mut dyn PixelBytes,
    treatment: PixelTreatment,
) -> Result<PixelOutcome, RecordFault> {
    if treatment.faces && may_show_a_face(facts) {
        return Err(RecordFault::new(
            "dicom.face",
            "the pixels could show a face, which is not made unrecognisable here",
            "remove faces with a tool for it first, or take another profile",
        ));
    }
    let judgement = rules::judge(facts);
    if !treatment.clean {
        return match judgement {
            Judgement::Marked => Err(marked()),
            _ => Ok(PixelOutcome::Pass { examined: false }),
        };
    }
    let layout = Layout::of(facts)?.fitted(pixels);
    let look = match strips::look(facts, layout, pixels, judgement) {
        // Straight from a scanner: such pictures have no text, and this one does not claim to have been looked at.
        Err(fault) if judgement == Judgement::Plain && fault.code() == UNSEEN => {
            return Ok(PixelOutcome::Pass { examined: false });
        }
        look => look?,
    };
    decide(facts, layout, judgement, &look)
}

/// What follows from what was seen.
fn decide(
    facts: &PixelFacts,
    layout: Layout,
    judgement: Judgement,
    look: &Look,
) -> Result<PixelOutcome, RecordFault> {
    let regions = regions_to_blank(facts, layout, judgement, look);
    let hidden =
        (facts.embedded_overlay || look.text_outside) && layout.bits == 16 && !look.compressed;
    if regions.is_empty() && judgement == Judgement::Marked {
        return Err(marked());
    }
    if regions.is_empty() && !hidden && !look.surplus {
        return Ok(PixelOutcome::Pass { examined: true });
    }
    if look.compressed {
        return Err(RecordFault::new(
            "dicom.burned_in",
            "the compressed pixels hold text, which cannot be blanked without compressing them again",
            "decompress the file, or blank its pixels with the tool that made it",
        ));
    }
    if layout.bits == 1 {
        return Err(RecordFault::new(
            "dicom.burned_in",
            "the pixels hold text in single bits, which are not blanked here",
            "leave the file out, or blank its pixels first",
        ));
    }
    let areas = (regions.len() as u64)
        .max(u64::from(hidden))
        .saturating_mul(layout.frames);
    let areas = areas.saturating_add(u64::from(look.surplus));
    let mut blanking = Blanking::of(layout, &regions, look.black.clone());
    if hidden {
        blanking = blanking.clearing_outside(layout);
    }
    Ok(PixelOutcome::Blank { blanking, areas })
}

/// What was found, and what a rule wants blanked besides.
fn regions_to_blank(
    facts: &PixelFacts,
    layout: Layout,
    judgement: Judgement,
    look: &Look,
) -> Vec<Region> {
    let (Ok(columns), Ok(rows)) = (u32::try_from(layout.columns), u32::try_from(layout.rows))
    else {
        return Vec::new();
    };
    let whole = Region::whole(columns, rows);
    let kept = calibrated(facts, whole);
    let mut regions = look.regions.clone();
    match judgement {
        Judgement::Whole => regions = vec![whole],
        Judgement::Outside if !kept.is_empty() && !look.compressed => {
            regions.extend(whole.without(&kept))
        }
        Judgement::Outside | Judgement::Marked => {
            // The head of a screen holds patient and institution: where there is text in it, all of it goes.
            let head = rows / HEAD_SHARE;
            let in_head = regions.iter().filter(|region| region.bottom <= head);
            if let Some(bottom) = in_head.map(|region| region.bottom).max() {
                regions.push(Region { bottom, ..whole });
            }
        }
        Judgement::Careful | Judgement::Plain => {}
    }
    condensed(&mut regions);
    for region in &mut regions {
        *region = region.within(&whole);
    }
    regions.retain(|region| !region.is_empty());
    regions
}

/// The calibrated regions of an ultrasound picture that lie within it.
fn calibrated(facts: &PixelFacts, whole: Region) -> Vec<Region> {
    let regions = facts.ultrasound_regions.iter().take(REGIONS_MAX);
    let regions = regions.map(|[left, top, right, bottom]| Region {
        top: *top,
        left: *left,
        bottom: bottom.saturating_add(1),
        right: right.saturating_add(1),
    });
    regions
        .map(|region| region.within(&whole))
        .filter(|region| !region.is_empty())
        .collect()
}

fn may_show_a_face(facts: &PixelFacts) -> bool {
    let modality = facts.modality.trim().to_ascii_uppercase();
    let part = facts.body_part.trim().to_ascii_uppercase();
    let photograph = matches!(modality.as_str(), "XC" | "GM" | "DMS");
    let volume = matches!(modality.as_str(), "CT" | "MR" | "PT");
    let head = part.is_empty() || HEAD_PARTS.iter().any(|word| part.contains(word));
    photograph || (volume && head)
}

fn marked() -> RecordFault {
    RecordFault::new(
        "dicom.burned_in",
        "the file says that its pixels hold annotations, and none was found to blank",
        "leave the file out, or blank its pixels first",
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

#[cfg(test)]
mod tests {
    use super::drawn::{Picture, ground};
    use super::*;

    struct Held {
        bytes: Vec<u8>,
        fragments: Option<Vec<Fragment>>,
    }

    impl PixelBytes for Held {
        fn len(&self) -> u64 {
            self.bytes.len() as u64
        }

        fn fragments(&self) -> Option<&[Fragment]> {
            self.fragments.as_deref()
        }

        fn offsets(&self) -> &[u64] {
            &[]
        }

        fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), RecordFault> {
            let from = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&self.bytes[from..from + buffer.len()]);
            Ok(())
        }
    }

    const CLEAN: PixelTreatment = PixelTreatment {
        clean: true,
        faces: false,
    };

    fn facts(picture: &Picture) -> PixelFacts {
        PixelFacts {
            modality: "OT".to_owned(),
            sop_class: "1.2.840.10008.5.1.4.1.1.7".to_owned(),
            transfer_syntax: "1.2.840.10008.1.2.1".to_owned(),
            rows: u32::try_from(picture.rows()).unwrap(),
            columns: u32::try_from(picture.columns).unwrap(),
            frames: 1,
            samples: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            photometric: "MONOCHROME2".to_owned(),
            ..PixelFacts::default()
        }
    }

    fn words(picture: &Picture) -> Vec<u8> {
        picture
            .values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    /// What leaves, and how many areas were blanked.
    fn outcome(facts: &PixelFacts, bytes: &[u8]) -> Result<(Vec<u8>, u64), RecordFault> {
        let mut held = Held {
            bytes: bytes.to_vec(),
            fragments: None,
        };
        let mut bytes = bytes.to_vec();
        match examine(facts, &mut held, CLEAN)? {
            PixelOutcome::Pass { .. } => Ok((bytes, 0)),
            PixelOutcome::Blank { blanking, areas } => {
                let mut offset = 0;
                for part in bytes.chunks_mut(1000) {
                    blanking.apply(offset, part);
                    offset += part.len() as u64;
                }
                Ok((bytes, areas))
            }
        }
    }

    #[test]
    fn text_goes_and_nothing_else_changes() {
        for (seed, size) in [(1, 1), (2, 2), (3, 3), (4, 5)] {
            let mut picture = ground(seed, 320, 240);
            let clean = picture.clone();
            let place = picture.write("DOE, JANE 1956", (20, 90), size, 4095);
            let (out, areas) = outcome(&facts(&picture), &words(&picture)).unwrap();
            assert!(areas > 0, "size {size}");
            for (index, (out, value)) in out.chunks(2).zip(&clean.values).enumerate() {
                let out = u16::from_le_bytes([out[0], out[1]]);
                let (row, column) = (index / 320, index % 320);
                if place.contains(column, row) {
                    assert_eq!(out, 0, "size {size}: text at {column}, {row}");
                } else if !place.near(column, row, 14 * size) {
                    assert_eq!(out, *value, "size {size}: changed at {column}, {row}");
                }
            }
        }
    }

    #[test]
    fn black_of_signed_samples_is_the_least_there_is() {
        let mut picture = ground(1, 160, 64);
        picture.write("ROE 771204", (30, 20), 1, 3900);
        let values = picture
            .values
            .iter()
            .map(|value| value.cast_signed() - 1000);
        let before: Vec<i16> = values.collect();
        let signed: Vec<u8> = before
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let facts = PixelFacts {
            signed: true,
            bits_stored: 16,
            high_bit: 15,
            ..facts(&picture)
        };
        let (out, areas) = outcome(&facts, &signed).unwrap();
        let least = before.iter().copied().min().unwrap();
        assert!(areas > 0);
        for (after, before) in out.as_chunks::<2>().0.iter().zip(&before) {
            let after = i16::from_le_bytes(*after);
            assert!(after < 2900 && (after == *before || after == least));
        }
    }

    #[test]
    fn text_of_one_frame_is_found() {
        let plain = ground(5, 200, 100);
        let mut written = plain.clone();
        written.write("ROE 771204", (60, 40), 1, 4000);
        let bytes = [words(&plain), words(&written), words(&plain)].concat();
        let facts = PixelFacts {
            frames: 3,
            ..facts(&plain)
        };
        let (out, areas) = outcome(&facts, &bytes).unwrap();
        assert!(areas >= 3);
        assert_eq!(&out[..40 * 200], &bytes[..40 * 200]);
        assert_ne!(out, bytes);
    }

    #[test]
    fn a_picture_without_text_passes() {
        for seed in 10..30 {
            let picture = ground(seed, 256, 256);
            assert_eq!(
                outcome(&facts(&picture), &words(&picture)).unwrap().1,
                0,
                "seed {seed}"
            );
        }
    }

    #[test]
    fn text_that_is_said_to_be_there_is_found_or_the_file_refused() {
        let picture = ground(7, 128, 128);
        let facts = PixelFacts {
            burned_in: "YES".to_owned(),
            ..facts(&picture)
        };
        assert_eq!(
            outcome(&facts, &words(&picture)).unwrap_err().code(),
            "dicom.burned_in"
        );
    }

    #[test]
    fn what_lies_outside_of_calibrated_regions_goes() {
        let picture = ground(8, 128, 128);
        let mut facts = facts(&picture);
        facts.modality = "US".to_owned();
        facts.ultrasound_regions = vec![[10, 20, 117, 119]];
        let bytes = words(&picture);
        let (out, _) = outcome(&facts, &bytes).unwrap();
        for (index, (out, before)) in out.chunks(2).zip(bytes.chunks(2)).enumerate() {
            let (row, column) = (index / 128, index % 128);
            let kept = (20..=119).contains(&row) && (10..=117).contains(&column);
            assert_eq!(out, if kept { before } else { &[0, 0] });
        }
    }

    #[test]
    fn text_in_bits_that_no_sample_needs_is_cleared() {
        let picture = ground(9, 128, 128);
        let mut hidden = Picture {
            values: vec![0; 128 * 128],
            columns: 128,
        };
        hidden.write("DOE JANE", (10, 50), 1, 0x8000);
        let values = picture
            .values
            .iter()
            .zip(&hidden.values)
            .map(|(shown, hidden)| shown | hidden);
        let both = Picture {
            values: values.collect(),
            columns: 128,
        };
        let (out, areas) = outcome(&facts(&picture), &words(&both)).unwrap();
        assert_eq!((out, areas), (words(&picture), 1));
    }

    #[test]
    fn compressed_pixels_are_looked_at_or_refused() {
        let picture = ground(9, 128, 128);
        let facts = PixelFacts {
            transfer_syntax: "1.2.840.10008.1.2.4.80".to_owned(),
            ..facts(&picture)
        };
        let mut held = Held {
            bytes: vec![0; 64],
            fragments: Some(vec![Fragment { offset: 8, len: 56 }]),
        };
        assert_eq!(
            examine(&facts, &mut held, CLEAN).err().unwrap().code(),
            "dicom.pixels_unseen"
        );
        let straight = PixelFacts {
            modality: "CT".to_owned(),
            sop_class: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            ..facts
        };
        let passed = examine(&straight, &mut held, CLEAN).unwrap();
        assert!(matches!(passed, PixelOutcome::Pass { examined: false }));
    }

    #[test]
    fn what_stands_behind_the_last_frame_goes_when_it_is_no_frame() {
        let picture = ground(12, 64, 64);
        let mut bytes = words(&picture);
        bytes.extend_from_slice(b"DOE^JANE 19560102");
        let (out, areas) = outcome(&facts(&picture), &bytes).unwrap();
        assert_eq!((&out[..8192], areas), (&words(&picture)[..], 1));
        assert!(out[8192..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn no_layout_and_no_bytes_break_it() {
        let noise = ground(2, 96, 96);
        let bytes = words(&noise);
        let mut state = 1143_u64;
        let mut pick = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let (mut blanked, mut refused) = (0, 0);
        for _ in 0..600 {
            let mut number = |choices: &[u16]| choices[pick(choices.len() as u64) as usize];
            let photometric = [
                "MONOCHROME1",
                "MONOCHROME2",
                "RGB",
                "YBR_FULL_422",
                "PALETTE COLOR",
            ];
            let facts = PixelFacts {
                rows: u32::from(number(&[0, 1, 7, 31, 64, 96, 65_535])),
                columns: u32::from(number(&[0, 1, 13, 32, 64, 97, 65_535])),
                frames: u64::from(number(&[0, 1, 2, 65_535])) * u64::from(number(&[1, 65_535])),
                samples: number(&[1, 1, 3]),
                bits_allocated: number(&[1, 8, 16, 16, 32]),
                bits_stored: number(&[0, 1, 8, 12, 16]),
                high_bit: number(&[0, 7, 11, 15]),
                signed: number(&[0, 1]) == 1,
                planar: number(&[0, 1]) == 1,
                big_endian: number(&[0, 1]) == 1,
                swapped_bytes: number(&[0, 1]) == 1,
                float_bits: number(&[0, 0, 0, 32, 64]),
                embedded_overlay: number(&[0, 1]) == 1,
                photometric: photometric[usize::from(number(&[0, 1, 2, 3, 4]))].to_owned(),
                palette_descriptor: [number(&[0, 16, 256]), number(&[0, 5]), number(&[8, 16])],
                palette: [(); 3].map(|()| bytes[..512].to_vec()),
                ..facts(&noise)
            };
            let len = usize::from(number(&[0, 1, 63, 4096, 18_431, 18_432]));
            match outcome(&facts, &bytes[..len]) {
                Ok((out, areas)) => {
                    assert_eq!(out.len(), len);
                    blanked += u64::from(areas > 0);
                }
                Err(fault) => {
                    assert!(fault.code().starts_with("dicom."));
                    refused += 1;
                }
            }
        }
        assert!(blanked > 0 && refused > 0, "{blanked} {refused}");
    }

    #[test]
    fn facts_that_make_no_picture_are_refused() {
        let picture = ground(9, 16, 16);
        for broken in [
            PixelFacts {
                rows: 0,
                ..facts(&picture)
            },
            PixelFacts {
                bits_allocated: 12,
                ..facts(&picture)
            },
            PixelFacts {
                samples: 2,
                ..facts(&picture)
            },
            PixelFacts {
                bits_stored: 40,
                ..facts(&picture)
            },
        ] {
            assert_eq!(
                outcome(&broken, &words(&picture)).unwrap_err().code(),
                "dicom.pixels_unclear"
            );
        }
    }
}
