//! Responses of timestamp authorities: nothing that is read from one passes for verified.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_anchor::timestamp;

fuzz_target!(|input: &[u8]| {
    let roots = timestamp::Roots::from_pem(ROOT).expect("it is a certificate");
    // The contents that the seeds were made for, so that mutations reach the signature.
    let checked = timestamp::verify(b"fuzz", input, &roots, None);
    assert!(checked.is_err() || timestamp::parses(input));
});

const ROOT: &[u8] = include_bytes!("../corpus/timestamp_response.root.pem");
