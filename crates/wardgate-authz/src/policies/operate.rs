//! What the policies say to an operation on the console and its interfaces.

use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::{ActionConstraint, Context, Entities, Entity, Request as CedarRequest};
use jiff::Timestamp;

use super::memo::Answer;
use super::{Policies, Unpermitted};
use crate::cedar::{boolean, entity, long, reference, seconds, text, texts, uid};
use crate::operation::{Actor, Operation, Target, Who};

impl Policies {
    /// The operations that no policy permits to anybody. A hospital whose own policies leave
    /// these out has shut its console for them, and opens it again on the host only.
    #[must_use]
    pub fn operations_never_permitted(&self) -> Vec<Operation> {
        let named = |operation: &Operation| {
            let action = uid("Action", operation.word());
            self.sets
                .permits
                .policies()
                .any(|policy| match policy.action_constraint() {
                    ActionConstraint::Any => true,
                    ActionConstraint::Eq(one) => Some(one) == action,
                    ActionConstraint::In(several) => {
                        several.into_iter().any(|one| Some(one) == action)
                    }
                })
        };
        let all = Operation::ALL.iter().copied();
        all.filter(|operation| !named(operation)).collect()
    }

    /// The policies that permit an operation.
    pub(crate) fn permit_operation(
        &self,
        actor: &Actor<'_>,
        operation: Operation,
        target: &Target<'_>,
        now: Timestamp,
    ) -> Result<Vec<Arc<str>>, Unpermitted> {
        let (asked, entities) =
            cedar_request(actor, operation, target, now).ok_or(Unpermitted::Failed)?;
        match self.answer(&asked, &self.sets.operations, &entities)? {
            Answer::Permitted(policies) => Ok(policies),
            Answer::NotPermitted => Err(Unpermitted::NotPermitted),
            Answer::Forbidden(positions) => {
                // Nobody is sent to prove themselves for what they may not do in any case.
                match self.answer(&asked, &self.sets.permits, &entities)? {
                    Answer::Permitted(_) => Err(Unpermitted::Forbidden(positions)),
                    _ => Err(Unpermitted::NotPermitted),
                }
            }
        }
    }
}

fn cedar_request(
    actor: &Actor<'_>,
    operation: Operation,
    target: &Target<'_>,
    now: Timestamp,
) -> Option<(CedarRequest, Entities)> {
    let principal = principal(actor)?;
    let resource = record(target)?;
    let context = Context::from_pairs([
        ("now".to_owned(), long(now.as_millisecond())),
        ("operation".to_owned(), text(operation.word())),
        ("mfa_level".to_owned(), long(i64::from(actor.mfa_level))),
        ("mfa_age_s".to_owned(), seconds(actor.mfa_age_s)),
    ])
    .ok()?;
    let asked = CedarRequest::new(
        principal.uid(),
        uid("Action", operation.word())?,
        resource.uid(),
        context,
        None,
    )
    .ok()?;
    let entities = Entities::from_entities([principal, resource], None).ok()?;
    Some((asked, entities))
}

fn principal(actor: &Actor<'_>) -> Option<Entity> {
    match actor.who {
        Who::Person {
            id,
            roles,
            break_glass,
        } => {
            let roles = texts(roles.iter().map(String::as_str));
            let attributes = [("roles", roles), ("break_glass", boolean(break_glass))];
            entity("Person", id, attributes.into())
        }
        Who::App { id, operations } => {
            let operations = texts(operations.iter().map(String::as_str));
            let attributes = [
                ("systems", texts([].into_iter())),
                ("operations", operations),
            ];
            entity("App", id, attributes.into())
        }
    }
}

fn record(target: &Target<'_>) -> Option<Entity> {
    let mut attributes = HashMap::from([("kind", text(target.kind))]);
    if let Some(maker) = target.made_by {
        attributes.insert("made_by", reference("Person", maker)?);
    }
    entity(
        "Record",
        &format!("{}/{}", target.kind, target.id),
        attributes,
    )
}
