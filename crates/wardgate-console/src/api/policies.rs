//! Policies: their versions, proposals with what they would change, and the way back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::{PolicyFile, PolicyVersion, Proposal};

use super::route::{Answer, Api, Ask, Route};
use crate::changes::{
    self, Outlook, REPLAY_DEFAULT, REPLAY_MAX, files_of, find, not_taken, outlook, person_of,
};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    of_versions().and(of_proposals())
}

fn of_versions() -> Api {
    use Operation::{PolicyApprove, PolicyRead, PolicyRollback};
    Api::default()
        .route(
            Route::get(
                "/api/policies",
                PolicyRead,
                "List the versions of the policies.",
            )
            .gives::<Versions>(),
            versions,
        )
        .route(
            Route::get(
                "/api/policies/versions/{version}",
                PolicyRead,
                "Show a version of the policies with its text.",
            )
            .gives::<WholeVersion>(),
            version,
        )
        .route(
            Route::post(
                "/api/policies/versions/{version}/review",
                PolicyApprove,
                "Note that a second person looked at a rollback.",
            )
            .gives::<VersionEntry>(),
            review,
        )
        .route(
            Route::post(
                "/api/policies/rollback",
                PolicyRollback,
                "Put the policies of an earlier version into force again.",
            )
            .takes::<Rollback>()
            .gives::<VersionEntry>(),
            rollback,
        )
}

fn of_proposals() -> Api {
    use Operation::{PolicyApprove, PolicyPropose, PolicyRead};
    let last = |route: Route| {
        route.query(
            "last",
            "How many of the newest recorded decisions to replay; 1000 when it is left out, at most 20000.",
        )
    };
    Api::default()
        .route(
            Route::get("/api/policies/proposals", PolicyRead, "List the proposals.")
                .gives::<Proposals>(),
            proposals,
        )
        .route(
            Route::post(
                "/api/policies/proposals",
                PolicyPropose,
                "Propose policies.",
            )
            .takes::<NewPolicies>()
            .makes::<ProposalEntry>(),
            propose,
        )
        .route(
            last(Route::get(
                "/api/policies/proposals/{id}",
                PolicyRead,
                "Show a proposal with what it would change.",
            ))
            .gives::<WholeProposal>(),
            proposal,
        )
        .route(
            Route::post(
                "/api/policies/proposals/{id}/approve",
                PolicyApprove,
                "Approve a proposal of another person.",
            )
            .gives::<ProposalEntry>(),
            approve,
        )
        .route(
            Route::post(
                "/api/policies/proposals/{id}/reject",
                PolicyApprove,
                "Reject a proposal of another person.",
            )
            .gives::<ProposalEntry>(),
            reject,
        )
        .route(
            Route::post(
                "/api/policies/proposals/{id}/withdraw",
                PolicyPropose,
                "Take one's own proposal back.",
            )
            .gives::<ProposalEntry>(),
            withdraw,
        )
}

/// The versions of the policies, newest first; the first is in force.
#[derive(Serialize, ToSchema)]
struct Versions {
    versions: Vec<VersionEntry>,
}

/// A version of the policies.
#[derive(Serialize, ToSchema)]
struct VersionEntry {
    version: u64,
    /// SHA-256, as decisions in the ledger name it.
    hash: String,
    /// `build`, `files`, `proposal` or `rollback`.
    origin: &'static str,
    /// Whether it was the set that ships with the program.
    built_in: bool,
    #[schema(value_type = String, format = DateTime)]
    made_at: jiff::Timestamp,
    proposal: Option<String>,
    /// Who proposed it, or rolled back to it.
    proposed_by: Option<String>,
    approved_by: Option<String>,
    /// The version whose policies it put into force again.
    rollback_of: Option<u64>,
    reviewed_by: Option<String>,
    /// Whether it is a rollback that a second person has yet to look at.
    awaits_review: bool,
}

impl VersionEntry {
    fn of(version: &PolicyVersion) -> Self {
        Self {
            version: version.version,
            hash: version
                .hash
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            origin: version.origin.word(),
            built_in: version.built_in,
            made_at: version.made_at,
            proposal: version.proposal.map(|id| id.to_string()),
            proposed_by: version.proposed_by.clone(),
            approved_by: version.approved_by.clone(),
            rollback_of: version.rollback_of,
            reviewed_by: version.reviewed.as_ref().map(|(person, _)| person.clone()),
            awaits_review: version.awaits_review(),
        }
    }
}

/// A version of the policies with its text.
#[derive(Serialize, ToSchema)]
struct WholeVersion {
    #[serde(flatten)]
    entry: VersionEntry,
    files: Vec<PolicyText>,
}

/// A file of policies.
#[derive(Serialize, ToSchema)]
struct PolicyText {
    name: String,
    cedar: String,
}

/// The version to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rollback {
    to: u64,
}

/// Proposals, those that wait for a decision first.
#[derive(Serialize, ToSchema)]
pub(super) struct Proposals {
    pub(super) proposals: Vec<ProposalEntry>,
}

