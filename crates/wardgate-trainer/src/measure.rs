//! Figures of an engine over texts, and what it got wrong.

use std::fmt::Write as _;

use wardgate_deid::score::Score;
use wardgate_deid::{Engine, Hints, Profile};

use crate::corpus::Document;

/// Scores an engine over texts whose language is given; `miss` hears each text with an error.
pub fn score<'d>(
    engine: &Engine,
    documents: impl IntoIterator<Item = &'d Document>,
    mut mistaken: impl FnMut(&str),
) -> Score {
    let mut score = Score::default();
    for document in documents {
        let hints = Hints {
            language: Some(document.language),
            ..Hints::default()
        };
        let mut found = engine.detect_with(&document.text, &hints);
        let profile = Profile::of(document.language);
        found.retain(|finding| profile.applies(finding, &document.text));
        let ranges: Vec<_> = found.iter().map(|finding| finding.range()).collect();
        score.add(&document.text, &document.marks(), &ranges);
        for span in &document.spans {
            let Some(kind) = span.mark.kind else { continue };
            let at = &span.mark.at;
            let covered = |byte: usize| ranges.iter().any(|range| range.contains(&byte));
            let inside = document.text.get(at.clone()).unwrap_or_default();
            let mut letters = inside.char_indices().filter(|(_, c)| c.is_alphanumeric());
            if !letters.all(|(offset, _)| covered(at.start + offset)) {
                mistaken(&line("miss", kind.label(), document, at.start, at.end, ""));
            }
        }
        for finding in &found {
            let what = match stray(document, finding.start, finding.end) {
                (0, _) => continue,
                (_, true) => "wide",
                (_, false) => "extra",
            };
            let kind = finding.kind.label();
            mistaken(&line(
                what,
                kind,
                document,
                finding.start,
                finding.end,
                &format!("{} {:.2}", finding.reason, finding.score),
            ));
        }
    }
    score
}

/// Letters and digits of a finding that no gold span has, and whether it touches one.
fn stray(document: &Document, start: usize, end: usize) -> (usize, bool) {
    let inside = document.text.get(start..end).unwrap_or_default();
    let marked = |at: usize| document.spans.iter().any(|s| s.mark.at.contains(&at));
    let letters = inside.char_indices().filter(|(_, c)| c.is_alphanumeric());
    let stray = letters.filter(|(at, _)| !marked(start + at)).count();
    (
        stray,
        document
            .spans
            .iter()
            .any(|s| s.mark.at.start < end && start < s.mark.at.end),
    )
}

fn line(
    what: &str,
    kind: &str,
    document: &Document,
    start: usize,
    end: usize,
    why: &str,
) -> String {
    let text = &document.text;
    let before: String = text
        .get(..start)
        .unwrap_or_default()
        .chars()
        .rev()
        .take(40)
        .collect();
    let before: String = before.chars().rev().collect();
    let after: String = text
        .get(end..)
        .unwrap_or_default()
        .chars()
        .take(30)
        .collect();
    let inside = text.get(start..end).unwrap_or_default();
    format!(
        "{what}\t{kind}\t{why}\t{}\t{before}[[{inside}]]{after}",
        document.id
    )
    .replace('\n', "\\n")
}

/// The figures in one paragraph, what leaks first.
#[must_use]
pub fn figures(score: &Score) -> String {
    let mut out = format!(
        "leaking {:.1} % of {}, whole {:.2} % of {}, recall {:.2}, precision {:.2}, clean altered {:.1} % of {};",
        score.leaking.percent(),
        score.leaking.of,
        score.whole().percent(),
        score.whole().of,
        score.recall().percent(),
        score.precision().percent(),
        score.altered.percent(),
        score.altered.of,
    );
    for (kind, share) in &score.spans {
        let _ = write!(
            out,
            " {} {:.1} ({})",
            kind.label(),
            share.percent(),
            share.of
        );
    }
    out
}
