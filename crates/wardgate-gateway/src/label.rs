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
            let inner: Vec<String> = texts.iter().flat_map(|text| within(text)).collect();
            let inner = inner.iter().map(String::as_str);
            label::label(texts.iter().map(AsRef::as_ref).chain(inner))
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

/// What a text says once the escapes in it are read, and the escapes in that: arguments and results
/// of tools are JSON within JSON, and a model reads through it.
fn within(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    while found.len() < WITHIN_MAX {
        let outer = found.last().map_or(text, String::as_str);
        if !outer.contains('\\') {
            break;
        }
        // What is no JSON stays the text that it is.
        let Ok(inner) = json::unescape(outer.as_bytes()) else {
            break;
        };
        let inner = inner.into_owned();
        found.push(inner);
    }
    found
}

/// How deep JSON within JSON is read.
const WITHIN_MAX: usize = 3;
/// Longer bodies leave the I/O thread.
const INLINE_BYTES_MAX: usize = 64 * 1024;
