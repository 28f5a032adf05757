//! Which recorded decisions other policies would have made otherwise.
//!
//! Works on ledger entries alone, one at a time, so that any number of them fit: a report keeps
//! counts, and of each group of flips the newest few records. Nothing is guessed: an entry that
//! does not hold all that the policies may read is counted as one that cannot be replayed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use wardgate_authz::foresight::{PastOutcome, Replayed, Situation, Unreplayable, replay};
use wardgate_authz::{Gate, Policies};

use crate::RecordId;
use crate::events::{EventKind, StoredEvent, Token};

/// What a replay of recorded decisions found.
#[derive(Clone, Debug, Default)]
pub struct Foresight {
    /// How many recorded decisions were looked at.
    pub decisions: u64,
    /// How many would have been the same.
    pub same: u64,
    /// How many do not depend on the policies: another gate refused, or a fact was missing.
    pub not_by_policies: u64,
    /// How many cannot be replayed, by the reason.
    pub unreplayable: BTreeMap<String, u64>,
    /// The decisions that flip, like ones together, the largest group first.
    pub flips: Vec<FlipGroup>,
    /// How many flips are in no group because there are too many groups.
    pub ungrouped: u64,
    /// The times of the oldest and the newest decision looked at.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Recorded decisions that flip in the same way for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlipGroup {
    /// How they flip.
    pub flip: Flip,
    /// The code they were refused with; `None` when they had passed.
    pub before: Option<String>,
    /// The code they would be refused with; `None` when they would pass.
    pub after: Option<String>,
    /// The policies that make the difference.
    pub policies: Vec<String>,
    /// How many there are.
    pub count: u64,
    /// The newest of them, at most [`RECORDS_SHOWN_MAX`].
    pub records: Vec<RecordId>,
}

/// How a recorded decision flips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flip {
    /// It passed and would be refused.
    Refuses,
    /// It was refused and would pass.
    Permits,
    /// It was refused and would pass the policies; whether the patient agrees was never asked.
    PermitsIfConsented,
    /// It was refused and would be refused with another code.
    OtherCode,
}

impl Flip {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Permits => "permits",
            Self::PermitsIfConsented => "permits_if_consented",
            Self::OtherCode => "other_code",
        }
    }

    /// What it means, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refuses => "passed, and would be refused",
            Self::Permits => "was refused, and would pass",
            Self::PermitsIfConsented => {
                "was refused, and would pass if the patient agrees, which was not asked"
            }
            Self::OtherCode => "was refused, and would be refused for another reason",
        }
    }
}

impl Foresight {
    /// How many decisions would be answered otherwise: another code is no other answer.
    #[must_use]
    pub fn flipped(&self) -> u64 {
        let flips = self.flips.iter();
        let counts = flips.filter(|group| group.flip != Flip::OtherCode);
        counts.map(|group| group.count).sum::<u64>() + self.ungrouped
    }

    /// Replays one entry, if it tells of a decision. Returns whether it does.
    pub fn see(&mut self, event: &StoredEvent, policies: &Policies) -> bool {
        let Some(outcome) = outcome_of(event) else {
            return false;
        };
        self.decisions += 1;
        let (first, last) = self.span.unwrap_or((event.at, event.at));
        self.span = Some((first.min(event.at), last.max(event.at)));
        let replayed = match outcome {
            Decided::Elsewhere => Ok(Replayed::NotByPolicies),
            Decided::Here(outcome) => {
                situation_of(event).and_then(|situation| replay(&situation, &outcome, policies))
            }
        };
        let before = event.text("code").map(str::to_owned);
        match replayed {
            Ok(Replayed::Same) => self.same += 1,
            Ok(Replayed::NotByPolicies) => self.not_by_policies += 1,
            Ok(Replayed::Refused { code, policies }) => {
                self.group(Flip::Refuses, event, (before, Some(&code)), &policies);
            }
            Ok(Replayed::OtherCode { code, policies }) => {
                self.group(Flip::OtherCode, event, (before, Some(&code)), &policies);
            }
            Ok(Replayed::Permitted {
                policies,
                consent_open,
            }) => {
                let flip = if consent_open {
                    Flip::PermitsIfConsented
                } else {
                    Flip::Permits
                };
                self.group(flip, event, (before, None), &policies);
            }
            Err(reason) => {
                // What a newer program recorded could have any number of names.
                let reason = match reason {
                    Unreplayable::Unknown(_) => UNKNOWN_FACT.to_owned(),
                    reason => reason.to_string(),
                };
                *self.unreplayable.entry(reason).or_default() += 1;
            }
        }
        true
    }

