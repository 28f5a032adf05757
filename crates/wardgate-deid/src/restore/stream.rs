//! Restoring an answer while it comes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Live;
use super::pattern::{Brackets, OPENING_LEN_MAX, Seen};
use crate::json::escape_into;
use crate::placeholder::ANCHOR;

/// How a restored value is written into the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As it is: the answer is text.
    None,
    /// Escaped for JSON: the answer is itself JSON text, such as the arguments of a tool call.
    Json,
}

/// Restores the placeholders of an answer that comes in pieces.
///
/// Wherever the pieces are cut, the whole output is the same. Only the end of a
/// piece that can still become a live placeholder is held back.
pub struct StreamRestorer {
    live: Arc<Live>,
    escape: Escape,
    /// What came but is not written: the start of a possible placeholder.
    held: Zeroizing<String>,
    /// The last byte that was written or replaced.
    before: u8,
    brackets: BracketCount,
    restored: u64,
}

impl StreamRestorer {
    pub(super) fn new(live: Arc<Live>, escape: Escape) -> Self {
        Self {
            live,
            escape,
            held: Zeroizing::default(),
            before: b' ',
            brackets: BracketCount::default(),
            restored: 0,
        }
    }

    /// Takes the next piece and appends to `out` what is certain.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        if self.live.surfaces == 0 {
            out.push_str(piece);
            return;
        }
        if self.held.is_empty() {
            let written = self.advance(piece, false, out);
            self.held.push_str(piece.get(written..).unwrap_or_default());
        } else {
            let mut text = std::mem::take(&mut self.held);
            text.push_str(piece);
            let written = self.advance(&text, false, out);
            self.held.push_str(text.get(written..).unwrap_or_default());
        }
    }

    /// Ends the answer: what was held back is appended.
    pub fn finish(&mut self, out: &mut String) {
        let text = std::mem::take(&mut self.held);
        self.advance(&text, true, out);
    }

    /// How many placeholders were restored so far.
    #[must_use]
    pub fn restored(&self) -> u64 {
        self.restored
    }

    /// Bytes that wait for the next piece.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Writes as much of `text` as is certain; how much that was.
    fn advance(&mut self, text: &str, complete: bool, out: &mut String) -> usize {
        let bytes = text.as_bytes();
        let mut written = 0;
        let mut searched = 0;
        loop {
            let anchor = self.next_anchor(bytes, searched);
            let last = anchor.unwrap_or(bytes.len());
            let from = last.saturating_sub(OPENING_LEN_MAX).max(written);
            let live = Arc::clone(&self.live);
            let before = match from.checked_sub(1).filter(|_| from > written) {
                Some(at) => bytes.get(at).copied().unwrap_or_default(),
                None => self.before,
            };
            match first_in(&live, before, bytes, from..last + 1, complete) {
                Some((at, Seen::Placeholder(found))) => {
                    self.copy(text.get(written..at).unwrap_or_default(), out);
                    match self.escape {
                        Escape::None => out.push_str(found.surface),
                        Escape::Json => escape_into(found.surface, out),
                    }
                    self.brackets.placeholder(found.brackets);
                    self.before = b']';
                    self.restored += 1;
                    written = found.end;
                    searched = found.end;
                }
                Some((at, _)) => {
                    self.copy(text.get(written..at).unwrap_or_default(), out);
                    return at;
                }
                None if anchor.is_some() => searched = last + 1,
                None => {
                    self.copy(text.get(written..).unwrap_or_default(), out);
                    return bytes.len();
                }
            }
        }
    }

    /// The next place where a live token may stand.
    fn next_anchor(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..).unwrap_or_default();
        memchr::memchr2_iter(ANCHOR, ANCHOR.to_ascii_lowercase(), rest)
            .map(|at| from + at)
            .find(|at| {
                self.live
                    .may_become_token(text.get(*at..).unwrap_or_default())
            })
    }

    /// Writes text that is no placeholder.
    fn copy(&mut self, text: &str, out: &mut String) {
        let Some(last) = text.as_bytes().last() else {
            return;
        };
        self.before = *last;
        let mut rest = text;
        while let Some(at) = memchr::memchr2(b'[', b']', rest.as_bytes()) {
            let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            out.push_str(plain);
            let (bracket, behind) = from.split_at_checked(1).unwrap_or((from, ""));
            if self.brackets.keeps(bracket == "[", plain.is_empty()) {
                out.push_str(bracket);
            }
            rest = behind;
        }
        out.push_str(rest);
        if !rest.is_empty() {
            self.brackets.behind_bare = false;
        }
    }
}

/// The first placeholder, whole or unfinished, that begins within `starts`.
fn first_in<'m>(
    live: &'m Live,
    mut before: u8,
    text: &[u8],
    starts: Range<usize>,
    complete: bool,
) -> Option<(usize, Seen<'m>)> {
    for (at, byte) in text.iter().enumerate().take(starts.end).skip(starts.start) {
        let word_start = !before.is_ascii_alphanumeric() && byte.is_ascii_alphabetic();
        before = *byte;
        if !word_start && !matches!(byte, b'[' | b'\\') {
            continue;
        }
        match live.read(text, at, word_start, complete) {
            Seen::Nothing => {}
            seen => return Some((at, seen)),
        }
    }
    None
}

impl fmt::Debug for StreamRestorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRestorer")
            .field("held_bytes", &self.held.len())
            .field("restored", &self.restored)
            .finish_non_exhaustive()
    }
}

/// Which brackets belong to placeholders that a model tore apart.
///
/// The model's own brackets stay. A bracket goes when its partner went with a placeholder, or when it closes
/// nothing and stands directly behind a placeholder.
#[derive(Default)]
struct BracketCount {
    /// The model's own brackets that are open.
    open: u32,
    /// How many of these were open when a placeholder took an opening bracket.
    taken_at: Option<u32>,
    /// The last thing written was a placeholder without brackets.
    behind_bare: bool,
}

impl BracketCount {
    fn placeholder(&mut self, brackets: Brackets) {
        self.behind_bare = brackets == Brackets::None;
        if brackets == Brackets::OpenOnly {
            self.taken_at = Some(self.open);
        }
    }

    /// Whether a bracket of the text is the model's own.
    fn keeps(&mut self, opens: bool, adjacent: bool) -> bool {
        let behind_bare = std::mem::take(&mut self.behind_bare) && adjacent;
        if opens {
            self.open = self.open.saturating_add(1);
            return true;
        }
        if self.taken_at == Some(self.open) {
            self.taken_at = None;
            return false;
        }
        if self.open == 0 {
            return !behind_bare;
        }
        self.open -= 1;
        true
    }
}
