//! What the ledger is told of a run.

use axum::http::StatusCode;
use wardgate_deid::{Operation as Done, Tally};
use wardgate_records::Author;
use wardgate_records::events::{DatasetDeidentified, DatasetRefused, ElementCounts, Event, Token};

use super::run::{Undone, Written};
use crate::Parts;
use crate::fhir::outcome::Outcome;

/// Has the ledger keep what was written. What it can not keep is not answered.
pub(super) async fn succeeded(
    parts: &Parts,
    written: &Written,
    author: &Author,
) -> Result<(), Outcome> {
    let (app, person) = match author {
        Author::App(id) => (Some(id), None),
        Author::Person(id) => (None, Some(id)),
        _ => (None, None),
    };
    let token = |id| Token::or_unfit(id);
    let event = Event::DatasetDeidentified(DatasetDeidentified {
        app: app.map(|id: &String| token(id)),
        person: person.map(|id: &String| token(id)),
        profile: Token::or_unfit(written.profile.id()),
        resources: written.resources,
        done: counts(&written.tally),
        verified: written.resources,
        bytes: written.output.len() as u64,
        output: written.digest(),
    });
    tell(parts, &event).await
}

/// Has the ledger keep that records were refused, if they were. They are whether or not it takes it.
pub(super) async fn refused(parts: &Parts, undone: &Undone, author: &Author) {
    let Some(codes) = undone.codes() else { return };
    let who = match author {
        Author::App(id) | Author::Person(id) => Token::or_unfit(id),
        _ => Token::UNFIT,
    };
    let event = Event::DatasetRefused(DatasetRefused {
        name: Token::or_unfit("de-identify"),
        guarantee: "deidentified",
        reasons: &codes,
        person: who,
    });
    let _ = tell(parts, &event).await;
}

async fn tell(parts: &Parts, event: &Event<'_>) -> Result<(), Outcome> {
    let told = parts.store.tell(event, (parts.clock)()).await;
    let kept = match told {
        Ok(()) => parts.store.drain_outbox(&parts.ledger).await.map(|_| ()),
        Err(error) => Err(error),
    };
    kept.map_err(|error| {
        tracing::error!(%error, "a de-identification could not be told to the ledger");
        Outcome::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "transient",
            "the ledger can not take an entry, so nothing is answered; try again in a moment",
        )
    })
}

fn counts(tally: &Tally) -> ElementCounts {
    ElementCounts {
        kept: tally.total(Done::Kept),
        removed: tally.total(Done::Removed),
        replaced: tally.total(Done::Replaced),
        shifted: tally.total(Done::Shifted),
        generalised: tally.total(Done::Generalised),
        cleaned: tally.total(Done::Cleaned),
        emptied: tally.total(Done::Emptied),
    }
}
