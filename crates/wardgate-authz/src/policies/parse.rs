//! From policy files to a checked policy set.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use cedar_policy::{
    ActionConstraint, Authorizer, Effect, ParseError, Policy, PolicyId, PolicySet,
    PrincipalConstraint, Schema, ValidationMode, Validator,
};
use miette::Diagnostic as _;

use super::memo::Memo;
use super::message::Template;
use super::steady::{is_steady, mentions};
use super::{Concern, Entry, Policies, RefusalText, Sets};
use crate::cedar::uid;

/// Something wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The file.
    pub file: String,
    /// The line, counted from one; zero when the fault has no place.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for PolicyFault {}

pub(super) fn parse(files: &[(&str, &str)], schema: &str) -> Result<Policies, Vec<PolicyFault>> {
    let mut reading = Reading::default();
    for (file, text) in files {
        reading.file(file, text);
    }
    reading.validate(schema);
    let action = uid("Action", "call");
    match action {
        Some(action) if reading.faults.is_empty() => Ok(Policies {
            memo: is_steady(&reading.sets.calls)
                .then(|| Memo::new(mentions(&reading.sets.calls, "mfa_age_s"))),
            sets: reading.sets,
            authorizer: Authorizer::new(),
            action,
            entries: reading.entries,
            positions: reading.positions,
            hash: hash(files, schema),
        }),
        _ => Err(reading.faults),
    }
}

#[derive(Default)]
struct Reading {
    /// Everything, for validation.
    all: PolicySet,
    sets: Sets,
    entries: Vec<Entry>,
    positions: HashMap<PolicyId, usize>,
    places: HashMap<PolicyId, (String, usize)>,
    faults: Vec<PolicyFault>,
}

impl Reading {
    fn file(&mut self, file: &str, text: &str) {
        let set = match PolicySet::from_str(text) {
            Ok(set) => set,
            Err(errors) => {
                for error in errors.iter() {
                    let line = place_of(error).map_or(0, |place| line_of(text, place));
                    self.fault(file, line, error.to_string(), "correct the policy's syntax");
                }
                return;
            }
        };
        if set.templates().next().is_some() {
            let message = "it has a template, and nothing here links templates";
            self.fault(file, 1, message.to_owned(), "write the policy out");
        }
        let mut policies: Vec<&Policy> = set.policies().collect();
        policies.sort_by_key(|policy| order_in_file(policy));
        for policy in policies {
            let id = policy.annotation("id").unwrap_or_default();
            let line = text.find(&format!("@id(\"{id}\")"));
            self.policy(file, line.map_or(0, |place| line_of(text, place)), policy);
        }
    }

    fn policy(&mut self, file: &str, line: usize, policy: &Policy) {
        let Some(id) = policy.annotation("id").filter(|id| is_word(id)) else {
            let message = "a policy has no `@id`, or one that is no word".to_owned();
            return self.fault(
                file,
                line,
                message,
                "give it an id such as `@id(\"vendor.suspended\")`",
            );
        };
        let concern = concern(policy);
        let refusal = match policy.effect() {
            Effect::Permit if policy.action_constraint() == ActionConstraint::Any => {
                let message = format!("policy `{id}` permits every action there is");
                return self.fault(file, line, message, PERMIT_HINT);
            }
            Effect::Permit => None,
            Effect::Forbid => match refusal_text(policy, concern) {
                Ok(text) => Some(text),
                Err(message) => {
                    let message = format!("policy `{id}`: {message}");
                    return self.fault(file, line, message, ANNOTATION_HINT);
                }
            },
        };
        let policy_id = PolicyId::new(id);
        let named = policy.new_id(policy_id.clone());
        if self.all.add(named.clone()).is_err() || self.sets.add(named, concern).is_err() {
            let message = format!("the id `{id}` is used twice");
            return self.fault(file, line, message, "give every policy its own id");
        }
        self.positions.insert(policy_id.clone(), self.entries.len());
        self.places.insert(policy_id, (file.to_owned(), line));
        self.entries.push(Entry {
            id: id.into(),
            concern,
            refusal,
        });
    }

