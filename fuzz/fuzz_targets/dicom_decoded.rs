//! Compressed pictures that are decoded in order to be blanked: any code ends in a file or in a fault, and what is
//! written has the frames that the file tells of.

#![no_main]

use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_dicom::{BurnedIn, Devices, FileDeidentifier, Options};

static FILES: LazyLock<FileDeidentifier> = LazyLock::new(|| {
    // The fuzzer's hook ends the process at any fault, also at those of foreign decoders, which are caught. One that
    // nobody catches still ends it.
    drop(std::panic::take_hook());
    let profile = Profile::safe_harbor();
    let options = Options {
        burned_in: BurnedIn::DecodeAndBlank,
        ..Options::of(&profile)
    };
    let as_of = Day::new(2026, 11, 30).expect("it exists");
    let key = ProjectKey::new([7; 32]);
    let rules = RecordRules::new(Engine::exact_only(), profile, key, as_of);
    let rows = "-\t-\t-\t-\t-\t-\t-\tblank\t0,0,100%,50%\ta test\n";
    let devices = Devices::shipped().with(rows).expect("it is a row");
    FileDeidentifier::new(Arc::new(rules), options).with_devices(devices)
});

fuzz_target!(|input: &[u8]| {
    let Some(([syntax, colours, side], code)) = input.split_first_chunk::<3>() else {
        return;
    };
    let side = u16::from(side % 32) + 1;
    let file = file(*syntax, colours % 2 == 1, side, code);
    let mut output = Vec::new();
    let _ = FILES.file(Cursor::new(&file), &mut output);
});

/// A square picture of one frame in one fragment.
fn file(syntax: u8, colours: bool, side: u16, code: &[u8]) -> Vec<u8> {
    let syntaxes = [
        "1.2.840.10008.1.2.4.50",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.5",
    ];
    let syntax = syntaxes[usize::from(syntax) % syntaxes.len()];
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    let mut put = |tag: [u8; 4], vr: &[u8; 2], value: &[u8]| {
        out.extend_from_slice(&tag);
        out.extend_from_slice(vr);
        out.extend_from_slice(&((value.len() + value.len() % 2) as u16).to_le_bytes());
        out.extend_from_slice(value);
        out.resize(out.len() + value.len() % 2, 0);
    };
    put([2, 0, 0x10, 0], b"UI", syntax.as_bytes());
    put([8, 0, 0x60, 0], b"CS", b"OT");
    let photometric: &[u8] = if colours {
        b"YBR_FULL"
    } else {
        b"MONOCHROME2 "
    };
    let samples = if colours { 3_u16 } else { 1 };
    put([0x28, 0, 2, 0], b"US", &samples.to_le_bytes());
    put([0x28, 0, 4, 0], b"CS", photometric);
    for element in [0x10, 0x11] {
        put([0x28, 0, element, 0], b"US", &side.to_le_bytes());
    }
    put([0x28, 0, 0, 1], b"US", &[8, 0]);
    put([0x28, 0, 1, 1], b"US", &[8, 0]);
    put([0x28, 0, 2, 1], b"US", &[7, 0]);
    out.extend_from_slice(
        b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0",
    );
    let even = code.len() & !1;
    out.extend_from_slice(&(even as u32).to_le_bytes());
    out.extend_from_slice(&code[..even]);
    out.extend_from_slice(b"\xfe\xff\xdd\xe0\0\0\0\0");
    out
}
