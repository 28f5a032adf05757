//! Policies for people: what was in force, what is proposed and what it would change, and the way
//! back.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use wardgate_authz::foresight::PolicyChange;
use wardgate_authz::{Operation, Target};
use wardgate_records::foresight::FlipGroup;
use wardgate_records::{PolicyFile, PolicyVersion, Proposal, ProposalState};

use crate::Parts;
use crate::allow::{allow, may};
use crate::caller::{Caller, SignedIn};
use crate::changes::{
    self, Outlook, REPLAY_DEFAULT, answers_of, files_of, find, not_taken, outlook, person_of,
};
use crate::frame::{Frame, page};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/policies", get(list).post(propose))
        .route("/policies/rollback", post(rollback))
        .route("/policies/versions/{version}", get(version))
        .route("/policies/versions/{version}/review", post(review))
        .route("/policies/proposals/{id}", get(proposal))
        .route("/policies/proposals/{id}/approve", post(approve))
        .route("/policies/proposals/{id}/reject", post(reject))
        .route("/policies/proposals/{id}/withdraw", post(withdraw))
}

#[derive(Template)]
#[template(path = "policies.html")]
struct List {
    frame: Frame,
    versions: Vec<PolicyVersion>,
    open: Vec<Proposal>,
    decided: Vec<Proposal>,
    may_propose: bool,
    may_roll_back: bool,
    may_review: bool,
    me: String,
}

#[derive(Template)]
#[template(path = "policy_version.html")]
struct Version {
    frame: Frame,
    version: PolicyVersion,
}

#[derive(Template)]
#[template(path = "policy_proposal.html")]
struct Proposed {
    frame: Frame,
    proposal: Proposal,
    outlook: Option<Shown>,
    may_decide: bool,
    mine: bool,
}

/// What a proposal would change, ready to be shown.
struct Shown {
    policies: Vec<Changed>,
    calls: Vec<String>,
    operations: Vec<String>,
    compared: usize,
    flips: Vec<ShownFlip>,
    ungrouped: u64,
    flipped: u64,
    decisions: u64,
    same: u64,
    not_by_policies: u64,
    unreplayable: BTreeMap<String, u64>,
}

/// A policy that changes, line by line.
struct Changed {
    id: String,
    word: &'static str,
    lines: Vec<(char, String)>,
}

/// A group of decisions that flip.
struct ShownFlip {
    group: FlipGroup,
    before: String,
    after: String,
    more: u64,
}

impl Shown {
    fn of(outlook: Outlook) -> Self {
        let Outlook {
            difference,
            foresight,
        } = outlook;
        let changed = |change: &PolicyChange| Changed {
            id: change.id().to_owned(),
            word: change.word(),
            lines: changes::lines_of(change),
        };
        Self {
            policies: difference.policies.iter().map(changed).collect(),
            calls: difference.calls.iter().map(ToString::to_string).collect(),
            operations: difference
                .operations
                .iter()
                .map(ToString::to_string)
                .collect(),
            compared: difference.compared,
            ungrouped: foresight.ungrouped,
            flipped: foresight.flipped(),
            decisions: foresight.decisions,
            same: foresight.same,
            not_by_policies: foresight.not_by_policies,
            unreplayable: foresight.unreplayable,
            flips: foresight.flips.into_iter().map(ShownFlip::of).collect(),
        }
    }
}

impl ShownFlip {
    fn of(group: FlipGroup) -> Self {
        let (before, after) = answers_of(&group);
        let more = group.count.saturating_sub(group.records.len() as u64);
        Self {
            group,
            before,
            after,
            more,
        }
    }
}

async fn list(State(parts): State<Parts>, SignedIn(caller): SignedIn) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PolicyRead, &Target::any())?;
    let me = person_of(&caller)?.to_owned();
    let mut open = parts.store.proposals().await?;
    open.retain(|proposal| proposal.change.kind() == KIND);
    let decided = open
        .iter()
        .filter(|proposal| proposal.state != ProposalState::Open)
        .cloned()
        .collect();
    open.retain(|proposal| proposal.state == ProposalState::Open);
    let able = |operation| may(&parts, &caller, operation, &target("", Some("")));
    Ok(page(&List {
        frame: Frame::of(&parts, Some(&caller), "Policies", "/policies"),
        versions: parts.store.policy_versions().await?,
        open,
        decided,
        may_propose: able(Operation::PolicyPropose),
        may_roll_back: able(Operation::PolicyRollback),
        may_review: able(Operation::PolicyApprove),
        me,
    }))
}

async fn version(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(number): Path<String>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PolicyRead, &Target::any())?;
    let version = parts.store.policy_version(numbered(&number)?).await?;
    let title = format!("Policies, version {}", version.version);
    Ok(page(&Version {
        frame: Frame::of(&parts, Some(&caller), &title, "/policies"),
        version,
    }))
}

