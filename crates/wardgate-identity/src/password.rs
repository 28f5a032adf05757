//! Passwords: what may be one, how one is kept, how one is checked.
//!
//! The rules are those of NIST SP 800-63B: length, no rules of composition, nothing that is known
//! to be guessed first. A password is never enough alone; that is decided elsewhere.

use std::io::{self, Read, Seek, SeekFrom};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, digest};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password, in bytes: a limit on work, far beyond what anybody types.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// The cost of a hash. It is stored with each, so that it can rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
}

impl Cost {
    /// What new hashes cost.
    pub const CURRENT: Self = Self {
        memory_kib: 32 * 1024,
        passes: 2,
    };
    /// The least that RFC 9106 and OWASP let pass; for tests that hash often.
    pub const FLOOR: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
    };
}

/// What a check of a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is right.
    Right,
    /// It is right, and should be hashed anew: what it costs to guess has risen since.
    RightButCheap,
    /// It is wrong.
    Wrong,
}

/// Why a text may not be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordFault {
    /// It is too short.
    #[error("use at least {PASSWORD_CHARS_MIN} characters; a few words are easier to remember")]
    Short,
    /// It is too long.
    #[error("use at most {PASSWORD_BYTES_MAX} bytes")]
    Long,
    /// It would be guessed soon.
    #[error(
        "this is among the first that would be guessed; use a few words that do not belong together"
    )]
    Guessable,
    /// It stands in a list of passwords that were stolen elsewhere.
    #[error(
        "this password was stolen elsewhere and is in lists that attackers use; choose another"
    )]
    Breached,
}

/// Whether a text may be the password of a person.
///
/// # Errors
/// Why not.
pub fn check_new_password(password: &SecretString, person: &str) -> Result<(), PasswordFault> {
    let text = password.expose_secret();
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordFault::Long);
    }
    if text.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordFault::Short);
    }
    // Nothing far into a long text makes it easier to guess than its first hundred characters.
    let head: Zeroizing<String> = Zeroizing::new(text.chars().take(GUESSED_CHARS).collect());
    // A name that stands twice or beside something else adds length, but nothing to guess.
    let nameless = without(&head, person);
    let strong = [&head, &nameless].into_iter().all(|text| {
        let score = zxcvbn::zxcvbn(text, &[person, "wardgate", "hospital"]).score();
        score >= zxcvbn::Score::Three
    });
    if !strong {
        return Err(PasswordFault::Guessable);
    }
    Ok(())
}

/// A text without a name in it, in whatever case.
fn without(text: &str, name: &str) -> Zeroizing<String> {
    let text = Zeroizing::new(text.to_lowercase());
    if name.chars().count() < NAME_CHARS_MIN {
        return text;
    }
    Zeroizing::new(text.replace(&name.to_lowercase(), ""))
}

/// Makes what is stored of a password.
///
/// # Errors
/// When the memory for it is not there.
pub fn hash_password(
    password: &SecretString,
    salt: [u8; 16],
    cost: Cost,
) -> Result<Vec<u8>, HashFault> {
    let hash = derive(password, &salt, cost)?;
    let stored = Stored {
        v: 1,
        cost,
        salt,
        hash: *hash,
    };
    serde_json::to_vec(&stored).map_err(|_| HashFault)
}

/// Checks a password against what is stored, in a time that does not depend on what differs.
/// Without anything stored it works as long, and the password is wrong.
///
/// # Errors
/// When the memory for it is not there, or what is stored does not read.
pub fn check_password(
    password: &SecretString,
    stored: Option<&[u8]>,
) -> Result<Checked, HashFault> {
    let stored: Stored = match stored {
        Some(stored) => serde_json::from_slice(stored).map_err(|_| HashFault)?,
        None => NOBODY,
    };
    if stored.v != 1 && stored.v != NOBODY.v {
        return Err(HashFault);
    }
    let hash = derive(password, &stored.salt, stored.cost)?;
    let same = constant_time::verify_slices_are_equal(hash.as_slice(), &stored.hash).is_ok();
    Ok(match same && stored.v == 1 {
        false => Checked::Wrong,
        true if stored.cost == Cost::CURRENT => Checked::Right,
        true => Checked::RightButCheap,
    })
}

/// Whether a password stands in a list of SHA-1 hashes, one `HASH:COUNT` a line in ascending
/// order, as Have I Been Pwned offers it for download. The list is searched by halving, wherever
/// it lies: nothing leaves the machine.
///
/// # Errors
/// When the list cannot be read.
pub fn is_breached(password: &SecretString, list: &mut (impl Read + Seek)) -> io::Result<bool> {
    let hash = digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        password.expose_secret().as_bytes(),
    );
    let wanted: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let mut low = 0;
    let mut high = list.seek(SeekFrom::End(0))?;
    // The line that begins at or after the middle decides which half is left.
    while low < high {
        let middle = low + (high - low) / 2;
        let (start, line) = line_from(list, middle, low)?;
        let found: String = line
            .chars()
            .take(SHA1_DIGITS)
            .collect::<String>()
            .to_uppercase();
        if found.len() < SHA1_DIGITS {
            high = middle;
            continue;
        }
        match found.cmp(&wanted) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = start + u64::try_from(line.len()).unwrap_or(0) + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

/// The first whole line that begins at or after `at`, which is not before `first`, where a line
/// begins.
fn line_from(list: &mut (impl Read + Seek), at: u64, first: u64) -> io::Result<(u64, String)> {
    let from = if at == first { at } else { at - 1 };
    list.seek(SeekFrom::Start(from))?;
    let mut window = Vec::with_capacity(LINE_WINDOW);
    list.by_ref()
        .take(u64::try_from(LINE_WINDOW).unwrap_or(0))
        .read_to_end(&mut window)?;
    let skipped = if at == first {
        0
    } else {
        match window.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None => window.len(),
        }
    };
    let rest = window.get(skipped..).unwrap_or_default();
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let start = from + u64::try_from(skipped).unwrap_or(0);
    Ok((start, String::from_utf8_lossy(line).into_owned()))
}

