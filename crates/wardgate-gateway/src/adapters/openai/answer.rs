//! Answers that come whole: every string is restored in place, every other byte stays.

use std::ops::Range;

use bytes::Bytes;
use wardgate_deid::json::{self, JsonFault, Path, Visitor};
use wardgate_deid::{Escape, RestoreMap};

use super::request::{LIMITS, last_is};

/// An answer with the caller's own values in place of placeholders.
#[derive(Debug)]
pub(crate) struct Restored {
    pub body: Bytes,
    pub restored: u64,
}

/// Restores a JSON answer. Fails when it is not JSON: what can not be read is not passed on.
pub(crate) fn restore(body: &Bytes, map: &RestoreMap) -> Result<Restored, JsonFault> {
    let mut strings = Strings {
        found: Vec::new(),
        collect: !map.is_empty(),
    };
    json::scan(body, &LIMITS, &mut strings)?;
    let mut edits = Edits::default();
    let mut restored = 0;
    for (at, escape) in strings.found {
        let raw = body.get(at.clone()).unwrap_or_default();
        let Ok(text) = json::unescape(raw) else {
            continue;
        };
        let mut restorer = map.stream(escape);
        let mut out = String::with_capacity(text.len());
        restorer.push(&text, &mut out);
        restorer.finish(&mut out);
        restored += restorer.restored();
        if out != *text {
            edits.replace(at, &out);
        }
    }
    Ok(Restored {
        body: edits.apply(body),
        restored,
    })
}

struct Strings {
    found: Vec<(Range<usize>, Escape)>,
    collect: bool,
}

impl Visitor for Strings {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        // A placeholder is longer than any word of the protocol.
        if self.collect && at.len() >= PLACEHOLDER_CHARS_MIN {
            let escape = if last_is(path, "arguments") {
                Escape::Json
            } else {
                Escape::None
            };
            self.found.push((at, escape));
        }
    }

    fn number(&mut self, _path: &Path<'_>, _at: Range<usize>) {}

    fn key(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
}

/// Replacements in a JSON text, in the order of their places.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    edits: Vec<(Range<usize>, String)>,
}

impl Edits {
    /// Replaces the inside of a string by the text, escaped.
    pub(crate) fn replace(&mut self, at: Range<usize>, text: &str) {
        let mut escaped = String::with_capacity(text.len() + text.len() / 8);
        json::escape_into(text, &mut escaped);
        self.edits.push((at, escaped));
    }

    /// Inserts JSON text as it is.
    pub(crate) fn insert(&mut self, at: usize, json: String) {
        self.edits.push((at..at, json));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text with all replacements made.
    pub(crate) fn apply(mut self, body: &Bytes) -> Bytes {
        if self.edits.is_empty() {
            return body.clone();
        }
        self.edits.sort_by_key(|(at, _)| at.start);
        let mut out = Vec::with_capacity(
            body.len() + self.edits.iter().map(|(_, text)| text.len()).sum::<usize>(),
        );
        let mut done = 0;
        for (at, text) in &self.edits {
            out.extend_from_slice(body.get(done..at.start).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            done = at.end;
        }
        out.extend_from_slice(body.get(done..).unwrap_or_default());
        Bytes::from(out)
    }
}

const PLACEHOLDER_CHARS_MIN: usize = 8;
