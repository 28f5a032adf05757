//! Phone and fax numbers.

use super::{DATE_SCORE_SURE, date};
use crate::finding::{Finding, Kind};
use crate::lexer::{Leaning, Lexed};
use crate::lexicon::Class;

/// The phone number that begins at a token.
pub(super) fn phone(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let first = lexed.digits(at)?;
    let bytes = lexed.text.as_bytes();
    let start = lexed.token(at)?.start;
    let byte = |back: usize| {
        start
            .checked_sub(back)
            .and_then(|i| bytes.get(i))
            .copied()
            .unwrap_or(b' ')
    };
    let (before, earlier) = (byte(1), byte(2));
    // Inside a longer number, a decimal or a code.
    let thousands = before == b','
        && lexed
            .digits(at.wrapping_sub(1))
            .is_some_and(|d| d.len() <= 3);
    let inside =
        (matches!(before, b'-' | b'.' | b'/') || thousands) && earlier.is_ascii_alphanumeric();
    let joined = before.is_ascii_alphanumeric();
    if inside || joined || lexed.is(at.wrapping_sub(1), Class::CODE_CUE) {
        return None;
    }
    let plus = before == b'+' || (before == b'(' && earlier == b'+');
    if !plus && first.len() > 13 || first.len() == 1 && first != "1" && !plus {
        return None;
    }
    let groups = groups(lexed, at, first);
    if groups.len == 1 && first.len() < SHORT_LEN_MIN {
        return None;
    }
    let cue = cue_before(lexed, at);
    if cue.is_none() && !plus && lexed.is(at, Class::QUANTITY) {
        return None;
    }
    let mut counts = (1..=groups.len).rev();
    let (count, score) = counts.find_map(|count| {
        let lens = groups.lens.get(..count)?;
        let score = shape_score(lexed, at, lens, plus, cue)?;
        Some((count, score))
    })?;
    let last = extension(lexed, at + count - 1);
    let measured = lexed.is(last + 1, Class::UNIT) && lexed.gap(last + 1).len() <= 1;
    if measured && cue.is_none() && !plus {
        return None;
    }
    let mut span = lexed.span(at, last);
    if plus || before == b'(' {
        span.start -= 1;
        if plus && before == b'(' {
            span.start -= 1;
        }
    }
    let (kind, reason) = match cue {
        Some(Cue::Fax) => (Kind::Fax, "exact.fax"),
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
        let joined = index == 0 || joins(lexed.gap(at + index));
        let digits = if index == 0 {
            Some(first)
        } else {
            lexed.digits(at + index)
        };
        match digits.filter(|_| joined) {
            Some(digits) if index == 0 || !begins_other(lexed, at + index) => *slot = digits.len(),
            Some(_) => break,
            None => break,
        }
        len += 1;
    }
    Groups { lens, len }
}

/// Whether a date or a clock time begins at a group; phone numbers end before it.
fn begins_other(lexed: &Lexed<'_>, at: usize) -> bool {
    let clock = lexed.gap(at + 1) == ":";
    let dated = matches!(lexed.gap(at + 1), "/" | "." | "-")
        && date::read(lexed, at).is_some_and(|date| date.score > DATE_SCORE_SURE);
    matches!(lexed.gap(at), " " | "  " | "-") && (clock || dated)
}

/// What may stand between two groups; a line may end there.
fn joins(gap: &str) -> bool {
    matches!(
        gap,
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
            | "-\n"
            | ")\n"
            | ") - "
            | ") / "
            | ")/"
            | "  "
            | " )"
            | "- "
            | " -"
    )
}

#[derive(Clone, Copy, PartialEq)]
enum Cue {
    Phone,
    /// An extension or pager number, which may be short.
    Short,
    Fax,
}

