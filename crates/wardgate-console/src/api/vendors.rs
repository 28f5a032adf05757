//! Vendors and their agreements: proposed by one person, approved by another.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::ProposedChange;

use super::policies::{ProposalEntry, Proposals, allowed_on, listed};
use super::route::{Answer, Api, Ask, Route};
use crate::changes::{find, not_taken, person_of};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    use Operation::{RecordsRead, VendorApprove, VendorPropose};
    Api::default()
        .route(
            Route::get(
                "/api/vendors/proposals",
                RecordsRead,
                "List the proposed changes of vendors.",
            )
            .gives::<Proposals>(),
            proposals,
        )
        .route(
            Route::post(
                "/api/vendors/proposals",
                VendorPropose,
                "Propose a vendor, or a change of one.",
            )
            .takes::<NewVendor>()
            .makes::<ProposalEntry>(),
            propose,
        )
        .route(
            Route::get(
                "/api/vendors/proposals/{id}",
                RecordsRead,
                "Show a proposed change of a vendor.",
            )
            .gives::<WholeVendorProposal>(),
            proposal,
        )
        .route(
            Route::post(
                "/api/vendors/proposals/{id}/approve",
                VendorApprove,
                "Approve a change of a vendor that another person proposed.",
            )
            .gives::<ProposalEntry>(),
            approve,
        )
        .route(
            Route::post(
                "/api/vendors/proposals/{id}/reject",
                VendorApprove,
                "Reject a change of a vendor that another person proposed.",
            )
            .gives::<ProposalEntry>(),
            reject,
        )
        .route(
            Route::post(
                "/api/vendors/proposals/{id}/withdraw",
                VendorPropose,
                "Take one's own proposal back.",
            )
            .gives::<ProposalEntry>(),
            withdraw,
        )
}

/// The vendor that is proposed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVendor {
    /// The whole record, with the fields of a declared file: `id`, `name`, `state`, `region`,
    /// `agreement`.
    #[schema(value_type = Object)]
    vendor: Value,
    /// Why, in a sentence or two.
    reason: String,
}

/// A proposed change of a vendor, and what is on file.
#[derive(Serialize, ToSchema)]
struct WholeVendorProposal {
    #[serde(flatten)]
    entry: ProposalEntry,
    /// The record as proposed.
    #[schema(value_type = Object)]
    vendor: Value,
    /// The record as it is on file now.
    #[schema(value_type = Option<Object>)]
    on_file: Option<Value>,
}

async fn proposals(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    Ok(Answer::of(allowed, &listed(&ask, "vendor").await?))
}

async fn propose(ask: Ask) -> Result<Answer, Refusal> {
    let nobodys = Target {
        kind: "vendor",
        id: "",
        made_by: None,
    };
    let allowed = ask.allow(&nobodys)?;
    let asked: NewVendor = ask.json()?;
    let person = person_of(&ask.caller)?;
    let store = &ask.parts.store;
    let proposed = store.propose_vendor(&asked.vendor, &asked.reason, person, ask.now());
    let proposal = proposed.await.map_err(not_taken)?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&proposal)))
}

async fn proposal(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let proposal = find(&ask.parts, ask.path("id"), "vendor").await?;
    let ProposedChange::Vendor(vendor) = &proposal.change else {
        return Err(Refusal::not_found("proposal"));
    };
    let snapshot = ask.parts.store.snapshot();
    let on_file = snapshot.vendor(&vendor.id).map(|vendor| &vendor.record);
    let whole = WholeVendorProposal {
        entry: ProposalEntry::of(&proposal),
        vendor: json(vendor)?,
        on_file: on_file.map(json).transpose()?,
    };
    Ok(Answer::of(allowed, &whole))
}

async fn approve(ask: Ask) -> Result<Answer, Refusal> {
    let (allowed, proposal) = allowed_on(&ask, "vendor").await?;
    let (person, now) = (person_of(&ask.caller)?, ask.now());
    let decided = ask
        .parts
        .store
        .approve_proposal(proposal.id, person, now)
        .await?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&decided)))
}

async fn reject(ask: Ask) -> Result<Answer, Refusal> {
    let (allowed, proposal) = allowed_on(&ask, "vendor").await?;
    let (person, now) = (person_of(&ask.caller)?, ask.now());
    let decided = ask
        .parts
        .store
        .reject_proposal(proposal.id, person, now)
        .await?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&decided)))
}

async fn withdraw(ask: Ask) -> Result<Answer, Refusal> {
    let (allowed, proposal) = allowed_on(&ask, "vendor").await?;
    let (person, now) = (person_of(&ask.caller)?, ask.now());
    let decided = ask
        .parts
        .store
        .withdraw_proposal(proposal.id, person, now)
        .await?;
    Ok(Answer::of(allowed, &ProposalEntry::of(&decided)))
}

fn json(vendor: &wardgate_records::Vendor) -> Result<Value, Refusal> {
    serde_json::to_value(vendor).map_err(|_| Refusal::internal())
}
