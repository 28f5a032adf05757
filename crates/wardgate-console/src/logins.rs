//! Command lines that wait for a person to let them act for that person.
//!
//! The command line asks for a pair of codes. It keeps the long one and shows the short one, which
//! the person enters on a page after signing in (as RFC 8628 does it). Only then does the long code
//! open a session, once. Waiting logins live in memory: after a restart one begins anew.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// The logins that wait.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    waiting: Mutex<Vec<Waiting>>,
}

/// One that waits.
#[derive(Clone, Debug)]
struct Waiting {
    /// SHA-256 of the long code, which is 256 bits at random.
    long: [u8; 32],
    short: String,
    about: String,
    ends: Timestamp,
    answer: Option<Approval>,
}

/// Codes for a new login.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(crate) long: SecretString,
    pub(crate) short: String,
}

/// Who let a command line act for them, and how they had proved themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    pub(crate) person: String,
    pub(crate) mfa_level: u8,
    pub(crate) proven_at: Timestamp,
    /// The roles that a provider of identity gave; none leaves the roles of the record.
    pub(crate) granted_roles: Option<Vec<String>>,
}

/// How a login stands for the command line that asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has answered.
    Waiting,
    /// A person said yes; told once.
    Approved { approval: Approval, about: String },
    /// There is none: it ended, was refused, or never was.
    None,
}

impl Logins {
    /// A new login; none when too many wait already.
    pub(crate) fn begin(&self, about: &str, random: [u8; 64], now: Timestamp) -> Option<Codes> {
        let mut waiting = self.waiting(now);
        if waiting.len() >= WAITING_MAX {
            return None;
        }
        let random = Zeroizing::new(random);
        let (for_long, for_short) = random.split_at(32);
        let hex: Vec<String> = for_long.iter().map(|byte| format!("{byte:02x}")).collect();
        let long = Zeroizing::new(hex.concat());
        let short = short_code(for_short)?;
        let ends = now + SignedDuration::from_secs(WAIT_S);
        waiting.push(Waiting {
            long: hashed(&long),
            short: short.clone(),
            about: clean(about),
            ends,
            answer: None,
        });
        Some(Codes {
            long: SecretString::from(long.as_str()),
            short,
        })
    }

    /// What waits under a short code: the words of the command line about itself.
    pub(crate) fn about(&self, short: &str, now: Timestamp) -> Option<String> {
        let short = as_shown(short);
        let waiting = self.waiting(now);
        let found = waiting
            .iter()
            .find(|login| login.short == short && login.answer.is_none());
        found.map(|login| login.about.clone())
    }

    /// Says yes to what waits under a short code. Returns whether anything does.
    pub(crate) fn approve(&self, short: &str, approval: Approval, now: Timestamp) -> bool {
        let short = as_shown(short);
        let mut waiting = self.waiting(now);
        let found = waiting
            .iter_mut()
            .find(|login| login.short == short && login.answer.is_none());
        let Some(login) = found else { return false };
        login.answer = Some(approval);
        true
    }

    /// Says no to what waits under a short code.
    pub(crate) fn refuse(&self, short: &str, now: Timestamp) {
        let short = as_shown(short);
        self.waiting(now)
            .retain(|login| login.short != short || login.answer.is_some());
    }

    /// How the login of a long code stands. An approved one is over with this.
    pub(crate) fn take(&self, long: &str, now: Timestamp) -> Standing {
        let long = hashed(long);
        let mut waiting = self.waiting(now);
        let Some(at) = waiting.iter().position(|login| login.long == long) else {
            return Standing::None;
        };
        if waiting.get(at).is_some_and(|login| login.answer.is_none()) {
            return Standing::Waiting;
        }
        let login = waiting.swap_remove(at);
        login
            .answer
            .map_or(Standing::None, |approval| Standing::Approved {
                approval,
                about: login.about,
            })
    }