async fn proposal(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PolicyRead, &Target::any())?;
    let proposal = find(&parts, &id, KIND).await?;
    let open = proposal.state == ProposalState::Open;
    let outlook = if open {
        let outlook = outlook(&parts, files_of(&proposal), REPLAY_DEFAULT).await?;
        Some(Shown::of(outlook))
    } else {
        None
    };
    let of = target(&id, Some(&proposal.proposed_by));
    Ok(page(&Proposed {
        frame: Frame::of(&parts, Some(&caller), "Proposed policies", "/policies"),
        may_decide: open && may(&parts, &caller, Operation::PolicyApprove, &of),
        mine: open && proposal.proposed_by == person_of(&caller)?,
        proposal,
        outlook,
    }))
}

/// One policy file and why it is proposed.
#[derive(Deserialize)]
struct NewFile {
    name: String,
    cedar: String,
    reason: String,
}

async fn propose(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Form(asked): Form<NewFile>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PolicyPropose, &target("", None))?;
    let person = person_of(&caller)?;
    let file = PolicyFile {
        id: asked.name.trim().to_owned(),
        // A browser ends the lines of a form with two characters.
        cedar: asked.cedar.replace("\r\n", "\n"),
    };
    let files = changes::onto_current(&parts, vec![file]).await?;
    let proposed = parts
        .store
        .propose_policies(&files, &asked.reason, person, (parts.clock)())
        .await
        .map_err(not_taken)?;
    Ok(Redirect::to(&format!("/policies/proposals/{}", proposed.id)).into_response())
}

async fn approve(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, Refusal> {
    let proposal = allowed_on(&parts, &caller, Operation::PolicyApprove, &id).await?;
    let (person, now) = (person_of(&caller)?, (parts.clock)());
    parts
        .store
        .approve_proposal(proposal.id, person, now)
        .await?;
    Ok(back_to(&proposal))
}

async fn reject(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, Refusal> {
    let proposal = allowed_on(&parts, &caller, Operation::PolicyApprove, &id).await?;
    let (person, now) = (person_of(&caller)?, (parts.clock)());
    parts
        .store
        .reject_proposal(proposal.id, person, now)
        .await?;
    Ok(back_to(&proposal))
}

async fn withdraw(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, Refusal> {
    let proposal = allowed_on(&parts, &caller, Operation::PolicyPropose, &id).await?;
    let (person, now) = (person_of(&caller)?, (parts.clock)());
    parts
        .store
        .withdraw_proposal(proposal.id, person, now)
        .await?;
    Ok(back_to(&proposal))
}

/// The version to go back to.
#[derive(Deserialize)]
struct Rollback {
    to: u64,
}

async fn rollback(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Form(asked): Form<Rollback>,
) -> Result<Redirect, Refusal> {
    allow(
        &parts,
        &caller,
        Operation::PolicyRollback,
        &target("", None),
    )?;
    let (person, now) = (person_of(&caller)?, (parts.clock)());
    parts.store.rollback_policies(asked.to, person, now).await?;
    Ok(Redirect::to("/policies"))
}

async fn review(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(number): Path<String>,
) -> Result<Redirect, Refusal> {
    // Whoever may not decide is told so, whether there is such a version or not.
    let found = parts.store.policy_version(numbered(&number)?).await;
    let made_by = found
        .as_ref()
        .ok()
        .and_then(|found| found.proposed_by.as_deref());
    let of = target(&number, made_by.or(Some("")));
    allow(&parts, &caller, Operation::PolicyApprove, &of)?;
    let found = found?;
    let (person, now) = (person_of(&caller)?, (parts.clock)());
    parts
        .store
        .review_rollback(found.version, person, now)
        .await?;
    Ok(Redirect::to("/policies"))
}

async fn allowed_on(
    parts: &Parts,
    caller: &Caller,
    operation: Operation,
    id: &str,
) -> Result<Proposal, Refusal> {
    let found = find(parts, id, KIND).await;
    // Whoever may not decide is told so, whether there is such a proposal or not.
    let made_by = found.as_ref().map_or("", |proposal| &proposal.proposed_by);
    allow(parts, caller, operation, &target(id, Some(made_by)))?;
    found
}

fn back_to(proposal: &Proposal) -> Redirect {
    Redirect::to(&format!("/policies/proposals/{}", proposal.id))
}

fn target<'a>(id: &'a str, made_by: Option<&'a str>) -> Target<'a> {
    Target {
        kind: KIND,
        id,
        made_by,
    }
}

fn numbered(number: &str) -> Result<u64, Refusal> {
    let number = number.parse();
    number.map_err(|_| Refusal::not_found("policy version"))
}

const KIND: &str = "policy";
