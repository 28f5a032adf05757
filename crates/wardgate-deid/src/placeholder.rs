//! Keyed stand-ins for identifiers.
//!
//! A placeholder reads `[NAME_X7K2QM9DTBCFGH]`: the kind, and a token that only
//! the holder of the key can derive from the value. Equal values have equal
//! tokens under one key. When the text writes the value otherwise than in its
//! plain form, a variant follows (`_V3K7`), so that each surface is restored as
//! it was. A whole date also carries its day number (`_D81043`), counted from a
//! hidden day, so that differences of days are true.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::hmac;
use zeroize::{Zeroize, Zeroizing};

use crate::surrogate::PseudonymKey;

/// The key under which placeholders are made: one for each caller and conversation.
///
/// Callers with different keys never see each other's tokens.
pub struct PlaceholderKey {
    mac: Mac,
}

enum Mac {
    Ready(Box<hmac::Key>),
    Later(Box<Later>),
}

/// From what a key is derived once it is asked for: most records never need the key of placeholders.
struct Later {
    root: Arc<hmac::Key>,
    caller: &'static [u8],
    conversation: Zeroizing<Vec<u8>>,
    mac: OnceLock<hmac::Key>,
}

impl PlaceholderKey {
    /// A key of 32 random or derived bytes.
    #[must_use]
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        bytes.zeroize();
        Self::ready(mac)
    }

    fn ready(mac: hmac::Key) -> Self {
        Self {
            mac: Mac::Ready(Box::new(mac)),
        }
    }

    /// The key of one caller's conversation, from a root key that stays in the vault.
    #[must_use]
    pub fn derive(root: &[u8; 32], caller: &[u8], conversation: &[u8]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, root);
        Self::ready(derived(&root, caller, conversation))
    }

    /// The same from a root key that is ready, once somebody asks for it.
    pub(crate) fn derived_later(
        root: Arc<hmac::Key>,
        caller: &'static [u8],
        conversation: Zeroizing<Vec<u8>>,
    ) -> Self {
        Self {
            mac: Mac::Later(Box::new(Later {
                root,
                caller,
                conversation,
                mac: OnceLock::new(),
            })),
        }
    }

    fn mac(&self) -> &hmac::Key {
        match &self.mac {
            Mac::Ready(mac) => mac,
            Mac::Later(later) => later
                .mac
                .get_or_init(|| derived(&later.root, later.caller, &later.conversation)),
        }
    }

    /// The key of pseudonyms where the call names no patient: stable within its conversation.
    pub(crate) fn pseudonyms(&self) -> PseudonymKey {
        let mut bytes = [0; 32];
        let tag = tagged(self.mac(), &[b"pseudonyms"]);
        for (to, from) in bytes.iter_mut().zip(tag.iter()) {
            *to = *from;
        }
        PseudonymKey::new(bytes)
    }

    /// The token of a value; `attempt` above 0 derives another one when that was taken.
    pub(crate) fn token(&self, label: &str, value: &str, attempt: u8) -> Token {
        let parts: [&[u8]; 4] = [b"token", label.as_bytes(), value.as_bytes(), &[attempt]];
        Token(leading(&*tagged(self.mac(), &parts)) % TOKENS)
    }

    /// The variant of one surface of the value that has `token`.
    pub(crate) fn variant(&self, token: Token, surface: &str, attempt: u8) -> Variant {
        let token = token.0.to_be_bytes();
        let parts: [&[u8]; 4] = [b"variant", &token, surface.as_bytes(), &[attempt]];
        let variant = leading(&*tagged(self.mac(), &parts)) % u64::from(VARIANTS);
        Variant(u16::try_from(variant).unwrap_or_default())
    }

    /// The day that placeholders of dates count from, in days before 1970-01-01.
    pub(crate) fn epoch(&self) -> i64 {
        let hidden = leading(&*tagged(self.mac(), &[b"epoch"])) % EPOCH_SPREAD_DAYS;
        EPOCH_MIN_DAYS + i64::try_from(hidden).unwrap_or_default()
    }
}

impl fmt::Debug for PlaceholderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaceholderKey")
    }
}

/// What stands for a value: [`TOKEN_LEN`] characters, the first of them the anchor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Token(pub(crate) u64);

