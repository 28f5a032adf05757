//! What two sets of policies say and decide differently.

use std::collections::HashMap;
use std::fmt;

use super::situation::Answer;
use super::table::{self, Cell};
use crate::operation::Operation;
use crate::policies::{Policies, PolicyText};
use crate::purpose::Purpose;

/// What two sets of policies say and decide differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The policies themselves.
    pub policies: Vec<PolicyChange>,
    /// Calls that are decided otherwise, like ones together.
    pub calls: Vec<TableFlip>,
    /// Operations that are decided otherwise.
    pub operations: Vec<OperationFlip>,
    /// How many invented calls and operations were compared.
    pub compared: usize,
}

/// One policy that only one set has, or that they word differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyChange {
    /// Only the second set has it.
    Added(PolicyText),
    /// Only the first set has it.
    Removed(PolicyText),
    /// Both have it, in other words.
    Changed {
        /// As the first set has it.
        before: PolicyText,
        /// As the second set has it.
        after: PolicyText,
    },
}

/// Calls of one role that the two sets decide differently in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFlip {
    /// The role; empty for a person without one.
    pub role: &'static str,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// Whether they are about a patient.
    pub about_patient: bool,
    /// What is out of order.
    pub circumstance: &'static str,
    /// What the first set answers.
    pub before: Answer,
    /// What the second set answers to the first of the purposes.
    pub after: Answer,
}

/// An operation that the two sets decide differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationFlip {
    /// The role; empty for a person without one.
    pub role: &'static str,
    /// The operation.
    pub operation: Operation,
    /// How the person signed in and whose thing it is.
    pub circumstance: &'static str,
    /// The code with which the first set refuses; `None` when it permits.
    pub before: Option<String>,
    /// The code with which the second set refuses; `None` when it permits.
    pub after: Option<String>,
}

impl Difference {
    /// Compares two sets policy by policy and cell by cell.
    #[must_use]
    pub fn between(before: &Policies, after: &Policies) -> Self {
        let purposes = table::alike([before, after]);
        let calls_before = table::calls(before, &purposes);
        let calls_after = table::calls(after, &purposes);
        let operations_before = table::operations(before);
        let operations_after = table::operations(after);
        let calls: usize = calls_before.iter().map(|cell| cell.purposes.len()).sum();
        let compared = calls + operations_before.len();
        let operations = operations_before.into_iter().zip(operations_after);
        Self {
            policies: changes(before, after),
            calls: flips(calls_before, calls_after),
            operations: operations
                .filter(|(before, after)| before.refused != after.refused)
                .map(|(before, after)| OperationFlip {
                    role: before.role,
                    operation: before.operation,
                    circumstance: before.circumstance,
                    before: before.refused,
                    after: after.refused,
                })
                .collect(),
            compared,
        }
    }

    /// Whether both sets hold the same policies in the same words and decide the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.calls.is_empty() && self.operations.is_empty()
    }
}

impl PolicyChange {
    /// The id of the policy.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Added(policy) | Self::Removed(policy) => &policy.id,
            Self::Changed { before, .. } => &before.id,
        }
    }

    /// `added`, `removed` or `changed`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Removed(_) => "removed",
            Self::Changed { .. } => "changed",
        }
    }
}

impl fmt::Display for TableFlip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.about_patient {
            "about a patient"
        } else {
            "about no patient"
        };
        let purposes: Vec<&str> = self.purposes.iter().map(|purpose| purpose.code()).collect();
        write!(
            f,
            "{}, {about}, {}, for {}: {} -> {}",
            role_words(self.role),
            self.circumstance,
            purposes.join(" "),
            self.before,
            self.after
        )
    }
}

impl fmt::Display for OperationFlip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |refused: &Option<String>| match refused {
            None => "permitted".to_owned(),
            Some(code) => format!("refused with `{code}`"),
        };
        write!(
            f,
            "{}, `{}`, {}: {} -> {}",
            role_words(self.role),
            self.operation.word(),
            self.circumstance,
            words(&self.before),
            words(&self.after)
        )
    }
}

fn role_words(role: &str) -> &str {
    if role.is_empty() { "no role" } else { role }
}

fn changes(before: &Policies, after: &Policies) -> Vec<PolicyChange> {
    let (before, after) = (before.texts(), after.texts());
    let mut left: HashMap<&str, &PolicyText> =
        before.iter().map(|policy| (&*policy.id, policy)).collect();
    let mut changes = Vec::new();
    for policy in &after {
        match left.remove(&*policy.id) {
            None => changes.push(PolicyChange::Added(policy.clone())),
            Some(old) if old.text != policy.text => changes.push(PolicyChange::Changed {
                before: old.clone(),
                after: policy.clone(),
            }),
            Some(_) => {}
        }
    }
    let removed = before
        .iter()
        .filter(|policy| left.contains_key(&*policy.id));
    changes.extend(removed.cloned().map(PolicyChange::Removed));
    changes
}

/// Cells that differ in permission or code, those with the same answers and circumstances as one.
fn flips(before: Vec<Cell>, after: Vec<Cell>) -> Vec<TableFlip> {
    let mut flips: Vec<TableFlip> = Vec::new();
    for (before, after) in before.into_iter().zip(after) {
        if before.answer.code() == after.answer.code() {
            continue;
        }
        let alike = flips.iter_mut().rev().take(ANSWERS_MAX).find(|flip| {
            flip.role == before.role
                && flip.about_patient == before.about_patient
                && flip.circumstance == before.circumstance
                && flip.before.code() == before.answer.code()
                && flip.after.code() == after.answer.code()
        });
        match alike {
            Some(flip) => flip.purposes.extend(before.purposes),
            None => flips.push(TableFlip {
                role: before.role,
                purposes: before.purposes,
                about_patient: before.about_patient,
                circumstance: before.circumstance,
                before: before.answer,
                after: after.answer,
            }),
        }
    }
    flips
}

/// Rows of one circumstance stand together; it has no more answers than there are purposes.
const ANSWERS_MAX: usize = 64;
