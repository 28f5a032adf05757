//! The JSON scanner: every span lies where it says, and what it accepts another parser accepts too.

#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use wardgate_deid::json::{Limits, Path, Visitor, scan, unescape};

/// Checks each span while the scanner walks.
struct Spans<'a> {
    body: &'a [u8],
    end: usize,
}

impl Spans<'_> {
    /// Spans follow one another, and strings lie between quotes.
    fn quoted(&mut self, at: &Range<usize>) {
        self.bare(at);
        assert_eq!(self.body[at.start - 1], b'"');
        assert_eq!(self.body[at.end], b'"');
        unescape(&self.body[at.clone()]).expect("an accepted string can be decoded");
    }

    fn bare(&mut self, at: &Range<usize>) {
        assert!(self.end <= at.start && at.start <= at.end && at.end <= self.body.len());
        self.end = at.end;
    }
}

impl Visitor for Spans<'_> {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        assert!(path.depth() <= LIMITS.depth_max);
        self.quoted(&at);
    }

    fn number(&mut self, _: &Path<'_>, at: Range<usize>) {
        self.bare(&at);
        assert!(!at.is_empty());
    }

    fn key(&mut self, _: &Path<'_>, at: Range<usize>) {
        self.quoted(&at);
    }

    fn literal(&mut self, _: &Path<'_>, at: Range<usize>) {
        self.bare(&at);
        assert!(matches!(&self.body[at], b"true" | b"false" | b"null"));
    }
}

const LIMITS: Limits = Limits {
    depth_max: 32,
    strings_max: 1_000,
};

fuzz_target!(|body: &[u8]| {
    let mut spans = Spans { body, end: 0 };
    match scan(body, &LIMITS, &mut spans) {
        Ok(()) => {
            serde_json::from_slice::<&serde_json::value::RawValue>(body)
                .expect("another parser accepts it too");
        }
        Err(fault) => assert!(fault.offset() <= body.len()),
    }
});
