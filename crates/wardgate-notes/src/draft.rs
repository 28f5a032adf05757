//! A note in the making: each character knows the gold span that it belongs to, so that any change
//! of the text keeps the gold right.

use crate::note::{Kind, Span};

/// A character and its span: 0 for none, otherwise one more than the index of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) ch: char,
    pub(crate) span: u32,
}

/// Text with gold.
#[derive(Debug, Default, Clone)]
pub(crate) struct Draft {
    pub(crate) marks: Vec<Mark>,
    kinds: Vec<Kind>,
    open: u32,
}

impl Draft {
    pub(crate) fn push(&mut self, text: &str) {
        let span = self.open;
        self.marks.extend(text.chars().map(|ch| Mark { ch, span }));
    }

    pub(crate) fn push_char(&mut self, ch: char) {
        self.marks.push(Mark {
            ch,
            span: self.open,
        });
    }

    /// Text that is gold of one kind; inside a wider span it is a part of that one.
    pub(crate) fn gold(&mut self, kind: Kind, text: &str) {
        let outer = self.begin(kind);
        self.push(text);
        self.end(outer);
    }

    /// Opens a span unless one is open; give what it returns to `end`.
    pub(crate) fn begin(&mut self, kind: Kind) -> bool {
        if self.open != 0 {
            return false;
        }
        self.open = self.new_span(kind);
        true
    }

    pub(crate) fn end(&mut self, began: bool) {
        if began {
            self.open = 0;
        }
    }

    /// The number of a new span of a kind.
    fn new_span(&mut self, kind: Kind) -> u32 {
        self.kinds.push(kind);
        u32::try_from(self.kinds.len()).unwrap_or(0)
    }

    /// The number of a new span of the same kind as another.
    pub(crate) fn copy_span(&mut self, span: u32) -> u32 {
        let index = usize::try_from(span).unwrap_or(0).checked_sub(1);
        let kind = index.and_then(|index| self.kinds.get(index)).copied();
        self.new_span(kind.unwrap_or(Kind::Other))
    }

    /// The text and its spans in code points, without white space at their ends.
    pub(crate) fn finish(self) -> (String, Vec<Span>) {
        let text = self.marks.iter().map(|mark| mark.ch).collect();
        let mut bounds: Vec<Option<(usize, usize)>> = vec![None; self.kinds.len()];
        for (at, mark) in self.marks.iter().enumerate() {
            if mark.span == 0 || mark.ch.is_whitespace() {
                continue;
            }
            let index = usize::try_from(mark.span - 1).unwrap_or(usize::MAX);
            if let Some(bound) = bounds.get_mut(index) {
                let start = bound.map_or(at, |(start, _)| start);
                *bound = Some((start, at + 1));
            }
        }
        let spans = bounds.into_iter().zip(self.kinds);
        let mut spans: Vec<Span> = spans
            .filter_map(|(bound, kind)| bound.map(|(start, end)| Span { start, end, kind }))
            .collect();
        spans.sort_by_key(|span| (span.start, span.end));
        (text, spans)
    }
}
