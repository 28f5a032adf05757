//! Denials for the ledger: the first of a kind at once, those that follow together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use wardgate_authz::Operation;
use wardgate_records::Store;
use wardgate_records::events::{AccessDenied, Event, Token};

/// What was denied to whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Denial {
    /// The stable code.
    pub(crate) code: Arc<str>,
    pub(crate) operation: Operation,
    /// The person or the application.
    pub(crate) who: Option<String>,
}

/// Denials that wait to be told.
#[derive(Debug, Default)]
pub(crate) struct Denials {
    waiting: Mutex<HashMap<Denial, Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    told_at: Timestamp,
    count: u64,
    first: Timestamp,
}

impl Denials {
    /// Counts a denial, and tells the ledger when it is the first, or the first after a while.
    pub(crate) async fn tell(&self, denial: Denial, store: &Store, now: Timestamp) {
        let Some((count, first)) = self.due(denial.clone(), now) else {
            return;
        };
        let event = Event::AccessDenied(AccessDenied {
            code: Token::or_unfit(&denial.code),
            operation: Some(Token::or_unfit(denial.operation.word())),
            person: denial.who.as_deref().map(Token::or_unfit),
            count,
            first,
            last: now,
        });
        if let Err(error) = store.tell(&event, now).await {
            tracing::error!(%error, "a denial could not be told to the ledger");
        }
    }

    /// How many to tell now and since when; none while others gather.
    fn due(&self, mut denial: Denial, now: Timestamp) -> Option<(u64, Timestamp)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= KINDS_MAX && !waiting.contains_key(&denial) {
            // Told without the name rather than not at all.
            denial.who = None;
        }
        let Some(known) = waiting.get_mut(&denial) else {
            let told = Waiting {
                told_at: now,
                count: 0,
                first: now,
            };
            waiting.insert(denial, told);
            return Some((1, now));
        };
        if known.count == 0 {
            known.first = now;
        }
        known.count += 1;
        if now.as_millisecond() - known.told_at.as_millisecond() < PERIOD_MS {
            return None;
        }
        let due = (known.count, known.first);
        known.count = 0;
        known.told_at = now;
        Some(due)
    }
}

const PERIOD_MS: i64 = 60_000;
const KINDS_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn denial(who: &str) -> Denial {
        Denial {
            code: "operation.not_permitted".into(),
            operation: Operation::KeyCreate,
            who: Some(who.to_owned()),
        }
    }

    #[test]
    fn the_first_is_told_at_once_and_a_flood_once_a_minute() {
        let denials = Denials::default();
        assert_eq!(denials.due(denial("a"), at(0)), Some((1, at(0))));
        assert_eq!(denials.due(denial("b"), at(0)), Some((1, at(0))));
        for second in 1..60 {
            assert_eq!(denials.due(denial("a"), at(second)), None);
        }
        assert_eq!(denials.due(denial("a"), at(60)), Some((60, at(1))));
        assert_eq!(denials.due(denial("a"), at(61)), None);
    }

    #[test]
    fn many_names_take_no_more_room_than_there_is() {
        let denials = Denials::default();
        for number in 0..KINDS_MAX + 10 {
            denials.due(denial(&number.to_string()), at(0));
        }
        assert!(denials.waiting.lock().unwrap().len() <= KINDS_MAX + 1);
    }
}