/// A proposal.
#[derive(Serialize, ToSchema)]
pub(super) struct ProposalEntry {
    id: String,
    /// `policy` or `vendor`.
    kind: &'static str,
    /// Which record, of a vendor.
    target: Option<String>,
    /// The version that it starts from.
    base: u64,
    reason: String,
    proposed_by: String,
    #[schema(value_type = String, format = DateTime)]
    proposed_at: jiff::Timestamp,
    /// `open`, `approved`, `rejected`, `withdrawn` or `stale`.
    state: &'static str,
    decided_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<jiff::Timestamp>,
    /// The version that it made.
    version: Option<u64>,
}

impl ProposalEntry {
    pub(super) fn of(proposal: &Proposal) -> Self {
        let (decided_by, decided_at) = proposal.decided.clone().unzip();
        Self {
            id: proposal.id.to_string(),
            kind: proposal.change.kind(),
            target: proposal.change.target().map(str::to_owned),
            base: proposal.base,
            reason: proposal.reason.clone(),
            proposed_by: proposal.proposed_by.clone(),
            proposed_at: proposal.proposed_at,
            state: proposal.state.word(),
            decided_by,
            decided_at,
            version: proposal.version,
        }
    }
}

/// The policies that are proposed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPolicies {
    /// Texts by the names of their files. They are the whole set unless `onto_current` is true;
    /// none at all means the set that ships with the program.
    files: BTreeMap<String, String>,
    /// Whether the files are added to the set in force, each instead of the one with its name.
    #[serde(default)]
    onto_current: bool,
    /// Why, in a sentence or two.
    reason: String,
}

/// A proposal with what it would change.
#[derive(Serialize, ToSchema)]
struct WholeProposal {
    #[serde(flatten)]
    entry: ProposalEntry,
    files: Vec<PolicyText>,
    /// Absent once it is decided: what it would change is over.
    outlook: Option<OutlookEntry>,
}

/// What a set of policies would change.
#[derive(Serialize, ToSchema)]
struct OutlookEntry {
    /// Policies that are added, removed or changed.
    policies: Vec<PolicyChangeEntry>,
    /// Invented calls that are answered otherwise, in words.
    calls: Vec<String>,
    /// Operations that are answered otherwise, in words.
    operations: Vec<String>,
    /// How many recorded decisions were replayed.
    decisions: u64,
    /// How many would be the same.
    same: u64,
    /// How many would be answered otherwise.
    flipped: u64,
    /// How many the policies do not decide.
    not_by_policies: u64,
    /// How many can not be replayed, by the reason.
    unreplayable: BTreeMap<String, u64>,
    flips: Vec<FlipEntry>,
}

/// A policy that is added, removed or changed.
#[derive(Serialize, ToSchema)]
struct PolicyChangeEntry {
    id: String,
    change: &'static str,
}

/// Recorded decisions that flip in the same way for the same reason.
#[derive(Serialize, ToSchema)]
struct FlipEntry {
    /// `refuses`, `permits`, `permits_if_consented` or `other_code`.
    flip: &'static str,
    /// The code they were refused with; absent when they had passed.
    before: Option<String>,
    /// The code they would be refused with; absent when they would pass.
    after: Option<String>,
    policies: Vec<String>,
    count: u64,
    /// The newest of them.
    records: Vec<String>,
}

impl OutlookEntry {
    fn of(outlook: &Outlook) -> Self {
        let Outlook {
            difference,
            foresight,
        } = outlook;
        let policies = difference.policies.iter().map(|change| PolicyChangeEntry {
            id: change.id().to_owned(),
            change: change.word(),
        });
        let flips = foresight.flips.iter().map(|group| FlipEntry {
            flip: group.flip.word(),
            before: group.before.clone(),
            after: group.after.clone(),
            policies: group.policies.clone(),
            count: group.count,
            records: group.records.iter().map(ToString::to_string).collect(),
        });
        Self {
            policies: policies.collect(),
            calls: difference.calls.iter().map(ToString::to_string).collect(),
            operations: difference
                .operations
                .iter()
                .map(ToString::to_string)
                .collect(),
            decisions: foresight.decisions,
            same: foresight.same,
            flipped: foresight.flipped(),
            not_by_policies: foresight.not_by_policies,
            unreplayable: foresight.unreplayable.clone(),
            flips: flips.collect(),
        }
    }
}

fn texts(files: &[PolicyFile]) -> Vec<PolicyText> {
    let files = files.iter();
    files
        .map(|file| PolicyText {
            name: file.id.clone(),
            cedar: file.cedar.clone(),
        })
        .collect()
}

async fn versions(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let versions = ask.parts.store.policy_versions().await?;
    let versions = versions.iter().map(VersionEntry::of).collect();
    Ok(Answer::of(allowed, &Versions { versions }))
}

async fn version(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let version = ask.parts.store.policy_version(number(&ask)?).await?;
    let whole = WholeVersion {
        entry: VersionEntry::of(&version),
        files: texts(&version.files),
    };
    Ok(Answer::of(allowed, &whole))
}