    /// Strict validation, with entities followed at most from system to vendor. A warning
    /// counts as a fault: a policy that can never apply is a mistake.
    fn validate(&mut self, schema: &str) {
        let schema = match Schema::from_str(schema) {
            Ok(schema) => schema,
            Err(error) => {
                return self.fault(
                    "schema.cedarschema",
                    0,
                    error.to_string(),
                    "correct the schema",
                );
            }
        };
        let result = Validator::new(schema).validate_with_level(
            &self.all,
            ValidationMode::Strict,
            DEREFERENCE_LEVEL_MAX,
        );
        let mut found: Vec<(PolicyId, String)> = Vec::new();
        for error in result.validation_errors() {
            found.push((error.policy_id().clone(), error.to_string()));
        }
        for warning in result.validation_warnings() {
            found.push((warning.policy_id().clone(), warning.to_string()));
        }
        for (id, message) in found {
            let (file, line) = self.places.get(&id).cloned().unwrap_or_default();
            self.fault(
                &file,
                line,
                message,
                "use the words of `schema.cedarschema`",
            );
        }
    }

    fn fault(&mut self, file: &str, line: usize, message: String, hint: &str) {
        self.faults.push(PolicyFault {
            file: file.to_owned(),
            line,
            message: message.replace('\n', " "),
            hint: hint.to_owned(),
        });
    }
}

/// Cedar numbers the policies of a text `policy0`, `policy1`, ..
fn order_in_file(policy: &Policy) -> usize {
    let number = policy.id().as_ref() as &str;
    let number = number.trim_start_matches("policy");
    number.parse().unwrap_or(usize::MAX)
}

fn place_of(error: &ParseError) -> Option<usize> {
    let mut labels = error.labels()?;
    labels.next().map(|label| label.offset())
}

fn line_of(text: &str, place: usize) -> usize {
    let before = text.bytes().take(place);
    before.filter(|byte| *byte == b'\n').count() + 1
}

/// What a policy can apply to, read off its head.
fn concern(policy: &Policy) -> Concern {
    let call = uid("Action", "call");
    let is_call = |action: &cedar_policy::EntityUid| Some(action) == call.as_ref();
    // Whoever calls is an application; a person is at most acted for.
    let by_person = match policy.principal_constraint() {
        PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => {
            kind.basename() == "Person"
        }
        _ => false,
    };
    match policy.action_constraint() {
        _ if by_person => Concern::Operations,
        ActionConstraint::Any => Concern::Both,
        ActionConstraint::Eq(action) if is_call(&action) => Concern::Calls,
        ActionConstraint::Eq(_) => Concern::Operations,
        ActionConstraint::In(actions) => match actions.iter().filter(|one| is_call(one)).count() {
            0 => Concern::Operations,
            calls if calls == actions.len() => Concern::Calls,
            _ => Concern::Both,
        },
    }
}

fn refusal_text(policy: &Policy, concern: Concern) -> Result<RefusalText, String> {
    let annotation = |name: &str| {
        policy
            .annotation(name)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| format!("it forbids and has no `@{name}`"))
    };
    let code = annotation("code")?;
    if !is_word(code) {
        return Err(format!("`{code}` is no code"));
    }
    Ok(RefusalText {
        code: code.into(),
        message: Template::parse(annotation("message")?, concern)?,
        hint: annotation("hint")?.into(),
        fact: annotation("fact")?.to_owned(),
    })
}

/// Codes and ids: `area.what_happened`.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= WORD_BYTES_MAX
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// Lengths are hashed too, so that text cannot move between files unnoticed.
fn hash(files: &[(&str, &str)], schema: &str) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for (name, text) in std::iter::once(&("schema.cedarschema", schema)).chain(files) {
        for part in [name, text] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
    }
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    hash
}

const ANNOTATION_HINT: &str = "a policy that forbids carries @id, @code, @message, @hint and @fact";
const PERMIT_HINT: &str =
    "name the actions it is about, such as `action == Wardgate::Action::\"call\"`";
const DEREFERENCE_LEVEL_MAX: u32 = 2;
const WORD_BYTES_MAX: usize = 64;
