//! Where in a document a value stands.

use super::unescape;

/// One step of a [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A member of an object: the raw bytes between the quotes of its key.
    Key(&'a [u8]),
    /// An element of an array, counted from 0.
    Index(usize),
}

impl Segment<'_> {
    /// Whether this is the member `name`; escapes in the key are decoded first.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let Self::Key(raw) = *self else { return false };
        if raw.contains(&b'\\') {
            return unescape(raw).is_ok_and(|key| key == name);
        }
        raw == name.as_bytes()
    }
}

/// The steps from the root of a document to a value.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    segments: &'a [Segment<'a>],
}

impl<'a> Path<'a> {
    pub(crate) fn new(segments: &'a [Segment<'a>]) -> Self {
        Self { segments }
    }

    /// How many steps lie between the root and the value.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.segments.len()
    }

    /// The step at `index`, counted from the root.
    #[must_use]
    pub fn segment(&self, index: usize) -> Option<Segment<'a>> {
        self.segments.get(index).copied()
    }

    /// All steps, from the root on.
    #[must_use]
    pub fn segments(&self) -> &'a [Segment<'a>] {
        self.segments
    }

    /// Whether the path is exactly `pattern`; `*` stands for any one step.
    ///
    /// ```
    /// use wardgate_deid::json::{self, Path, Visitor};
    /// use std::ops::Range;
    ///
    /// struct Contents(usize);
    /// impl Visitor for Contents {
    ///     fn string(&mut self, path: &Path<'_>, _at: Range<usize>) {
    ///         self.0 += usize::from(path.is(&["messages", "*", "content"]));
    ///     }
    ///     fn number(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
    ///     fn key(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
    /// }
    /// let mut contents = Contents(0);
    /// let body = br#"{"messages": [{"role": "user", "content": "Hello"}]}"#;
    /// json::scan(body, &json::Limits::default(), &mut contents)?;
    /// assert_eq!(contents.0, 1);
    /// # Ok::<(), json::JsonFault>(())
    /// ```
    #[must_use]
    pub fn is(&self, pattern: &[&str]) -> bool {
        self.depth() == pattern.len() && self.starts_with(pattern)
    }

    /// Whether the path begins with `pattern`; `*` stands for any one step.
    #[must_use]
    pub fn starts_with(&self, pattern: &[&str]) -> bool {
        self.depth() >= pattern.len()
            && self
                .segments
                .iter()
                .zip(pattern)
                .all(|(segment, name)| *name == "*" || segment.is(name))
    }
}
