//! Base64 in a text: whatever it holds, the whole run goes. In text it could be a name on file in any spelling;
//! in what is no text, a picture or an office document, nobody can look.

use std::ops::Range;

use crate::finding::{Finding, Kind, Part};
use crate::fold;
use crate::gazetteer::{self, Bits};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::lexicon;

/// Adds the runs of base64 in a text.
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
    let written = text.as_bytes().get(run.clone())?;
    let kind = match decoded(written) {
        Some(decoded) => kind_within(&decoded),
        None => is_opaque(written).then_some(Kind::Id)?,
    };
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

/// What a decoded text tells of somebody, as far as its rules can say.
fn kind_within(decoded: &str) -> Kind {
    let folded = fold::fold(decoded);
    let lexed = Lexed::new(&folded.text, lexicon());
    let mut inner = Vec::new();
    super::find_plain(&lexed, &mut inner);
    inner
        .iter()
        .find(|finding| finding.part == Part::Whole)
        .map(|finding| finding.kind)
        .or_else(|| names_somebody(&lexed).then_some(Kind::Name))
        .unwrap_or(Kind::Id)
}

/// Whether a run is base64 by its looks: small letters, capitals and digits change places far more often
/// than in words, paths and names of variables.
fn is_opaque(run: &[u8]) -> bool {
    let class = |byte: &u8| match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let stretches = run.split(|byte| !byte.is_ascii_alphanumeric());
    stretches
        .filter(|part| part.len() >= OPAQUE_LEN_MIN)
        .any(|part| {
            let has = |wanted: u8| part.iter().any(|byte| class(byte) == wanted);
            let changes = part
                .windows(2)
                .filter(|pair| matches!(pair, [one, two] if class(one) != class(two)))
                .count();
            has(1) && has(2) && has(3) && changes * 3 >= part.len()
        })
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

/// Letters and digits in a row from which on a run can be told by its looks.
const OPAQUE_LEN_MIN: usize = 32;
/// Shorter runs are words.
const RUN_LEN_MIN: usize = 24;
const RUN_LEN_MAX: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    fn count(text: &str) -> usize {
        let mut findings = Vec::new();
        find(text, &mut findings);
        findings.len()
    }

    #[test]
    fn base64_of_text_of_base64_and_of_bytes_goes() {
        let once = BASE64_STANDARD.encode("a plain sentence that names xiangzhu");
        assert_eq!(count(&once), 1);
        let twice = BASE64_STANDARD.encode(&once);
        assert_eq!(count(&format!("attached {twice} end")), 1);
        let bytes: Vec<u8> = (0..90_u32)
            .map(|at| u8::try_from(at * at * 7 % 251).unwrap_or(0))
            .collect();
        assert_eq!(count(&BASE64_STANDARD.encode(bytes)), 1);
    }

    #[test]
    fn long_words_stay() {
        for text in [
            "acuteOnChronicHeartFailureWithReducedEjectionFraction2019",
            "/usr/share/Doc2/ReadMe/GettingStarted/WithTheProgramV2/index",
            "ACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGT",
            "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
        ] {
            assert_eq!(count(text), 0, "{text}");
        }
    }
}