    /// Puts the largest groups first. Call it when all entries were seen.
    pub fn finish(&mut self) {
        self.flips.sort_by(|left, right| {
            (right.count, left.flip, &left.after).cmp(&(left.count, right.flip, &right.after))
        });
    }

    fn group(
        &mut self,
        flip: Flip,
        event: &StoredEvent,
        (before, after): (Option<String>, Option<&str>),
        policies: &[std::sync::Arc<str>],
    ) {
        let alike = self.flips.iter_mut().find(|group| {
            group.flip == flip
                && group.before == before
                && group.after.as_deref() == after
                && group.policies.iter().eq(policies.iter().map(AsRef::as_ref))
        });
        if let Some(group) = alike {
            group.count += 1;
            if group.records.len() < RECORDS_SHOWN_MAX {
                group.records.push(event.id);
            }
            return;
        }
        if self.flips.len() >= GROUPS_MAX {
            self.ungrouped += 1;
            return;
        }
        self.flips.push(FlipGroup {
            flip,
            before,
            after: after.map(str::to_owned),
            policies: policies.iter().map(ToString::to_string).collect(),
            count: 1,
            records: vec![event.id],
        });
    }
}

/// Replays the newest decisions among entries that come newest first.
///
/// # Errors
/// Whatever reading the entries fails with.
pub fn foresee<E>(
    entries: impl Iterator<Item = Result<(u64, Vec<u8>), E>>,
    policies: &Policies,
    last: u64,
) -> Result<Foresight, E> {
    let mut foresight = Foresight::default();
    for entry in entries {
        if foresight.decisions >= last {
            break;
        }
        let (_, leaf) = entry?;
        if let Ok(event) = StoredEvent::parse(&leaf) {
            foresight.see(&event, policies);
        }
    }
    foresight.finish();
    Ok(foresight)
}

/// By whom a call was decided.
enum Decided {
    /// By the decision: facts, policies, consents.
    Here(PastOutcome),
    /// By another gate.
    Elsewhere,
}

/// How an entry says that a call was decided; `None` when it tells of no call.
fn outcome_of(event: &StoredEvent) -> Option<Decided> {
    match event.kind {
        EventKind::CallIntent => Some(Decided::Here(PastOutcome::Permitted)),
        EventKind::CallRefused => {
            // Only a refusal by the decision names the policies that were in force.
            if event.digest("policy_hash").is_none() {
                return Some(Decided::Elsewhere);
            }
            let code = event.text("code").unwrap_or_default().to_owned();
            let gate = if event.text("gate") == Some("facts") {
                Gate::Facts
            } else if code == CONSENT_DENIED {
                Gate::Consent
            } else {
                Gate::Authorize
            };
            Some(Decided::Here(PastOutcome::Refused { gate, code }))
        }
        _ => None,
    }
}

/// What the policies were asked, as the entry holds it.
fn situation_of(event: &StoredEvent) -> Result<Situation, Unreplayable> {
    let decision = event.data().get("decision");
    let decision = decision.ok_or(Unreplayable::NotRecorded)?;
    let text = |name: &str| {
        let text = decision.get(name).and_then(Value::as_str);
        text.filter(fits).map(str::to_owned)
    };
    let member = |name: &str| event.text(name).filter(fits).map(str::to_owned);
    let read = || {
        Some(Situation {
            at: decision.get("at")?.as_str()?.parse().ok()?,
            app: member("app")?,
            person: match event.text("person") {
                Some(_) => Some(member("person")?),
                None => None,
            },
            system: member("system")?,
            vendor: text("vendor")?,
            purpose: event.text("purpose")?.parse().ok()?,
            about_patient: decision.get("about_patient")?.as_bool()?,
            data_class: member("data_class")?,
            recipient: text("recipient")?,
            region: text("region")?,
            facts: facts_of(event)?,
        })
    };
    read().ok_or(Unreplayable::NotRecorded)
}

fn facts_of(event: &StoredEvent) -> Option<BTreeMap<String, String>> {
    let mut facts = BTreeMap::new();
    for fact in event.data().get("facts")?.as_array()? {
        let name = fact.get("name")?.as_str()?;
        let value = fact.get("value")?.as_str().filter(fits)?;
        facts.insert(name.to_owned(), value.to_owned());
    }
    Some(facts)
}

/// What did not fit into a leaf is not known.
fn fits(text: &&str) -> bool {
    *text != Token::UNFIT.as_str()
}

/// The code of a patient's no.
const CONSENT_DENIED: &str = "consent.denied";
const UNKNOWN_FACT: &str = "a fact was recorded that this program does not know";
/// How many kinds of flips are told apart.
pub const GROUPS_MAX: usize = 200;
/// How many records of a group are named.
pub const RECORDS_SHOWN_MAX: usize = 20;