impl Token {
    /// The token written at the start of `text`, in any case.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let (anchor, digits) = text.get(..TOKEN_LEN)?.split_first()?;
        if !anchor.eq_ignore_ascii_case(&ANCHOR) {
            return None;
        }
        read_digits(digits).map(Self)
    }

    /// The characters of the token, anchor first.
    pub(crate) fn characters(self) -> [u8; TOKEN_LEN] {
        let mut characters = [ANCHOR; TOKEN_LEN];
        let digits = characters.split_first_mut().map(|(_, digits)| digits);
        write_digits(self.0, digits.unwrap_or_default());
        characters
    }
}

/// Which surface of a value a placeholder stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Variant(pub(crate) u16);

impl Variant {
    /// The variant whose digits stand at the start of `text`, in any case.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let value = read_digits(text.get(..VARIANT_LEN)?)?;
        u16::try_from(value).ok().map(Self)
    }
}

/// Appends the placeholder of a surface.
pub(crate) fn write(
    out: &mut String,
    label: &str,
    token: Token,
    day: Option<i64>,
    variant: Option<Variant>,
) {
    out.push('[');
    out.push_str(label);
    out.push('_');
    out.extend(token.characters().map(char::from));
    if let Some(day) = day {
        out.push_str("_D");
        out.push_str(&day.to_string());
    }
    if let Some(Variant(variant)) = variant {
        let mut digits = [0; VARIANT_LEN];
        write_digits(u64::from(variant), &mut digits);
        out.push_str("_V");
        out.extend(digits.map(char::from));
    }
    out.push(']');
}

/// Adds every token that `text` already holds, wherever it stands.
pub(crate) fn collect_tokens(text: &[u8], found: &mut Vec<Token>) {
    for at in memchr::memchr2_iter(ANCHOR, ANCHOR.to_ascii_lowercase(), text) {
        found.extend(text.get(at..).and_then(Token::read));
    }
}

/// Whether a span begins or ends inside a placeholder.
#[cfg(feature = "neural")]
pub(crate) fn cuts(text: &[u8], span: std::ops::Range<usize>) -> bool {
    let inside = |at: usize| {
        let from = at.saturating_sub(LEN_MAX);
        let before = text.get(from..at).unwrap_or_default();
        let Some(open) = before.iter().rposition(|byte| *byte == b'[') else {
            return false;
        };
        let whole = text.get(from + open..).unwrap_or_default();
        let whole = whole.get(..LEN_MAX).unwrap_or(whole);
        let len = whole.iter().position(|byte| *byte == b']');
        let whole = whole.get(..len.unwrap_or(whole.len())).unwrap_or_default();
        let mut found = Vec::new();
        collect_tokens(whole, &mut found);
        !found.is_empty() && at <= from + open + whole.len()
    };
    inside(span.start) || inside(span.end)
}

/// The value of a digit, in either case.
pub(crate) fn digit_value(digit: u8) -> Option<u64> {
    let upper = digit.to_ascii_uppercase();
    let index = DIGITS.iter().position(|d| *d == upper)?;
    u64::try_from(index).ok()
}

fn read_digits(digits: &[u8]) -> Option<u64> {
    let base = u64::try_from(DIGITS.len()).ok()?;
    digits.iter().try_fold(0u64, |value, digit| {
        value.checked_mul(base)?.checked_add(digit_value(*digit)?)
    })
}

fn write_digits(mut value: u64, digits: &mut [u8]) {
    let base = DIGITS.len() as u64;
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(value % base).unwrap_or_default();
        *digit = DIGITS.get(index).copied().unwrap_or(b'0');
        value /= base;
    }
}

fn derived(root: &hmac::Key, caller: &[u8], conversation: &[u8]) -> hmac::Key {
    let bytes = tagged(root, &[b"wardgate placeholder key", caller, conversation]);
    hmac::Key::new(hmac::HMAC_SHA256, bytes.as_ref())
}

