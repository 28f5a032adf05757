//! The policy set: parsed once, strictly validated, hashed, and asked per call.

mod catalogue;
mod files;
mod memo;
mod message;
mod operate;
mod parse;
mod steady;
mod texts;

use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, EntityUid, Policy, PolicyId, PolicySet,
    PolicySetError, Request as CedarRequest, RestrictedExpression,
};
use jiff::Timestamp;

use crate::cedar::{boolean, long, reference, seconds, text, texts, uid};
use crate::decide::Parties;
use crate::facts::Care;
use crate::outcome::{Denial, Gate, Refused};
use crate::request::Request;

pub use catalogue::Code;
pub use parse::PolicyFault;
pub use texts::PolicyText;

use files::{BUILT_IN, SCHEMA};
use memo::{Answer, Memo};
use message::Template;

/// A policy set that passed strict validation against the schema.
#[derive(Debug)]
pub struct Policies {
    sets: Sets,
    authorizer: Authorizer,
    action: EntityUid,
    /// In the order of files and of policies in them: the first that forbids makes the refusal.
    entries: Vec<Entry>,
    positions: HashMap<PolicyId, usize>,
    hash: [u8; 32],
    /// `None` when a policy reads the time in a way that could answer otherwise at any moment.
    memo: Option<Memo>,
}

/// The policies by what they can apply to, so that a call is not held up by the others.
#[derive(Debug, Default)]
struct Sets {
    calls: PolicySet,
    operations: PolicySet,
    /// Those of the operations that permit.
    permits: PolicySet,
}

/// What a policy can apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    Calls,
    Operations,
    Both,
}

