//! Pictures of any layout and any samples: judging and blanking them ends, and changes nothing but samples.

#![no_main]

use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_dicom::{FileDeidentifier, Options};

static FILES: LazyLock<FileDeidentifier> = LazyLock::new(|| {
    let profile = Profile::safe_harbor();
    let options = Options::of(&profile);
    let as_of = Day::new(2026, 11, 30).expect("it exists");
    let key = ProjectKey::new([7; 32]);
    let rules = RecordRules::new(Engine::exact_only(), profile, key, as_of);
    FileDeidentifier::new(Arc::new(rules), options)
});

fuzz_target!(|input: &[u8]| {
    let Some((said, samples)) = input.split_first_chunk::<10>() else {
        return;
    };
    let file = file(*said, samples);
    let mut output = Vec::new();
    if FILES.file(Cursor::new(&file), &mut output).is_ok() {
        let even = samples.len() & !1;
        let behind = output
            .len()
            .checked_sub(even)
            .expect("samples stay as many");
        assert_eq!(output[behind - 12..behind - 4], *b"\xe0\x7f\x10\0OW\0\0");
    }
});

/// A data set, explicit little endian, of what ten bytes say and of samples.
fn file(said: [u8; 10], samples: &[u8]) -> Vec<u8> {
    let [
        modality,
        channels,
        photometric,
        rows,
        columns,
        allocated,
        stored,
        high,
        signs,
        frames,
    ] = said;
    let pick = |byte: u8, words: &[&str]| words[usize::from(byte) % words.len()].to_owned();
    let mut out = Vec::new();
    let text = |out: &mut Vec<u8>, tag: [u8; 4], vr: &[u8; 2], value: &str| {
        let value = format!("{value}{}", if value.len() % 2 == 1 { " " } else { "" });
        out.extend_from_slice(&tag);
        out.extend_from_slice(vr);
        out.extend_from_slice(&(value.len() as u16).to_le_bytes());
        out.extend_from_slice(value.as_bytes());
    };
    let modality = pick(modality, &["CT", "US", "OT", "SM"]);
    text(&mut out, [0x08, 0, 0x60, 0], b"CS", &modality);
    number(&mut out, 0x02, if channels % 3 == 0 { 3 } else { 1 });
    let kinds = [
        "MONOCHROME1",
        "MONOCHROME2",
        "RGB",
        "YBR_FULL_422",
        "PALETTE COLOR",
    ];
    text(
        &mut out,
        [0x28, 0, 0x04, 0],
        b"CS",
        &pick(photometric, &kinds),
    );
    number(&mut out, 0x06, u16::from(channels >> 7));
    text(&mut out, [0x28, 0, 0x08, 0], b"IS", &frames.to_string());
    number(&mut out, 0x10, u16::from(rows));
    number(&mut out, 0x11, u16::from(columns));
    let bits = [1, 8, 16, 32, u16::from(allocated)];
    for (element, value) in [
        (0, bits[usize::from(allocated) % 5]),
        (1, u16::from(stored)),
        (2, u16::from(high)),
        (3, u16::from(signs & 1)),
    ] {
        out.extend_from_slice(&[0x28, 0, element, 1, b'U', b'S', 2, 0]);
        out.extend_from_slice(&value.to_le_bytes());
    }
    let even = samples.len() & !1;
    out.extend_from_slice(&[0xe0, 0x7f, 0x10, 0, b'O', b'W', 0, 0]);
    out.extend_from_slice(&(even as u32).to_le_bytes());
    out.extend_from_slice(&samples[..even]);
    out
}

fn number(out: &mut Vec<u8>, element: u8, value: u16) {
    out.extend_from_slice(&[0x28, 0, element, 0, b'U', b'S', 2, 0]);
    out.extend_from_slice(&value.to_le_bytes());
}
