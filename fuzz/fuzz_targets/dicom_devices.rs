//! Lists of devices: reading them ends in rules or in a fault with a line, and what was read can be read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_dicom::Devices;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match Devices::shipped().with(text) {
        Ok(devices) => assert_eq!(
            Devices::shipped()
                .with(devices.added())
                .map(|again| again.added().to_owned()),
            Ok(text.to_owned())
        ),
        Err(fault) => assert!(fault.line() <= text.lines().count()),
    }
});
