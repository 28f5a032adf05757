//! The members of an object, looked at ahead of the reader proper.

use std::borrow::Cow;

use super::Cursor;

/// The members of an object; see [`Cursor::members`].
pub(crate) struct Members<'a> {
    cursor: Cursor<'a>,
    first: bool,
    open: bool,
    depth: usize,
}

impl<'a> Cursor<'a> {
    /// The members of the object that begins at the next sign, without moving: each key with what its value begins
    /// at. Stops at the first fault, which the reader proper will meet again.
    pub(crate) fn members(&self, depth: usize) -> Members<'a> {
        let mut cursor = *self;
        let open = cursor.next_sign() == Some(b'{');
        cursor.at += usize::from(open);
        Members {
            cursor,
            first: true,
            open,
            depth,
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Cursor<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.open {
            return None;
        }
        if !self.first {
            self.cursor.skip(self.depth).ok()?;
            if self.cursor.next_sign() != Some(b',') {
                self.open = false;
                return None;
            }
            self.cursor.at += 1;
        }
        self.first = false;
        if self.cursor.next_sign() != Some(b'"') {
            self.open = false;
            return None;
        }
        let key = self.cursor.key().ok()?;
        self.cursor.next_sign();
        Some((key.text(), self.cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_listed_without_moving() {
        let cursor = Cursor::new(br#" {"a": 1, "b": {"c": [1]}, "d": "e"}"#).unwrap();
        let keys: Vec<_> = cursor.members(0).map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "b", "d"]);
        let last = cursor.members(0).last().unwrap().1;
        assert_eq!(last.text().as_deref(), Some("e"));
    }
}
