//! What the policies said before, for as long as they must say it again.
//!
//! Asking Cedar is the dear part of a decision, and the same people use the same systems for
//! the same purposes all day. An answer is kept for exactly the same parties, held so that
//! nothing else can take their place in memory, the same circumstances, and up to the next
//! date at which a policy could answer otherwise.

use std::collections::HashMap;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::decide::Parties;
use crate::facts::{AppFacts, Care, PersonFacts, Prepared, SystemFacts, VendorFacts};
use crate::request::Request;

/// What the policies answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These permit it.
    Permitted(Vec<Arc<str>>),
    /// These forbid it, by position, the deciding one first.
    Forbidden(Vec<usize>),
    /// Nothing permits it.
    NotPermitted,
}

#[derive(Debug)]
pub(super) struct Memo {
    answers: Mutex<HashMap<Vec<u8>, Remembered>>,
    /// Whether a policy asks how long ago the person signed in.
    reads_age: bool,
}

#[derive(Debug)]
struct Remembered {
    after_ms: i64,
    before_ms: i64,
    answer: Answer,
    _held: Held,
}

/// Keeps the parties alive, so that their addresses go on meaning them.
#[derive(Debug)]
struct Held {
    _app: Option<Arc<Prepared<AppFacts>>>,
    _system: Option<Arc<Prepared<SystemFacts>>>,
    _vendor: Option<Arc<Prepared<VendorFacts>>>,
    _person: Option<Arc<Prepared<PersonFacts>>>,
}

impl Memo {
    pub(super) fn new(reads_age: bool) -> Self {
        Self {
            answers: Mutex::default(),
            reads_age,
        }
    }

    /// The answer that still holds.
    pub(super) fn recall(&self, key: &[u8], now_ms: i64) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers
            .get(key)
            .filter(|answer| answer.after_ms < now_ms && now_ms < answer.before_ms)
            .map(|answer| answer.answer.clone())
    }

    /// Keeps an answer until the next date of its parties. On such a date itself it keeps
    /// none, because a comparison may turn on that very millisecond.
    pub(super) fn remember(
        &self,
        key: Vec<u8>,
        parties: &Parties<'_>,
        now_ms: i64,
        answer: &Answer,
    ) {
        let dates = || parties.dates_ms.iter().flat_map(|dates| dates.iter());
        if dates().any(|date| *date == now_ms) {
            return;
        }
        let facts = parties.facts;
        let remembered = Remembered {
            after_ms: dates()
                .copied()
                .filter(|date| *date < now_ms)
                .max()
                .unwrap_or(i64::MIN),
            before_ms: dates()
                .copied()
                .filter(|date| *date > now_ms)
                .min()
                .unwrap_or(i64::MAX),
            answer: answer.clone(),
            _held: Held {
                _app: facts.app.clone(),
                _system: facts.system.clone(),
                _vendor: facts.vendor.clone(),
                _person: facts.person.clone(),
            },
        };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(key, remembered);
    }

    /// Everything that an answer depends on, but the time.
    pub(super) fn key(&self, request: &Request<'_>, parties: &Parties<'_>) -> Vec<u8> {
        let mut key = key(request, parties);
        if self.reads_age {
            key.extend_from_slice(&parties.sign_in.age_s.to_le_bytes());
        }
        key
    }
}

fn key(request: &Request<'_>, parties: &Parties<'_>) -> Vec<u8> {
    let facts = parties.facts;
    let person = facts.person.as_ref().filter(|_| request.person.is_some());
    let addresses = [
        facts
            .app
            .as_deref()
            .map_or(0, |app| ptr::from_ref(app).addr()),
        facts
            .system
            .as_deref()
            .map_or(0, |system| ptr::from_ref(system).addr()),
        facts
            .vendor
            .as_deref()
            .map_or(0, |vendor| ptr::from_ref(vendor).addr()),
        person.map_or(0, |person| ptr::from_ref(&**person).addr()),
    ];
    let mut key = Vec::with_capacity(160);
    for address in addresses {
        key.extend_from_slice(&address.to_le_bytes());
    }
    key.extend([
        u8::from(request.patient.is_some()),
        u8::from(parties.flow_declared),
        u8::from(parties.contained),
        parties.sign_in.level,
        u8::from(parties.care != Care::NotAsked),
        u8::from(parties.care == Care::Current),
        u8::from(parties.break_glass),
    ]);
    let labels = request.labels.codes();
    key.extend_from_slice(&labels.len().to_le_bytes());
    for label in labels {
        key.extend_from_slice(&label.code.len().to_le_bytes());
        key.extend_from_slice(label.code.as_bytes());
    }
    let purpose = request.purpose.code();
    for text in [
        purpose,
        request.data_class,
        request.recipient,
        request.region,
    ] {
        key.extend_from_slice(&text.len().to_le_bytes());
        key.extend_from_slice(text.as_bytes());
    }
    key
}

const ANSWERS_MAX: usize = 4096;