    /// Those that wait still.
    fn waiting(&self, now: Timestamp) -> MutexGuard<'_, Vec<Waiting>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|login| now < login.ends);
        waiting
    }
}

/// Eight letters that are not mistaken for one another, such as `BCDF-GHJK`.
fn short_code(random: &[u8]) -> Option<String> {
    // Bytes past the last whole round of the alphabet would favour its first letters.
    let fair = random.iter().filter(|byte| **byte < 240);
    let letters: Vec<char> = fair
        .filter_map(|byte| LETTERS.get(usize::from(byte % 20)))
        .map(|letter| char::from(*letter))
        .take(8)
        .collect();
    let (first, last) = letters.split_at_checked(4)?;
    (last.len() == 4).then(|| {
        let (first, last): (String, String) = (first.iter().collect(), last.iter().collect());
        format!("{first}-{last}")
    })
}

/// A short code as a person may write it, in the form in which it was shown.
fn as_shown(short: &str) -> String {
    let letters: String = short
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_uppercase())
        .take(9)
        .collect();
    match letters.split_at_checked(4) {
        Some((first, last)) => format!("{first}-{last}"),
        None => letters,
    }
}

/// Words that came from outside, fit to be shown.
fn clean(about: &str) -> String {
    let shown = about.chars().filter(|letter| !letter.is_control());
    shown.take(ABOUT_CHARS_MAX).collect()
}

fn hashed(long: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, long.as_bytes()).as_ref());
    hash
}

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// For how long a login waits.
pub(crate) const WAIT_S: i64 = 600;
const WAITING_MAX: usize = 64;
const ABOUT_CHARS_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn random(seed: u8) -> [u8; 64] {
        std::array::from_fn(|at| seed.wrapping_add(u8::try_from(at).unwrap()))
    }

    fn yes() -> Approval {
        Approval {
            person: "dr-osei".to_owned(),
            mfa_level: 3,
            proven_at: at(5),
            granted_roles: None,
        }
    }

    #[test]
    fn a_login_opens_once_and_only_after_a_yes() {
        let logins = Logins::default();
        let codes = logins.begin("laptop\n", random(1), at(0)).unwrap();
        let long = codes.long.expose_secret();
        assert_eq!(logins.take(long, at(1)), Standing::Waiting);
        let typed = codes.short.to_lowercase().replace('-', " ");
        assert_eq!(logins.about(&typed, at(1)).as_deref(), Some("laptop"));
        assert!(logins.approve(&typed, yes(), at(2)));
        assert!(!logins.approve(&typed, yes(), at(2)), "a second yes");
        assert!(matches!(
            logins.take(long, at(3)),
            Standing::Approved { .. }
        ));
        assert_eq!(logins.take(long, at(3)), Standing::None);
    }

    #[test]
    fn the_short_code_opens_nothing() {
        let logins = Logins::default();
        let codes = logins.begin("laptop", random(1), at(0)).unwrap();
        logins.approve(&codes.short, yes(), at(1));
        assert_eq!(logins.take(&codes.short, at(2)), Standing::None);
    }

    #[test]
    fn a_login_ends_by_a_no_and_by_time_and_few_wait_at_once() {
        let logins = Logins::default();
        let codes = logins.begin("laptop", random(1), at(0)).unwrap();
        logins.refuse(&codes.short, at(1));
        assert_eq!(
            logins.take(codes.long.expose_secret(), at(1)),
            Standing::None
        );
        let late = logins.begin("laptop", random(2), at(0)).unwrap();
        assert!(!logins.approve(&late.short, yes(), at(WAIT_S)));
        for seed in 0..WAITING_MAX {
            let random = random(u8::try_from(seed).unwrap());
            assert!(logins.begin("laptop", random, at(700)).is_some());
        }
        assert!(logins.begin("laptop", random(200), at(700)).is_none());
        assert!(
            logins
                .begin("laptop", random(200), at(700 + WAIT_S))
                .is_some()
        );
    }
}