/// How surely groups of these lengths are a phone number; `None` when they are not.
fn shape_score(
    lexed: &Lexed<'_>,
    at: usize,
    lens: &[usize],
    plus: bool,
    cue: Option<Cue>,
) -> Option<f32> {
    let total: usize = lens.iter().sum();
    let first = lexed.digits(at)?;
    let begins = |digits: &str, range: std::ops::RangeInclusive<u8>| {
        digits.bytes().next().is_some_and(|b| range.contains(&b))
    };
    let spaced = (at + 1..at + lens.len()).all(|i| lexed.gap(i) == " ");
    let dotted = lens.len() == 2 && lexed.gap(at + 1) == ".";
    let cued = cue.is_some();
    let spanish = lexed.leaning == Leaning::Spanish || cued;
    match lens {
        _ if plus && (8..=15).contains(&total) => Some(1.0),
        [3, 3, 4] if !spaced || cued || begins(first, b'2'..=b'9') => Some(0.9),
        [1, 3, 3, 4] if first == "1" => Some(0.9),
        [3, 7] | [3, 4] | [5] if cued => Some(0.8),
        [4..=6] if cue == Some(Cue::Short) => Some(0.7),
        [3, 4] if first == "555" && lexed.gap(at + 1) == "-" => Some(0.7),
        [3, 4] if is_local(lexed, at) => Some(0.45),
        [10] if cued || (begins(first, b'2'..=b'9') && begins(first.get(3..)?, b'2'..=b'9')) => {
            Some(0.6)
        }
        [11] if first.starts_with('1') => Some(0.6),
        [3, 3, 3] | [3, 2, 2, 2] | [2, 3, 2, 2] | [3, 6] | [2, 7] | [9] | [2, 3, 4]
            if spanish
                && total == 9
                && begins(first, b'6'..=b'9')
                && (cued || lexed.gap(at + 1) != ".") =>
        {
            Some(if cued { 0.9 } else { 0.6 })
        }
        _ if first.starts_with("00") && (10..=16).contains(&total) && lens.len() > 1 => Some(0.8),
        [2..=6, _, ..]
            if first.starts_with('0')
                && !first.starts_with("00")
                && !dotted
                && (9..=14).contains(&total)
                && (at + 2..at + lens.len()).all(|i| !lexed.gap(i).contains('/')) =>
        {
            Some(0.7)
        }
        [10..=12] if first.starts_with('0') => Some(0.5),
        _ if cued && !dotted && (6..=15).contains(&total) && lens.len() <= 6 => Some(0.8),
        _ => None,
    }
}

/// `883-0121`: seven digits that are no range of round numbers.
fn is_local(lexed: &Lexed<'_>, at: usize) -> bool {
    let english = matches!(lexed.leaning, Leaning::English | Leaning::Unknown);
    let (Some(exchange), Some(line)) = (lexed.value(at), lexed.value(at + 1)) else {
        return false;
    };
    let round = line % 100 == 0 || exchange % 5 == 0 && line % 5 == 0;
    let ends = !matches!(lexed.gap(at + 2), "-" | "/" | "") || lexed.token(at + 2).is_none();
    english && lexed.gap(at + 1) == "-" && exchange >= 200 && !round && ends
}

/// `ext. 123`, `x123`, `o. 2522`.
fn extension(lexed: &Lexed<'_>, last: usize) -> usize {
    let word = [
        "x",
        "ext",
        "extension",
        "durchwahl",
        "extn",
        "dw",
        "app",
        "opt",
        "o",
        "oder",
    ]
    .iter()
    .any(|word| lexed.is_word(last + 1, word));
    let near = lexed.gap(last + 1).len() <= 2 && lexed.gap(last + 2).len() <= 2;
    let short = lexed
        .digits(last + 2)
        .is_some_and(|digits| (2..=6).contains(&digits.len()));
    if word && near && short {
        last + 2
    } else {
        last
    }
}

/// The nearest word before that announces a phone or fax number.
fn cue_before(lexed: &Lexed<'_>, at: usize) -> Option<Cue> {
    for back in 1..=CUE_DISTANCE_MAX {
        let index = at.checked_sub(back)?;
        let gap = lexed.gap(index + 1);
        if gap.len() > CUE_GAP_MAX || back > 1 && gap.contains([';', '|']) {
            return None;
        }
        if lexed.is(index, Class::FAX) {
            return Some(Cue::Fax);
        }
        if !lexed.is(index, Class::PHONE_CUE) {
            continue;
        }
        let word = lexed.str(index);
        let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
        if is(&["pager", "beeper", "durchwahl", "bleep", "pgr"]) {
            return Some(Cue::Short);
        }
        let long = lexed.digits(at).is_some_and(|digits| digits.len() >= 3);
        let doubtful = is(&["number", "cell"]) || is(&["ph"]) && !long;
        if !doubtful || !is(&["number"]) && gap != " " {
            return Some(Cue::Phone);
        }
    }
    None
}

/// `ext. 4412`, `x4412`: an inner number alone, anchored at the word.
pub(super) fn inner(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let word = lexed.str(at);
    let gap = lexed.gap(at + 1);
    let digits = lexed.digits(at + 1)?;
    let named = (word.eq_ignore_ascii_case("ext") || word.eq_ignore_ascii_case("extension"))
        && matches!(gap, " " | ". " | ": " | "." | " #" | "")
        && (3..=6).contains(&digits.len());
    let lettered = matches!(word, "x" | "p")
        && gap.is_empty()
        && matches!(digits.len(), 4 | 5)
        && !lexed.gap(at).is_empty()
        && lexed.digits(at.wrapping_sub(1)).is_none();
    let found = named || lettered;
    found.then(|| {
        Finding::exact(
            lexed.span(at + 1, at + 1),
            Kind::Phone,
            0.7,
            "exact.extension",
        )
    })
}

const GROUPS_MAX: usize = 7;
const CUE_DISTANCE_MAX: usize = 5;
const CUE_GAP_MAX: usize = 5;
/// A single group shorter than this is no phone number.
const SHORT_LEN_MIN: usize = 4;
