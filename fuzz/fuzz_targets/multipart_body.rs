//! Bodies of `multipart/related`: the same parts however a body is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_relay::fuzzing::{Multipart, Part};

fn parts(body: &[u8], step: usize) -> Option<Vec<(String, Vec<u8>)>> {
    let mut reader = Multipart::new("x");
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for piece in body.chunks(step) {
        for part in reader.take(piece).ok()? {
            match part {
                Part::Begins(kind) => found.push((kind, Vec::new())),
                Part::Data(data) => found.last_mut()?.1.extend(data),
                Part::Ends => {}
            }
        }
    }
    reader.end().ok()?;
    Some(found)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (step, body) = input;
    let whole = parts(body, body.len().max(1));
    assert_eq!(whole, parts(body, usize::from(step).max(1)));
});
