//! Which layer is believed where two of them speak about the same words.
//!
//! Rules that check what they find (numbers, dates, addresses of the net) keep it. Rules that go by
//! a cue know that a name, a place or an institution is there, but not well where it ends: where the
//! tagger sees one too, its borders count, and where it sees none only a strong cue counts.

use crate::finding::{Finding, Kind};

/// Joins what the tagger found to what the rules found; both are sorted and apart.
pub(crate) fn join(rules: &[Finding], learned: &[Finding], findings: &mut Vec<Finding>) {
    let mut rest = learned;
    for rule in rules {
        while let Some((first, after)) = rest.split_first()
            && first.end <= rule.start
        {
            rest = after;
        }
        let seen = rest.first().is_some_and(|first| first.start < rule.end);
        if !by_cue(rule) || !seen && rule.score >= STRONG_CUE {
            findings.push(*rule);
        }
    }
    findings.extend_from_slice(learned);
}

fn by_cue(rule: &Finding) -> bool {
    matches!(rule.kind, Kind::Name | Kind::Facility | Kind::Location)
}

const STRONG_CUE: f32 = 0.85;
