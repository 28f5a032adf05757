//! Refusing the same key twice, in linear time for any number of keys.

use std::borrow::Cow;
use std::collections::HashSet;

use super::unescape;

/// The keys seen in the objects that are open.
///
/// Small objects compare key by key on one shared stack; an object that grows
/// past [`COMPARED_MAX`] moves to a hash set, so that no body costs more than
/// linear time. The set hashes with a random seed: keys cannot be chosen to collide.
#[derive(Default)]
pub(super) struct SeenKeys<'a> {
    stack: Vec<Cow<'a, [u8]>>,
}

/// What one open object knows of its keys.
pub(super) struct ObjectKeys<'a> {
    from: usize,
    hashed: Option<HashSet<Cow<'a, [u8]>>>,
}

impl<'a> SeenKeys<'a> {
    pub(super) fn open(&self) -> ObjectKeys<'a> {
        ObjectKeys {
            from: self.stack.len(),
            hashed: None,
        }
    }

    pub(super) fn close(&mut self, object: &ObjectKeys<'a>) {
        self.stack.truncate(object.from);
    }

    /// Notes a key; `false` when the object already has it.
    pub(super) fn insert(&mut self, object: &mut ObjectKeys<'a>, raw: &'a [u8]) -> bool {
        let key = decoded(raw);
        if let Some(hashed) = &mut object.hashed {
            return hashed.insert(key);
        }
        let own = self.stack.get(object.from..).unwrap_or_default();
        if own.contains(&key) {
            return false;
        }
        self.stack.push(key);
        if self.stack.len() - object.from > COMPARED_MAX {
            object.hashed = Some(self.stack.drain(object.from..).collect());
        }
        true
    }
}

fn decoded(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'\\') {
        return Cow::Borrowed(raw);
    }
    match unescape(raw) {
        Ok(Cow::Owned(key)) => Cow::Owned(key.into_bytes()),
        _ => Cow::Borrowed(raw),
    }
}

/// Keys of one object that are compared one by one before hashing begins.
const COMPARED_MAX: usize = 16;
