//! Making the placeholders of one call, and remembering what they stand for.

use std::collections::{HashMap, HashSet};

use zeroize::Zeroizing;

use crate::finding::{Finding, Kind};
use crate::known::KnownIdentifiers;
use crate::placeholder::{self, PlaceholderKey, Token};
use crate::restore::{Entity, RestoreMap};
use crate::secret::Secret;
use crate::value::Value;

/// The placeholders of one call.
pub(crate) struct Mint<'a> {
    key: &'a PlaceholderKey,
    known: Option<&'a KnownIdentifiers>,
    /// Tokens that the request held before anything was replaced.
    taken: HashSet<Token>,
    epoch: Option<i64>,
    /// INVARIANT: each surface has one placeholder, so that equal text stays equal.
    written: HashMap<(Kind, Secret), String>,
    entities: HashMap<Token, Entity>,
    tokens: HashMap<(Kind, Secret), Token>,
}

impl<'a> Mint<'a> {
    pub(crate) fn new(
        key: &'a PlaceholderKey,
        known: Option<&'a KnownIdentifiers>,
        taken: impl IntoIterator<Item = Token>,
    ) -> Self {
        Self {
            key,
            known,
            taken: taken.into_iter().collect(),
            epoch: None,
            written: HashMap::new(),
            entities: HashMap::new(),
            tokens: HashMap::new(),
        }
    }

    /// The placeholder of a found surface.
    pub(crate) fn placeholder(&mut self, finding: &Finding, surface: &str) -> &str {
        let at = (finding.kind, Secret::new(surface));
        if !self.written.contains_key(&at) {
            let value = Value::of(finding, surface, self.known);
            let written = self.write(finding.kind, value, surface);
            return self.written.entry(at).or_insert(written);
        }
        self.written.get(&at).map_or("", String::as_str)
    }

    /// What the placeholders stand for; nothing but what was replaced in this call.
    pub(crate) fn into_map(self) -> RestoreMap {
        RestoreMap::new(self.entities)
    }

    fn write(&mut self, kind: Kind, value: Value, surface: &str) -> String {
        let label = kind.label();
        let epoch = *self.epoch.get_or_insert_with(|| self.key.epoch());
        let day = value.day.map(|day| day + epoch);
        let token = self.token(kind, value.key);
        let entity = self
            .entities
            .entry(token)
            .or_insert_with(|| Entity::new(label, day));
        let mut variant = None;
        if value.plain != surface {
            // Two surfaces of one value that derive the same variant: take the next one.
            variant = (0..=u8::MAX)
                .map(|attempt| self.key.variant(token, surface, attempt))
                .find(|variant| !entity.has(*variant));
        }
        entity.add(variant, surface);
        let mut written = String::with_capacity(PLACEHOLDER_LEN_USUAL);
        placeholder::write(&mut written, label, token, day, variant);
        written
    }

    fn token(&mut self, kind: Kind, value: Zeroizing<String>) -> Token {
        let at = (kind, Secret::from(value));
        if let Some(token) = self.tokens.get(&at) {
            return *token;
        }
        let mut token = self.key.token(kind.label(), at.1.as_str(), 0);
        for attempt in 1..=u8::MAX {
            if !self.taken.contains(&token) {
                break;
            }
            token = self.key.token(kind.label(), at.1.as_str(), attempt);
        }
        self.taken.insert(token);
        self.tokens.insert(at, token);
        token
    }
}

/// Room for a usual placeholder.
const PLACEHOLDER_LEN_USUAL: usize = 40;
