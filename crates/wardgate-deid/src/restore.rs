//! Putting the values back into an answer.
//!
//! A map holds only what was replaced in its own call, so a placeholder of
//! another call or caller means nothing to it.

mod pattern;
mod stream;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::placeholder::{TOKEN_LEN, Token, Variant};

pub use stream::{Escape, StreamRestorer};

/// What the placeholders of one call stand for.
#[derive(Clone, Default)]
pub struct RestoreMap {
    live: Arc<Live>,
}

/// The placeholders that may be restored.
#[derive(Default)]
pub(crate) struct Live {
    entities: HashMap<Token, Entity>,
    /// The characters of all tokens, sorted: what the start of a token can become.
    tokens: Vec<[u8; TOKEN_LEN]>,
    /// The labels in use, each once.
    labels: Vec<&'static str>,
    surfaces: usize,
}

/// A value and the surfaces in which the call wrote it.
pub(crate) struct Entity {
    label: &'static str,
    day: Option<i64>,
    surfaces: Vec<(Option<Variant>, Zeroizing<String>)>,
}

impl RestoreMap {
    pub(crate) fn new(entities: HashMap<Token, Entity>) -> Self {
        let mut tokens: Vec<_> = entities.keys().map(|token| token.characters()).collect();
        tokens.sort_unstable();
        let mut labels: Vec<_> = entities.values().map(|entity| entity.label).collect();
        labels.sort_unstable();
        labels.dedup();
        let surfaces = entities.values().map(|entity| entity.surfaces.len()).sum();
        let live = Live {
            entities,
            tokens,
            labels,
            surfaces,
        };
        Self {
            live: Arc::new(live),
        }
    }

    /// Whether the call replaced nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.surfaces == 0
    }

    /// How many placeholders the call made.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.surfaces
    }

    /// The text with its placeholders replaced by their values.
    #[must_use]
    pub fn restore<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_empty() || !self.live.anchored(text.as_bytes()) {
            return Cow::Borrowed(text);
        }
        let mut stream = self.stream(Escape::None);
        let mut out = String::with_capacity(text.len());
        stream.push(text, &mut out);
        stream.finish(&mut out);
        Cow::Owned(out)
    }

    /// A restorer for an answer that comes in pieces.
    #[must_use]
    pub fn stream(&self, escape: Escape) -> StreamRestorer {
        StreamRestorer::new(Arc::clone(&self.live), escape)
    }
}

impl fmt::Debug for RestoreMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestoreMap")
            .field("len", &self.len())
            .finish()
    }
}

impl Entity {
    pub(crate) fn new(label: &'static str, day: Option<i64>) -> Self {
        Self {
            label,
            day,
            surfaces: Vec::new(),
        }
    }

    pub(crate) fn has(&self, variant: Variant) -> bool {
        self.surfaces.iter().any(|(v, _)| *v == Some(variant))
    }

    pub(crate) fn add(&mut self, variant: Option<Variant>, surface: &str) {
        let surface = Zeroizing::new(surface.to_owned());
        self.surfaces.push((variant, surface));
    }

    /// The surface of a variant; when the model lost the variant, the plainest surface.
    fn surface(&self, variant: Option<Variant>) -> &str {
        let exact = self.surfaces.iter().find(|(v, _)| *v == variant);
        let plain = || self.surfaces.iter().find(|(v, _)| v.is_none());
        let any = exact.or_else(plain).or_else(|| self.surfaces.first());
        any.map_or("", |(_, surface)| surface.as_str())
    }
}
