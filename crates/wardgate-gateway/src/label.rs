//! Labels the text of a call about a patient before the patient's consents are asked.
//!
//! It reads the text as it came, before anything is removed from it: what a consent keeps back is
//! kept back whoever the text names.

use wardgate_authz::Labels;
use wardgate_authz::label::{self, Found};
use wardgate_deid::json;

use crate::call::{Call, CallDigest};
use crate::facts::Gathered;

/// What the labelling step says about one call.
#[derive(Debug)]
pub(crate) struct Labelled {
    call: CallDigest,
    found: Option<Found>,
}

impl Labelled {
    /// The labels, as the decision on this call takes them; another call's do not count.
    pub(crate) fn labels(&self, call: &Call) -> Labels<'_> {
        match &self.found {
            Some(found) if self.call == *call.digest() => Labels::found(found.codings()),
            _ => Labels::NONE,
        }
    }
}

/// Labels a call. One about no patient asks no consent, and stays unlabelled.
pub(crate) async fn label(call: &Call, facts: &Gathered) -> Labelled {
    let found = if facts.patient().is_none() {
        None
    } else {
        let body = call.body().clone();
        let parts = call.json_parts();
        let bytes = body.len();
        let work = move || {
            let mut texts = Vec::with_capacity(parts.len());
            for part in &parts {
                // A part that cannot be read may say anything.
                texts.push(json::unescape(body.get(part.at.clone())?).ok()?);
            }
            label::label(texts.iter().map(AsRef::as_ref))
        };
        if bytes <= INLINE_BYTES_MAX {
            work()
        } else {
            tokio::task::spawn_blocking(work).await.ok().flatten()
        }
    };
    Labelled {
        call: *call.digest(),
        found,
    }
}

/// Longer bodies leave the I/O thread.
const INLINE_BYTES_MAX: usize = 64 * 1024;