impl Sets {
    fn add(&mut self, policy: Policy, concern: Concern) -> Result<(), Box<PolicySetError>> {
        if concern != Concern::Operations {
            self.calls.add(policy.clone())?;
        }
        if concern != Concern::Calls {
            if policy.effect() == Effect::Permit {
                self.permits.add(policy.clone())?;
            }
            self.operations.add(policy)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Entry {
    id: Arc<str>,
    concern: Concern,
    /// `None` for a permit.
    refusal: Option<RefusalText>,
}

#[derive(Debug)]
pub(crate) struct RefusalText {
    pub(crate) code: Arc<str>,
    pub(crate) message: Template,
    pub(crate) hint: Arc<str>,
    fact: String,
}

/// What the policies said when they did not permit.
pub(crate) enum Unpermitted {
    /// These forbid it, by position, the deciding one first.
    Forbidden(Vec<usize>),
    /// Nothing permits it.
    NotPermitted,
    /// They could not be evaluated, which must never count as a permit.
    Failed,
}

impl Policies {
    /// The policies that ship with Wardgate.
    ///
    /// # Errors
    /// Never, unless the build itself is broken; then every fault is listed.
    pub fn built_in() -> Result<Self, Vec<PolicyFault>> {
        Self::parse(BUILT_IN)
    }

    /// Parses policy files, given as name and text, and validates them strictly.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Vec<PolicyFault>> {
        parse::parse(files, SCHEMA)
    }

    /// SHA-256 over the schema and the names and texts of the files.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Every refusal code that a decision on a call can give, for the reference.
    #[must_use]
    pub fn catalogue(&self) -> Vec<Code> {
        catalogue::of_calls(self)
    }

    /// Every refusal code that an operation can meet, for the reference.
    #[must_use]
    pub fn operation_catalogue(&self) -> Vec<Code> {
        catalogue::of_operations(self)
    }

    /// The names and texts of the policy files that ship with Wardgate.
    #[must_use]
    pub fn built_in_files() -> &'static [(&'static str, &'static str)] {
        BUILT_IN
    }

    /// The policies that permit the call.
    pub(crate) fn evaluate(
        &self,
        request: &Request<'_>,
        parties: &Parties<'_>,
        now: Timestamp,
    ) -> Result<Vec<Arc<str>>, Unpermitted> {
        let now_ms = now.as_millisecond();
        let answer = match &self.memo {
            None => self.ask(request, parties, now_ms)?,
            Some(memo) => {
                let key = memo.key(request, parties);
                match memo.recall(&key, now_ms) {
                    Some(answer) => answer,
                    None => {
                        let answer = self.ask(request, parties, now_ms)?;
                        memo.remember(key, parties, now_ms, &answer);
                        answer
                    }
                }
            }
        };
        permitted(answer)
    }

    /// The policies that permit the call, asked for afresh and not remembered.
    pub(crate) fn evaluate_anew(
        &self,
        request: &Request<'_>,
        parties: &Parties<'_>,
        now: Timestamp,
    ) -> Result<Vec<Arc<str>>, Unpermitted> {
        permitted(self.ask(request, parties, now.as_millisecond())?)
    }

    /// Asks Cedar.
    fn ask(
        &self,
        request: &Request<'_>,
        parties: &Parties<'_>,
        now_ms: i64,
    ) -> Result<Answer, Unpermitted> {
        let asked = self
            .cedar_request(request, parties, now_ms)
            .ok_or(Unpermitted::Failed)?;
        let entities = parties.entities.iter().map(|entity| (*entity).clone());
        let entities = Entities::from_entities(entities, None).map_err(|_| Unpermitted::Failed)?;
        self.answer(&asked, &self.sets.calls, &entities)
    }

    fn answer(
        &self,
        asked: &CedarRequest,
        set: &PolicySet,
        entities: &Entities,
    ) -> Result<Answer, Unpermitted> {
        let response = self.authorizer.is_authorized(asked, set, entities);
        // Cedar skips a policy that fails to evaluate. A skipped `forbid` would be a hole.
        if response.diagnostics().errors().next().is_some() {
            return Err(Unpermitted::Failed);
        }
        let mut positions: Vec<usize> = response
            .diagnostics()
            .reason()
            .filter_map(|id| self.positions.get(id).copied())
            .collect();
        positions.sort_unstable();
        Ok(match response.decision() {
            Decision::Allow => Answer::Permitted(self.ids(&positions)),
            Decision::Deny if positions.is_empty() => Answer::NotPermitted,
            Decision::Deny => Answer::Forbidden(positions),
        })
    }

    /// What the first of these policies says about its "no".
    pub(crate) fn first_refusal(&self, positions: &[usize]) -> Option<&RefusalText> {
        let entry = self.entries.get(*positions.first()?)?;
        entry.refusal.as_ref()
    }

    fn ids(&self, positions: &[usize]) -> Vec<Arc<str>> {
        positions
            .iter()
            .filter_map(|position| self.entries.get(*position))
            .map(|entry| Arc::clone(&entry.id))
            .collect()
    }

    fn cedar_request(
        &self,
        request: &Request<'_>,
        parties: &Parties<'_>,
        now_ms: i64,
    ) -> Option<CedarRequest> {
        let purposes = request.purpose.lineage().map(|purpose| purpose.code());
        let labels = request.labels.codes().iter().map(|label| label.code);
        let mut pairs: Vec<(String, RestrictedExpression)> = vec![
            ("now".to_owned(), long(now_ms)),
            ("purpose".to_owned(), text(request.purpose.code())),
            ("purposes".to_owned(), texts(purposes)),
            ("data_class".to_owned(), text(request.data_class)),
            ("recipient".to_owned(), text(request.recipient)),
            ("region".to_owned(), text(request.region)),
            ("patient".to_owned(), boolean(request.patient.is_some())),
            ("flow_declared".to_owned(), boolean(parties.flow_declared)),
            ("contained".to_owned(), boolean(parties.contained)),
            (
                "mfa_level".to_owned(),
                long(i64::from(parties.sign_in.level)),
            ),
            ("mfa_age_s".to_owned(), seconds(parties.sign_in.age_s)),
            (
                "care_asked".to_owned(),
                boolean(parties.care != Care::NotAsked),
            ),
            (
                "care_relationship".to_owned(),
                boolean(parties.care == Care::Current),
            ),
            ("break_glass".to_owned(), boolean(parties.break_glass)),
            ("labels".to_owned(), texts(labels)),
        ];
        if let Some(person) = request.person {
            pairs.push(("person".to_owned(), reference("Person", person)?));
        }
        let context = Context::from_pairs(pairs).ok()?;
        let app = uid("App", request.app)?;
        let system = uid("System", request.system)?;
        CedarRequest::new(app, self.action.clone(), system, context, None).ok()
    }
}

fn permitted(answer: Answer) -> Result<Vec<Arc<str>>, Unpermitted> {
    match answer {
        Answer::Permitted(policies) => Ok(policies),
        Answer::Forbidden(positions) => Err(Unpermitted::Forbidden(positions)),
        Answer::NotPermitted => Err(Unpermitted::NotPermitted),
    }
}

impl Unpermitted {
    pub(crate) fn into_denial(
        self,
        request: &Request<'_>,
        parties: &Parties<'_>,
        policies: &Policies,
    ) -> Denial {
        let mut refused = Refused {
            call: request.call,
            gate: Gate::Authorize,
            code: "policy.failed".into(),
            message: FAILED_MESSAGE.to_owned(),
            hint: FAILED_HINT.into(),
            source: "policies".into(),
            policies: Vec::new(),
            policy_hash: policies.hash(),
            consents: Vec::new(),
            facts: parties.used.clone(),
            steps: Vec::new(),
        };
        match self {
            Self::Failed => {}
            Self::NotPermitted => not_permitted(&mut refused, request, parties),
            Self::Forbidden(positions) => {
                refused.policies = policies.ids(&positions);
                if let Some(text) = policies.first_refusal(&positions) {
                    let fact = parties.fact(&text.fact);
                    refused.code = Arc::clone(&text.code);
                    refused.message = text.message.fill(request, parties, fact);
                    refused.hint = Arc::clone(&text.hint);
                    if let Some(fact) = fact {
                        refused.source = Arc::clone(&fact.source);
                    }
                }
            }
        }
        Denial(Box::new(refused))
    }
}

/// Nothing forbids the call and nothing permits it: says which grant is not there.
fn not_permitted(refused: &mut Refused, request: &Request<'_>, parties: &Parties<'_>) {
    let granted = parties
        .facts
        .app
        .as_ref()
        .and_then(|app| app.systems.as_ref())
        .is_some_and(|systems| systems.value.iter().any(|id| id == request.system));
    let has_role = parties
        .facts
        .person
        .as_ref()
        .and_then(|person| person.roles.as_ref())
        .is_some_and(|roles| !roles.value.is_empty());
    let (fact, code, message, hint) = match request.person {
        _ if !granted => (
            "app.systems",
            "access.not_granted",
            format!(
                "`{}` was not granted system `{}`",
                request.app, request.system
            ),
            NOT_GRANTED_HINT,
        ),
        Some(person) if has_role => (
            "person.roles",
            "purpose.not_allowed",
            format!(
                "no role of `{person}` permits system `{}` for purpose {}",
                request.system, request.purpose
            ),
            ROLE_PURPOSE_HINT,
        ),
        Some(person) => (
            "person.roles",
            "access.not_granted",
            format!("`{person}` has no role"),
            NO_ROLE_HINT,
        ),
        None => (
            "app.systems",
            "access.not_granted",
            format!(
                "no policy permits `{}` to use system `{}` for purpose {}",
                request.app, request.system, request.purpose
            ),
            NOT_GRANTED_HINT,
        ),
    };
    refused.code = code.into();
    refused.message = message;
    refused.hint = hint.into();
    if let Some(fact) = parties.fact(fact) {
        refused.source = Arc::clone(&fact.source);
    }
}

const NOT_GRANTED_HINT: &str = "have the application granted this system in its record";
const ROLE_PURPOSE_HINT: &str =
    "name the true purpose in `wardgate-purpose`, or ask a colleague whose role covers it";
const NO_ROLE_HINT: &str = "have the person's role recorded";
const FAILED_MESSAGE: &str = "the policies could not be evaluated for this call";
const FAILED_HINT: &str =
    "report this with the call's record; a call is never passed on a failed policy";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_built_in_policies_can_be_remembered() {
        assert!(Policies::built_in().unwrap().memo.is_some());
    }
}
