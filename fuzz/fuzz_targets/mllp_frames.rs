//! Frames of MLLP: the same messages however a stream is cut, none longer than is taken.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_relay::fuzzing::{Framed, Framer};

const MESSAGE_BYTES_MAX: usize = 1000;

fn frames(stream: &[u8], step: usize) -> Vec<Framed> {
    let mut framer = Framer::new(MESSAGE_BYTES_MAX);
    let mut found = Vec::new();
    for mut piece in stream.chunks(step) {
        while let Some(framed) = framer.next(&mut piece) {
            // A connection ends here, so what comes behind is not read.
            if matches!(framed, Framed::TooLong | Framed::Noise) {
                found.push(framed);
                return found;
            }
            found.push(framed);
        }
    }
    found
}

fuzz_target!(|input: (u8, &[u8])| {
    let (step, stream) = input;
    let whole = frames(stream, stream.len().max(1));
    assert!(whole == frames(stream, usize::from(step).max(1)));
    for framed in whole {
        if let Framed::Message(message) = framed {
            assert!(message.len() <= MESSAGE_BYTES_MAX);
        }
    }
});
