//! Vendors for people: what is on file, what is proposed, and the decision of a second person.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use wardgate_authz::{Operation, Target};
use wardgate_records::{Proposal, ProposalState, ProposedChange, Vendor, Versioned};

use crate::Parts;
use crate::allow::{allow, may};
use crate::caller::{Caller, SignedIn};
use crate::changes::{find, not_taken, person_of};
use crate::frame::{Frame, page};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/vendors", get(list).post(propose))
        .route("/vendors/proposals/{id}", get(proposal))
        .route("/vendors/proposals/{id}/approve", post(approve))
        .route("/vendors/proposals/{id}/reject", post(reject))
        .route("/vendors/proposals/{id}/withdraw", post(withdraw))
}

#[derive(Template)]
#[template(path = "vendors.html")]
struct List {
    frame: Frame,
    vendors: Vec<Versioned<Vendor>>,
    proposals: Vec<Proposal>,
    may_propose: bool,
    /// The record that the form begins with.
    draft: String,
}

#[derive(Template)]
#[template(path = "vendor_proposal.html")]
struct Proposed {
    frame: Frame,
    proposal: Proposal,
    vendor: String,
    on_file: Option<String>,
    may_decide: bool,
    mine: bool,
}

/// Which vendor the form begins with.
#[derive(Deserialize)]
struct Wanted {
    change: Option<String>,
}

async fn list(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::RecordsRead, &Target::any())?;
    let mut proposals = parts.store.proposals().await?;
    proposals.retain(|proposal| proposal.change.kind() == KIND);
    let snapshot = parts.store.snapshot();
    let mut vendors: Vec<Versioned<Vendor>> = snapshot
        .vendors()
        .map(|vendor| Versioned::clone(vendor))
        .collect();
    vendors.sort_by(|left, right| left.id.cmp(&right.id));
    let draft = wanted.change.and_then(|id| snapshot.vendor(&id).cloned());
    let draft = match draft {
        Some(vendor) => pretty(&vendor.record)?,
        None => DRAFT.to_owned(),
    };
    Ok(page(&List {
        frame: Frame::of(&parts, Some(&caller), "Vendors", "/vendors"),
        vendors,
        proposals,
        may_propose: may(&parts, &caller, Operation::VendorPropose, &target("", None)),
        draft,
    }))
}

async fn proposal(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::RecordsRead, &Target::any())?;
    let proposal = find(&parts, &id, KIND).await?;
    let ProposedChange::Vendor(vendor) = &proposal.change else {
        return Err(Refusal::not_found("proposal"));
    };
    let snapshot = parts.store.snapshot();
    let on_file = snapshot.vendor(&vendor.id);
    let on_file = on_file.map(|vendor| pretty(&vendor.record)).transpose()?;
    let open = proposal.state == ProposalState::Open;
    let of = target(&id, Some(&proposal.proposed_by));
    Ok(page(&Proposed {
        frame: Frame::of(&parts, Some(&caller), "Proposed vendor", "/vendors"),
        vendor: pretty(vendor)?,
        on_file,
        may_decide: open && may(&parts, &caller, Operation::VendorApprove, &of),
        mine: open && proposal.proposed_by == person_of(&caller)?,
        proposal,
    }))
}

/// A vendor's record as JSON, and why it is proposed.
#[derive(Deserialize)]
struct NewVendor {
    vendor: String,
    reason: String,
}

async fn propose(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Form(asked): Form<NewVendor>,
) -> Result<Redirect, Refusal> {
    allow(&parts, &caller, Operation::VendorPropose, &target("", None))?;
    let person = person_of(&caller)?;
    let vendor = serde_json::from_str(&asked.vendor).map_err(|fault| {
        Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "proposal.invalid",
            format!("the record is not JSON from line {} on", fault.line()),
            "begin with the record on file, and change values only",
        )
    })?;
    let proposed = parts
        .store
        .propose_vendor(&vendor, &asked.reason, person, (parts.clock)())
        .await
        .map_err(not_taken)?;
    Ok(back_to(&proposed))
}

async fn approve(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, Refusal> {
    let proposal = allowed_on(&parts, &caller, Operation::VendorApprove, &id).await?;
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
    let proposal = allowed_on(&parts, &caller, Operation::VendorApprove, &id).await?;
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
    let proposal = allowed_on(&parts, &caller, Operation::VendorPropose, &id).await?;
    let (person, now) = (person_of(&caller)?, (parts.clock)());
    parts
        .store
        .withdraw_proposal(proposal.id, person, now)
        .await?;
    Ok(back_to(&proposal))
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
    Redirect::to(&format!("/vendors/proposals/{}", proposal.id))
}

fn target<'a>(id: &'a str, made_by: Option<&'a str>) -> Target<'a> {
    Target {
        kind: KIND,
        id,
        made_by,
    }
}

fn pretty(vendor: &Vendor) -> Result<String, Refusal> {
    serde_json::to_string_pretty(vendor).map_err(|_| Refusal::internal())
}

const KIND: &str = "vendor";
const DRAFT: &str = r#"{
  "id": "",
  "name": "",
  "state": "due_diligence",
  "region": "",
  "agreement": {"kind": "baa", "effective": "2026-01-01", "expires": "2027-12-31"}
}"#;
