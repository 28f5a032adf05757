//! Phone and fax numbers.

use crate::finding::{Finding, Kind};
use crate::lexer::Lexed;
use crate::lexicon::Class;

/// The phone number that begins at a token.
pub(super) fn phone(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let first = lexed.digits(at)?;
    let bytes = lexed.text.as_bytes();
    let start = lexed.token(at)?.start;
    let before = start
        .checked_sub(1)
        .and_then(|i| bytes.get(i))
        .copied()
        .unwrap_or(b' ');
    let earlier = start
        .checked_sub(2)
        .and_then(|i| bytes.get(i))
        .copied()
        .unwrap_or(b' ');
    // Inside a longer number, a decimal or a code.
    let inside = matches!(before, b'-' | b'.' | b'/') && earlier.is_ascii_alphanumeric();
    if inside || lexed.is(at.wrapping_sub(1), Class::CODE_CUE) {
        return None;
    }
    let plus = before == b'+' || (before == b'(' && earlier == b'+');
    let cue = cue_before(lexed, at);
    let groups = groups(lexed, at, first);
    let known = (1..=groups.len).rev().find_map(|count| {
        let lens = groups.lens.get(..count)?;
        let score = shape_score(lexed, at, lens, plus, cue.is_some())?;
        Some((count, score))
    });
    let (count, score) = known?;
    let last = extension(lexed, at + count - 1);
    let mut span = lexed.span(at, last);
    let measured = lexed.is(last + 1, Class::UNIT) && lexed.gap(last + 1).len() <= 1;
    if measured && cue.is_none() && !plus {
        return None;
    }
    if plus || before == b'(' {
        span.start -= 1;
        if plus && before == b'(' {
            span.start -= 1;
        }
    }
    let (kind, reason) = match cue {
        Some(Kind::Fax) => (Kind::Fax, "exact.fax"),
        _ => (Kind::Phone, "exact.phone"),
    };
    Some(Finding::exact(span, kind, score, reason))
}

/// The lengths of digit groups that follow one another as in phone numbers.
struct Groups {
    lens: [usize; GROUPS_MAX],
    len: usize,
}

fn groups(lexed: &Lexed<'_>, at: usize, first: &str) -> Groups {
    let mut lens = [0; GROUPS_MAX];
    let mut len = 0;
    for (index, slot) in lens.iter_mut().enumerate() {
        let joined = index == 0
            || matches!(
                lexed.gap(at + index),
                " " | "-"
                    | "."
                    | "/"
                    | ") "
                    | ")"
                    | ")-"
                    | " ("
                    | "-("
                    | " - "
                    | "("
                    | ".("
                    | " / "
            );
        let digits = if index == 0 {
            Some(first)
        } else {
            lexed.digits(at + index)
        };
        match digits.filter(|_| joined) {
            Some(digits) => *slot = digits.len(),
            None => break,
        }
        len += 1;
    }
    Groups { lens, len }
}

/// How surely groups of these lengths are a phone number; `None` when they are not.
fn shape_score(
    lexed: &Lexed<'_>,
    at: usize,
    lens: &[usize],
    plus: bool,
    cued: bool,
) -> Option<f32> {
    let total: usize = lens.iter().sum();
    let first = lexed.digits(at)?;
    let begins = |digits: &str, range: std::ops::RangeInclusive<u8>| {
        digits.bytes().next().is_some_and(|b| range.contains(&b))
    };
    let spaced = (at + 1..at + lens.len()).all(|i| lexed.gap(i) == " ");
    let dotted = lens.len() == 2 && lexed.gap(at + 1) == ".";
    match lens {
        _ if plus && (8..=15).contains(&total) => Some(1.0),
        [3, 3, 4] if !spaced || cued || begins(first, b'2'..=b'9') => Some(0.9),
        [1, 3, 3, 4] if first == "1" => Some(0.9),
        [3, 7] | [3, 4] | [5] if cued => Some(0.8),
        [10] if cued || (begins(first, b'2'..=b'9') && begins(first.get(3..)?, b'2'..=b'9')) => {
            Some(0.6)
        }
        [11] if first.starts_with('1') => Some(0.6),
        _ if first.starts_with("00") && (10..=16).contains(&total) && lens.len() > 1 => Some(0.8),
        [2..=6, _, ..]
            if first.starts_with('0')
                && !first.starts_with("00")
                && !dotted
                && (9..=12).contains(&total) =>
        {
            Some(0.7)
        }
        [10..=12] if first.starts_with('0') => Some(0.5),
        _ if cued && !dotted && (7..=15).contains(&total) => Some(0.8),
        _ => None,
    }
}

/// `ext. 123`, `x123`.
fn extension(lexed: &Lexed<'_>, last: usize) -> usize {
    let word = ["x", "ext", "extension", "durchwahl"]
        .iter()
        .any(|word| lexed.is_word(last + 1, word));
    let near = lexed.gap(last + 1).len() <= 2 && lexed.gap(last + 2).len() <= 2;
    let short = lexed
        .digits(last + 2)
        .is_some_and(|digits| digits.len() <= 6);
    if word && near && short {
        last + 2
    } else {
        last
    }
}

/// The nearest word before that announces a phone or fax number.
fn cue_before(lexed: &Lexed<'_>, at: usize) -> Option<Kind> {
    for back in 1..=CUE_DISTANCE_MAX {
        let index = at.checked_sub(back)?;
        if lexed.gap(index + 1).len() > CUE_GAP_MAX {
            return None;
        }
        if lexed.is(index, Class::FAX) {
            return Some(Kind::Fax);
        }
        if lexed.is(index, Class::PHONE_CUE)
            && !lexed.is_word(index, "number")
            && !lexed.is_word(index, "cell")
        {
            return Some(Kind::Phone);
        }
        if lexed.is_word(index, "cell") && lexed.gap(index + 1) != " " {
            return Some(Kind::Phone);
        }
    }
    None
}

const GROUPS_MAX: usize = 7;
const CUE_DISTANCE_MAX: usize = 4;
const CUE_GAP_MAX: usize = 4;
