//! Where the bytes of a derived text came from.
//!
//! Decoding JSON escapes and folding characters both make a text whose bytes
//! stand elsewhere than in the source. Findings are made in the derived text
//! and cut from the source, so the way back must be exact.

use std::ops::Range;

/// A sparse map from a derived text to its source: only the places where the two differ.
#[derive(Debug, Default)]
pub(crate) struct OffsetMap {
    /// INVARIANT: ascending; between two of them both texts run in step.
    replacements: Vec<Replacement>,
}

#[derive(Clone, Copy, Debug)]
struct Replacement {
    derived: usize,
    derived_len: usize,
    source: usize,
    source_len: usize,
}

impl OffsetMap {
    /// Notes that `derived_len` bytes stand for `source_len` bytes of the source; 0 means left out.
    pub(crate) fn replaced(
        &mut self,
        derived: usize,
        derived_len: usize,
        source: usize,
        source_len: usize,
    ) {
        self.replacements.push(Replacement {
            derived,
            derived_len,
            source,
            source_len,
        });
    }

    /// The bytes of the source that a span of the derived text stands for.
    ///
    /// What was left out inside the span is part of it, what was left out at its edges is not.
    pub(crate) fn source(&self, span: Range<usize>) -> Range<usize> {
        let start = self.character(span.start).start;
        if span.end <= span.start {
            return start..start;
        }
        start..self.character(span.end - 1).end
    }

    /// The source of the one byte at `at`, or of the whole replacement that it belongs to.
    fn character(&self, at: usize) -> Range<usize> {
        let index = self.replacements.partition_point(|r| r.derived <= at);
        let Some(last) = index.checked_sub(1).and_then(|i| self.replacements.get(i)) else {
            return at..at + 1;
        };
        let beyond = at - last.derived;
        if beyond < last.derived_len {
            return last.source..last.source + last.source_len;
        }
        let source = last.source + last.source_len + (beyond - last.derived_len);
        source..source + 1
    }
}
