//! Text in base64: when it identifies somebody, the whole run does.

use std::ops::Range;

use crate::finding::{Finding, Part};
use crate::fold;
use crate::gazetteer::{self, Bits};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::lexicon;

/// Adds the runs of base64 in a text whose decoded text has an identifier.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let is_part = |at: usize| bytes.get(at).is_some_and(|b| value_of(*b).is_some());
    let (mut at, mut behind) = (RUN_LEN_MIN - 1, 0);
    // Every run of this length covers one of these places.
    while at < bytes.len() {
        if !is_part(at) {
            at += RUN_LEN_MIN;
            continue;
        }
        let mut start = at;
        while start > behind && is_part(start - 1) {
            start -= 1;
        }
        let mut end = at + 1;
        while is_part(end) {
            end += 1;
        }
        if end - start >= RUN_LEN_MIN {
            findings.extend(identifying(text, start..end));
        }
        behind = end;
        at = end + RUN_LEN_MIN;
    }
}

fn identifying(text: &str, run: Range<usize>) -> Option<Finding> {
    let decoded = decoded(text.as_bytes().get(run.clone())?)?;
    let folded = fold::fold(&decoded);
    let lexed = Lexed::new(&folded.text, lexicon());
    let mut inner = Vec::new();
    super::find_plain(&lexed, &mut inner);
    let kind = inner
        .iter()
        .find(|finding| finding.part == Part::Whole)
        .map(|finding| finding.kind)
        .or_else(|| names_somebody(&lexed).then_some(crate::finding::Kind::Name))?;
    let padding = text
        .get(run.end..)?
        .bytes()
        .take(2)
        .take_while(|b| *b == b'=')
        .count();
    Some(Finding::exact(
        run.start..run.end + padding,
        kind,
        0.8,
        "exact.encoded",
    ))
}

/// Whether a given name stands before a family name.
fn names_somebody(lexed: &Lexed<'_>) -> bool {
    let listed = |at: usize, class: Bits| {
        lexed.token(at).is_some_and(|t| t.shape == Shape::Capital)
            && gazetteer::lookup(gazetteer::hash::word_hash(lexed.str(at))).any(class)
    };
    (1..lexed.tokens.len()).any(|at| {
        lexed.gap(at) == " " && listed(at - 1, Bits::GIVEN_COMMON) && listed(at, Bits::SURNAME)
    })
}

/// The text that a run of base64 stands for, when it is text.
fn decoded(run: &[u8]) -> Option<String> {
    let mixed = run.iter().any(u8::is_ascii_lowercase) && run.iter().any(u8::is_ascii_uppercase);
    if !mixed || run.len() % 4 == 1 || run.len() > RUN_LEN_MAX {
        return None;
    }
    let mut bytes = Vec::with_capacity(run.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in run {
        bits = bits << 6 | u32::from(value_of(*byte)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            let byte = u8::try_from(bits >> count & 0xff).ok()?;
            if byte < 0x20 && !byte.is_ascii_whitespace() {
                return None;
            }
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn value_of(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Shorter runs are words.
const RUN_LEN_MIN: usize = 24;
const RUN_LEN_MAX: usize = 1 << 18;