/// A password could not be hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password could not be checked")]
pub struct HashFault;

#[derive(Serialize, Deserialize)]
struct Stored {
    /// The version of this form.
    v: u8,
    cost: Cost,
    salt: [u8; 16],
    hash: [u8; HASH_BYTES],
}

/// What the password of somebody unknown is held against.
const NOBODY: Stored = Stored {
    v: 0,
    cost: Cost::CURRENT,
    salt: [0; 16],
    hash: [0; HASH_BYTES],
};

fn derive(
    password: &SecretString,
    salt: &[u8; 16],
    cost: Cost,
) -> Result<Zeroizing<[u8; HASH_BYTES]>, HashFault> {
    // The same password, typed on another keyboard, may come in other characters.
    let mut plain = Zeroizing::new(String::with_capacity(password.expose_secret().len() * 2));
    let typed = password.expose_secret();
    let typed = typed.get(..PASSWORD_BYTES_MAX).unwrap_or(typed);
    plain.extend(typed.nfkc());
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES));
    let argon = Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        params.map_err(|_| HashFault)?,
    );
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    argon
        .hash_password_into(plain.as_bytes(), salt, hash.as_mut_slice())
        .map_err(|_| HashFault)?;
    Ok(hash)
}

const HASH_BYTES: usize = 32;
const GUESSED_CHARS: usize = 100;
/// Shorter names stand in many words by chance.
const NAME_CHARS_MIN: usize = 3;
const SHA1_DIGITS: usize = 40;
/// Longer than two lines of the list.
const LINE_WINDOW: usize = 128;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_password_is_long_and_not_guessed_soon() {
        for (text, fault) in [
            ("short", Some(PasswordFault::Short)),
            ("passwordpassword", Some(PasswordFault::Guessable)),
            ("123456789012", Some(PasswordFault::Guessable)),
            ("dr.osei.dr.osei", Some(PasswordFault::Guessable)),
            ("DR.OSEI-dr.osei-1", Some(PasswordFault::Guessable)),
            ("lantern otter gravel", None),
        ] {
            assert_eq!(
                check_new_password(&secret(text), "dr.osei").err(),
                fault,
                "{text}"
            );
        }
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        assert_eq!(
            check_new_password(&secret(&long), "dr.osei"),
            Err(PasswordFault::Long)
        );
    }

    #[test]
    fn a_password_is_right_in_every_spelling_of_its_characters_and_else_wrong() {
        let stored =
            hash_password(&secret("Zoe\u{308} and the otter"), [1; 16], Cost::FLOOR).unwrap();
        let check = |text: &str| check_password(&secret(text), Some(&stored)).unwrap();
        assert_eq!(check("Zo\u{eb} and the otter"), Checked::RightButCheap);
        assert_eq!(check("Zoe and the otter"), Checked::Wrong);
        assert!(!String::from_utf8(stored).unwrap().contains("otter"));
    }

    #[test]
    fn a_hash_of_today_needs_no_other() {
        let stored = hash_password(&secret("lantern otter"), [1; 16], Cost::CURRENT).unwrap();
        let checked = check_password(&secret("lantern otter"), Some(&stored)).unwrap();
        assert_eq!(checked, Checked::Right);
    }

    #[test]
    fn nobody_has_a_password_and_it_costs_what_others_cost() {
        let stored = hash_password(&secret("lantern otter"), [1; 16], Cost::CURRENT).unwrap();
        let stored: Stored = serde_json::from_slice(&stored).unwrap();
        assert_eq!(NOBODY.cost, stored.cost);
        assert_eq!(
            check_password(&secret("anything at all"), None).unwrap(),
            Checked::Wrong
        );
        assert_eq!(check_password(&secret("x"), Some(b"{}")), Err(HashFault));
    }

    fn list(passwords: &[String]) -> Cursor<Vec<u8>> {
        let mut lines: Vec<String> = passwords
            .iter()
            .map(|password| {
                let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
                let hex: String = hash
                    .as_ref()
                    .iter()
                    .map(|byte| format!("{byte:02X}"))
                    .collect();
                format!("{hex}:{}", password.len())
            })
            .collect();
        lines.sort();
        Cursor::new(lines.join("\n").into_bytes())
    }

    #[test]
    fn every_password_of_a_list_is_found_and_no_other() {
        for count in [0, 1, 2, 3, 10, 257] {
            let passwords: Vec<String> = (0..count).map(|at| format!("stolen {at}")).collect();
            let mut list = list(&passwords);
            for password in &passwords {
                assert!(
                    is_breached(&secret(password), &mut list).unwrap(),
                    "{password} of {count}"
                );
            }
            for at in 0..50 {
                let other = format!("own {at}");
                assert!(
                    !is_breached(&secret(&other), &mut list).unwrap(),
                    "{other} of {count}"
                );
            }
        }
    }

    #[test]
    fn a_list_with_other_line_ends_and_a_last_empty_line_reads_too() {
        let text = String::from_utf8(list(&["a".to_owned(), "b".to_owned()]).into_inner()).unwrap();
        let mut list = Cursor::new(format!("{}\r\n", text.replace('\n', "\r\n")).into_bytes());
        for (password, listed) in [("a", true), ("b", true), ("c", false)] {
            assert_eq!(
                is_breached(&secret(password), &mut list).unwrap(),
                listed,
                "{password}"
            );
        }
    }
}
