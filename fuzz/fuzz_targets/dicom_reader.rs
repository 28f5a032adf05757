//! DICOM files in any state: whatever is cleaned can be read again, and keeps to the profile.

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
    let mut output = Vec::new();
    if FILES.file(Cursor::new(input), &mut output).is_err() {
        return;
    }
    let looked = FILES.verify(Cursor::new(input), Cursor::new(&output));
    // Letters of an input may stand in its samples by chance, which fails the file; all else must be as promised.
    if let Err(fault) = looked {
        panic!("{}", fault.code());
    }
});