async fn review(ask: Ask) -> Result<Answer, Refusal> {
    let number = ask.path("version").parse().unwrap_or(0);
    let found = ask.parts.store.policy_version(number).await;
    let made_by = found
        .as_ref()
        .ok()
        .and_then(|found| found.proposed_by.as_deref());
    let allowed = ask.allow(&target(ask.path("version"), made_by.or(Some(""))))?;
    let found = found?;
    let person = person_of(&ask.caller)?;
    let store = &ask.parts.store;
    let reviewed = store
        .review_rollback(found.version, person, ask.now())
        .await?;
    Ok(Answer::of(allowed, &VersionEntry::of(&reviewed)))
}

async fn rollback(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&target("", None))?;
    let asked: Rollback = ask.json()?;
    let person = person_of(&ask.caller)?;
    let store = &ask.parts.store;
    let version = store.rollback_policies(asked.to, person, ask.now()).await?;
    Ok(Answer::of(allowed, &VersionEntry::of(&version)))
}

async fn proposals(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    Ok(Answer::of(allowed, &listed(&ask, "policy").await?))
}

/// The proposals of one kind.
pub(super) async fn listed(ask: &Ask, kind: &str) -> Result<Proposals, Refusal> {
    let proposals = ask.parts.store.proposals().await?;
    let of_kind = proposals
        .iter()
        .filter(|proposal| proposal.change.kind() == kind);
    Ok(Proposals {
        proposals: of_kind.map(ProposalEntry::of).collect(),
    })
}

async fn propose(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&target("", None))?;
    let asked: NewPolicies = ask.json()?;
    let person = person_of(&ask.caller)?;
    let files = asked.files.into_iter();
    let mut files: Vec<PolicyFile> = files.map(|(id, cedar)| PolicyFile { id, cedar }).collect();
    if asked.onto_current {
        files = changes::onto_current(&ask.parts, files).await?;
    }
    let store = &ask.parts.store;
    let proposed = store.propose_policies(&files, &asked.reason, person, ask.now());
    let proposal = proposed.await.map_err(not_taken)?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&proposal)))
}

async fn proposal(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let wanted: Wanted = ask.query()?;
    let last = wanted.last.unwrap_or(REPLAY_DEFAULT);
    if last > REPLAY_MAX {
        return Err(Refusal::unreadable(format!(
            "`last` is at most {REPLAY_MAX}"
        )));
    }
    let proposal = find(&ask.parts, ask.path("id"), "policy").await?;
    let files = files_of(&proposal);
    let outlook = match proposal.state {
        wardgate_records::ProposalState::Open => {
            Some(OutlookEntry::of(&outlook(&ask.parts, files, last).await?))
        }
        _ => None,
    };
    let whole = WholeProposal {
        entry: ProposalEntry::of(&proposal),
        files: texts(files),
        outlook,
    };
    Ok(Answer::of(allowed, &whole))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    last: Option<u64>,
}

async fn approve(ask: Ask) -> Result<Answer, Refusal> {
    let (allowed, proposal) = allowed_on(&ask, "policy").await?;
    let (person, now) = (person_of(&ask.caller)?, ask.now());
    let decided = ask
        .parts
        .store
        .approve_proposal(proposal.id, person, now)
        .await?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&decided)))
}

async fn reject(ask: Ask) -> Result<Answer, Refusal> {
    let (allowed, proposal) = allowed_on(&ask, "policy").await?;
    let (person, now) = (person_of(&ask.caller)?, ask.now());
    let decided = ask
        .parts
        .store
        .reject_proposal(proposal.id, person, now)
        .await?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&decided)))
}

async fn withdraw(ask: Ask) -> Result<Answer, Refusal> {
    let (allowed, proposal) = allowed_on(&ask, "policy").await?;
    let (person, now) = (person_of(&ask.caller)?, ask.now());
    let decided = ask
        .parts
        .store
        .withdraw_proposal(proposal.id, person, now)
        .await?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&decided)))
}

/// Asks for a decision on the proposal that the path names, made by whom it was.
pub(super) async fn allowed_on(
    ask: &Ask,
    kind: &'static str,
) -> Result<(wardgate_authz::Allowed, Proposal), Refusal> {
    let found = find(&ask.parts, ask.path("id"), kind).await;
    // Whoever may not decide is told so, whether there is such a proposal or not.
    let made_by = found.as_ref().map_or("", |proposal| &proposal.proposed_by);
    let allowed = ask.allow(&Target {
        kind,
        id: ask.path("id"),
        made_by: Some(made_by),
    })?;
    Ok((allowed, found?))
}

fn target<'a>(id: &'a str, made_by: Option<&'a str>) -> Target<'a> {
    Target {
        kind: "policy",
        id,
        made_by,
    }
}

fn number(ask: &Ask) -> Result<u64, Refusal> {
    let number = ask.path("version").parse();
    number.map_err(|_| Refusal::not_found("policy version"))
}
