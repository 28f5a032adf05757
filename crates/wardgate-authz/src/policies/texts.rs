//! The single policies of a set, as people read them.

use std::sync::Arc;

use cedar_policy::{Effect, PolicyId};

use super::Policies;

/// One policy of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText {
    /// Its id.
    pub id: Arc<str>,
    /// Whether it forbids.
    pub forbids: bool,
    /// Its text, with annotations.
    pub text: String,
}

impl Policies {
    /// Every policy, in the order in which they are asked.
    #[must_use]
    pub fn texts(&self) -> Vec<PolicyText> {
        let text = |id: &Arc<str>| {
            let named = PolicyId::new(id);
            let calls = self.sets.calls.policy(&named);
            let policy = calls.or_else(|| self.sets.operations.policy(&named))?;
            Some(PolicyText {
                id: Arc::clone(id),
                forbids: policy.effect() == Effect::Forbid,
                text: policy.to_string(),
            })
        };
        let ids = self.entries.iter().map(|entry| &entry.id);
        ids.filter_map(text).collect()
    }
}
