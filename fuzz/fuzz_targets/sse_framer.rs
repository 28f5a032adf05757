//! The framer of event streams: wherever the stream is cut, the events are the same, and together
//! they are the stream, byte for byte.

#![no_main]

use libfuzzer_sys::fuzz_target;

// The gateway's own source: the crate around it would bring the whole server into this build.
#[path = "../../crates/wardgate-gateway/src/sse.rs"]
#[expect(dead_code, reason = "the gateway uses more of it than this target")]
mod sse;

const EVENT_BYTES_MAX: usize = 1 << 20;

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let mut framer = sse::Framer::new(EVENT_BYTES_MAX);
    let mut events = Vec::new();
    for piece in pieces {
        framer.push(piece);
        while let Some(event) = framer.next_event().expect("below the limit") {
            events.push(event.raw().to_vec());
        }
    }
    while let Some(event) = framer.finish() {
        events.push(event.raw().to_vec());
    }
    events
}

fuzz_target!(|input: &[u8]| {
    let Some((step, stream)) = input.split_first() else {
        return;
    };
    let whole = events([stream].into_iter());
    assert_eq!(whole.concat(), stream);
    let cut = events(stream.chunks(usize::from(*step).max(1)));
    assert_eq!(cut, whole);
    let bytes = events(stream.chunks(1));
    assert_eq!(bytes, whole);
});
