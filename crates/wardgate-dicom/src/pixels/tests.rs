//! Pictures that are looked at as a whole: what leaves, and what is refused.

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

fn treatment(devices: &Devices, burned_in: BurnedIn) -> PixelTreatment<'_> {
    PixelTreatment {
        clean: true,
        faces: false,
        burned_in,
        devices,
    }
}

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
    outcome_by(
        facts,
        bytes,
        treatment(&Devices::shipped(), BurnedIn::Blank),
    )
    .map(|(out, areas)| (out, areas.sum()))
}

fn outcome_by(
    facts: &PixelFacts,
    bytes: &[u8],
    treatment: PixelTreatment<'_>,
) -> Result<(Vec<u8>, Areas), RecordFault> {
    let mut held = Held {
        bytes: bytes.to_vec(),
        fragments: None,
    };
    let mut bytes = bytes.to_vec();
    match examine(facts, &mut held, treatment)? {
        PixelOutcome::Pass { .. } => Ok((bytes, Areas::default())),
        PixelOutcome::Blank(blanked) => {
            let mut offset = 0;
            for part in bytes.chunks_mut(1000) {
                blanked.blanking.apply(offset, part);
                offset += part.len() as u64;
            }
            Ok((bytes, blanked.areas))
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
    let devices = Devices::shipped();
    let clean = treatment(&devices, BurnedIn::Blank);
    assert_eq!(
        examine(&facts, &mut held, clean).err().unwrap().code(),
        "dicom.pixels_unseen"
    );
    let straight = PixelFacts {
        modality: "CT".to_owned(),
        sop_class: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
        ..facts
    };
    let passed = examine(&straight, &mut held, clean).unwrap();
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

#[test]
fn rules_by_device_blank_and_keep() {
    let mut picture = ground(8, 128, 128);
    // Something is drawn in the corner, which is no text.
    picture.values[2] = 3000;
    let picture = picture;
    let facts = PixelFacts {
        model: "Sono 3".to_owned(),
        burned_in: "YES".to_owned(),
        ..facts(&picture)
    };
    let bytes = words(&picture);
    for (row, gone, areas) in [
        (
            "blank\t0,0,100%,16; 10,100,20,5",
            (|column, row| row < 16 || (10..30).contains(&column) && (100..105).contains(&row))
                as fn(usize, usize) -> bool,
            Areas {
                rule: 2,
                ..Areas::default()
            },
        ),
        (
            "keep\t8,8,100,100",
            |column, row| !((8..108).contains(&column) && (8..108).contains(&row)),
            Areas {
                outside: 4,
                ..Areas::default()
            },
        ),
    ] {
        let row = format!("-\tOT\t-\t-\t-\tSONO\t128x128\t{row}\tours\n");
        let devices = Devices::shipped().with(&row).unwrap();
        let (out, counted) =
            outcome_by(&facts, &bytes, treatment(&devices, BurnedIn::Blank)).unwrap();
        assert_eq!(counted, areas);
        for (index, (out, before)) in out.chunks(2).zip(bytes.chunks(2)).enumerate() {
            let (row, column) = (index / 128, index % 128);
            assert_eq!(
                out,
                if gone(column, row) { &[0, 0] } else { before },
                "{column}, {row}"
            );
        }
        let refused = outcome_by(&facts, &bytes, treatment(&devices, BurnedIn::Refuse));
        assert_eq!(refused.err().unwrap().code(), "dicom.burned_in");
    }
}

#[test]
fn pictures_with_text_are_refused_when_that_is_wanted() {
    let mut picture = ground(1, 320, 240);
    let devices = Devices::shipped();
    let refuse = treatment(&devices, BurnedIn::Refuse);
    assert!(outcome_by(&facts(&picture), &words(&picture), refuse).is_ok());
    picture.write("DOE, JANE 1956", (20, 90), 2, 4095);
    let refused = outcome_by(&facts(&picture), &words(&picture), refuse);
    assert_eq!(refused.err().unwrap().code(), "dicom.burned_in");
}
