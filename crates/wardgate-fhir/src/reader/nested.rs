//! Passing over whole objects and arrays, without a call for each level.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use wardgate_deid::RecordFault;

use super::{Cursor, DEPTH_MAX, Quoted, position, too_deep};
use crate::ends::Ends;

impl Cursor<'_> {
    /// Passes over an object or array, and notes where it and those in it end. Which of the two is open is kept in
    /// bits, one for each level.
    pub(super) fn skip_nested(
        &mut self,
        depth: usize,
        mut ends: Option<&mut Ends>,
    ) -> Result<(), RecordFault> {
        let mut open: u128 = 0;
        let mut levels = 0usize;
        let mut numbers = [usize::MAX; DEPTH_MAX + 1];
        loop {
            // Here a value begins.
            match self.next_sign() {
                Some(sign @ (b'{' | b'[')) => {
                    if depth + levels >= DEPTH_MAX {
                        return Err(too_deep().at(position(self.at)));
                    }
                    if let (Some(ends), Some(number)) = (&mut ends, numbers.get_mut(levels)) {
                        *number = ends.begin(self.at);
                    }
                    self.at += 1;
                    levels += 1;
                    open = (open << 1) | u128::from(sign == b'{');
                    let close = if sign == b'{' { b'}' } else { b']' };
                    if self.next_sign() != Some(close) {
                        if sign == b'{' {
                            self.noted_key(&mut ends)?;
                        }
                        continue;
                    }
                }
                Some(b'"') => self.noted_string(&mut ends)?,
                Some(_) => self.scalar().map(drop)?,
                None => return Err(self.unexpected()),
            }
            // Here a value has ended.
            loop {
                if levels == 0 {
                    return Ok(());
                }
                let object = open & 1 == 1;
                match (self.next_sign(), object) {
                    (Some(b','), _) => {
                        self.at += 1;
                        if object {
                            self.next_sign();
                            self.noted_key(&mut ends)?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        levels -= 1;
                        open >>= 1;
                        if let (Some(ends), Some(number)) = (&mut ends, numbers.get(levels)) {
                            ends.end(*number, self.at);
                        }
                    }
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }

    fn noted_string(&mut self, ends: &mut Option<&mut Ends>) -> Result<(), RecordFault> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let string = self.unread_string()?;
        if let Some(ends) = ends {
            ends.string(start, self.at, string.escaped);
            ends.nested |= says_nested(string, self.slice(start..self.at));
        }
        Ok(())
    }

    fn noted_key(&mut self, ends: &mut Option<&mut Ends>) -> Result<(), RecordFault> {
        self.noted_string(ends)?;
        self.expect(b':')
    }
}

/// Whether a string says that a record holds others: it is the type of a resource that does or the key of those that
/// are contained, or may be one of these in its escapes.
#[inline]
fn says_nested(string: Quoted<'_>, quoted: &[u8]) -> bool {
    match string.escaped {
        false => matches!(string.raw, "Bundle" | "Parameters" | "contained"),
        true => NESTED_MARKS.iter().any(|mark| mark.find(quoted).is_some()),
    }
}

static NESTED_MARKS: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| {
    let marks = [r#""Bundle""#, r#""Parameters""#, r#""contained""#, r"\u00"];
    marks.map(Finder::new)
});
