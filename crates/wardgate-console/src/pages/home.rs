//! The start: what needs attention, and where to go.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use wardgate_authz::{Operation, Target};
use wardgate_records::people::ADMINISTRATORS_MIN;
use wardgate_records::{ProposalState, SEARCH_PAGE_MAX};

use crate::Parts;
use crate::allow::may;
use crate::caller::{Caller, SignedIn};
use crate::emergency::Awaiting;
use crate::frame::{Alert, Frame, page};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/", get(home))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    figures: Vec<Figure>,
}

/// A number that somebody should know, with the page behind it.
struct Figure {
    count: usize,
    what: &'static str,
    path: &'static str,
    /// Whether it is a reason to act.
    grave: bool,
}

async fn home(State(parts): State<Parts>, SignedIn(caller): SignedIn) -> Result<Response, Refusal> {
    let mut frame = Frame::of(&parts, Some(&caller), "Start", "/");
    if may(&parts, &caller, Operation::PeopleRead, &Target::any()) {
        frame.alerts.extend(too_few_administrators(&parts).await?);
    }
    let mut figures = awaiting(&parts, &caller).await?;
    figures.extend(standing(&parts, &caller));
    Ok(page(&Home { frame, figures }))
}

/// One administrator alone can neither approve what another proposed nor be replaced.
async fn too_few_administrators(parts: &Parts) -> Result<Option<Alert>, Refusal> {
    let count = parts.store.enrolled_administrators().await?.len();
    Ok((count < ADMINISTRATORS_MIN).then(|| Alert {
        grade: "warn",
        text: match count {
            0 => "No administrator can sign in.".to_owned(),
            _ => "Only one administrator can sign in. Until a second one is enrolled, \
                  administrators can only look and enrol people."
                .to_owned(),
        },
        path: Some("/people"),
        link: "See the people",
    }))
}

/// What waits for this caller.
async fn awaiting(parts: &Parts, caller: &Caller) -> Result<Vec<Figure>, Refusal> {
    let mine = |operation| may(parts, caller, operation, &somebody_elses());
    let mut figures = Vec::new();
    let mut add = |count, what, path| {
        figures.push(Figure {
            count,
            what,
            path,
            grave: count > 0,
        });
    };
    if mine(Operation::BreakGlassReview) {
        let awaiting = Awaiting::of(&parts.store.snapshot(), (parts.clock)());
        add(
            awaiting.unreviewed,
            "emergency accesses to review",
            "/break-glass",
        );
    }
    if mine(Operation::ConsentResolve) {
        let queue = parts.store.consent_queue(None, SEARCH_PAGE_MAX).await?;
        let what = match queue.next {
            None => "consents that cannot be computed",
            Some(_) => "consents that cannot be computed, and more after them",
        };
        add(queue.consents.len(), what, "/consents");
    }
    let decides = [
        (
            Operation::PolicyApprove,
            "policy",
            "changes of policies to decide on",
            "/policies",
        ),
        (
            Operation::VendorApprove,
            "vendor",
            "changes of vendors to decide on",
            "/vendors",
        ),
    ];
    for (operation, kind, what, path) in decides {
        if mine(operation) {
            let proposals = parts.store.proposals().await?;
            let open = proposals.iter().filter(|proposal| {
                proposal.state == ProposalState::Open
                    && proposal.change.kind() == kind
                    && proposal.proposed_by != caller.id()
            });
            add(open.count(), what, path);
        }
    }
    Ok(figures)
}

/// A record that the caller neither made nor opened.
const fn somebody_elses() -> Target<'static> {
    Target {
        kind: "any",
        id: "any",
        made_by: Some(""),
    }
}

/// How things stand.
fn standing(parts: &Parts, caller: &Caller) -> Vec<Figure> {
    let snapshot = parts.store.snapshot();
    let now = (parts.clock)();
    let sees = |operation| may(parts, caller, operation, &Target::any());
    let mut figures = Vec::new();
    let mut add = |count, what, path, grave| {
        figures.push(Figure {
            count,
            what,
            path,
            grave: grave && count > 0,
        });
    };
    if sees(Operation::RecordsRead) {
        let unassessed = snapshot
            .systems()
            .filter(|system| system.state.word() == "live")
            .filter(|system| system.assessed_until.is_none_or(|until| until <= now))
            .count();
        add(
            unassessed,
            "live systems whose assessment lapsed",
            "/records",
            true,
        );
        let expired = snapshot
            .vendors()
            .filter(|vendor| {
                let agreement = vendor.agreement.as_ref();
                agreement.is_none_or(|agreement| agreement.expires <= now)
            })
            .count();
        add(
            expired,
            "vendors without an agreement in force",
            "/records",
            true,
        );
    }
    if sees(Operation::PeopleRead) {
        add(
            snapshot.people().count(),
            "people on file",
            "/people",
            false,
        );
    }
    if sees(Operation::KeyRead) {
        let live = snapshot.keys().filter(|key| key.is_live(now)).count();
        add(live, "live API keys", "/keys", false);
    }
    figures
}