/// A MAC over parts that cannot run into one another.
pub(crate) fn tagged(key: &hmac::Key, parts: &[&[u8]]) -> Zeroizing<[u8; TAG_LEN]> {
    // Parts are mostly short, and one call of the library costs less than one for each.
    let mut buffer = [0; BUFFER_LEN];
    let tag = match framed(parts, &mut buffer) {
        Some(len) => {
            let used = buffer.get_mut(..len).unwrap_or_default();
            let tag = hmac::sign(key, used);
            used.zeroize();
            tag
        }
        None => {
            let mut context = hmac::Context::with_key(key);
            for part in parts {
                context.update(&(part.len() as u64).to_be_bytes());
                context.update(part);
            }
            context.sign()
        }
    };
    let tag = tag.as_ref().first_chunk::<TAG_LEN>();
    Zeroizing::new(tag.copied().unwrap_or_default())
}

/// Writes parts, each behind its length, when they fit; gives how many bytes they are.
fn framed(parts: &[&[u8]], buffer: &mut [u8; BUFFER_LEN]) -> Option<usize> {
    let mut at = 0;
    for part in parts {
        let rest = buffer.get_mut(at..at + 8 + part.len())?;
        let (length, body) = rest.split_at_mut_checked(8)?;
        length.copy_from_slice(&(part.len() as u64).to_be_bytes());
        body.copy_from_slice(part);
        at += 8 + part.len();
    }
    Some(at)
}

fn leading(tag: &[u8]) -> u64 {
    tag.first_chunk::<8>()
        .map_or(0, |first| u64::from_be_bytes(*first))
}

/// Bytes of an HMAC-SHA-256.
const TAG_LEN: usize = 32;
/// Longer parts are taken in one by one.
const BUFFER_LEN: usize = 192;
/// Characters of a token, with its anchor.
pub(crate) const TOKEN_LEN: usize = 14;
/// Characters of a variant.
pub(crate) const VARIANT_LEN: usize = 3;
/// The first character of each token, and nowhere else in it: what a search looks for.
pub(crate) const ANCHOR: u8 = b'X';
/// Bytes of the longest placeholder, or more.
#[cfg(feature = "neural")]
const LEN_MAX: usize = 64;
/// No vowels, so that a token never spells a word or a name; no anchor.
const DIGITS: &[u8; 29] = b"0123456789BCDFGHJKMNPQRSTVWYZ";
/// 29^13: tokens carry 63 bits.
const TOKENS: u64 = 10_260_628_712_958_602_189;
/// 29^3.
const VARIANTS: u32 = 24_389;
/// Earliest hidden day: 1770-01-01 or so, before any day of a note.
const EPOCH_MIN_DAYS: i64 = 73_000;
/// The hidden day lies in a span of 100 years.
const EPOCH_SPREAD_DAYS: u64 = 36_500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_in_any_case() {
        let key = PlaceholderKey::new([7; 32]);
        for value in ["maria schmidt", "", "12", "ü"] {
            let token = key.token("NAME", value, 0);
            let written = String::from_utf8(token.characters().to_vec()).unwrap();
            assert!(Token::read(written.as_bytes()) == Some(token));
            assert!(Token::read(written.to_lowercase().as_bytes()) == Some(token));
        }
    }

    #[test]
    fn keys_values_labels_and_attempts_give_other_tokens() {
        let (a, b) = (PlaceholderKey::new([1; 32]), PlaceholderKey::new([2; 32]));
        let token = a.token("NAME", "maria", 0);
        assert!(token == a.token("NAME", "maria", 0));
        for other in [
            b.token("NAME", "maria", 0),
            a.token("NAME", "mario", 0),
            a.token("EMAIL", "maria", 0),
            a.token("NAME", "maria", 1),
        ] {
            assert!(token != other);
        }
    }

    #[test]
    fn derived_keys_differ_by_caller_and_conversation() {
        let root = [9; 32];
        let token = |caller: &[u8], conversation: &[u8]| {
            PlaceholderKey::derive(&root, caller, conversation).token("ID", "1", 0)
        };
        assert!(token(b"a", b"bc") != token(b"ab", b"c"));
        assert!(token(b"a", b"b") == token(b"a", b"b"));
    }

    #[test]
    fn the_number_of_tokens_is_the_power_of_the_digits() {
        assert_eq!((DIGITS.len() as u64).pow(13), TOKENS);
        assert_eq!((DIGITS.len() as u32).pow(3), VARIANTS);
    }
}
