//! Changes of lines and spaces: wrapping, columns, borders, quotes, copies.

use std::collections::BTreeMap;

use crate::draft::{Draft, Mark};
use crate::random::Random;

/// Breaks lines at a column; identifiers break too. `hyphenate` breaks words.
pub(super) fn wrap(draft: &mut Draft, random: &mut Random, hyphenate: bool) {
    let width = usize::try_from(random.between(60, 100)).unwrap_or(80);
    let mut out: Vec<Mark> = Vec::with_capacity(draft.marks.len());
    let (mut column, mut space) = (0, None);
    let mut word_long = 0;
    for mark in &draft.marks {
        out.push(*mark);
        match mark.ch {
            '\n' => (column, space, word_long) = (0, None, 0),
            ' ' => {
                (space, word_long) = (Some(out.len() - 1), 0);
                column += 1;
            }
            _ => {
                column += 1;
                word_long += 1;
            }
        }
        if column <= width {
            continue;
        }
        let in_word = hyphenate && word_long >= 5 && mark.ch.is_lowercase();
        if in_word && random.percent(50) {
            let span = mark.span;
            let last = out.pop();
            out.extend([Mark { ch: '-', span }, Mark { ch: '\n', span }]);
            out.extend(last);
            (column, space, word_long) = (1, None, 1);
        } else if let Some(at) = space {
            if let Some(mark) = out.get_mut(at) {
                mark.ch = '\n';
            }
            (column, space) = (out.len() - at - 1, None);
        }
    }
    draft.marks = out;
}

/// Some spaces become wider.
pub(super) fn spaces(draft: &mut Draft, random: &mut Random, wide: &str) {
    let percent = u32::try_from(random.between(4, 40)).unwrap_or(10);
    super::letters::map(draft, |ch, out| {
        if ch == ' ' && random.percent(percent) {
            out.push_str(wide);
        } else {
            out.push(ch);
        }
    });
}

/// Lines as rows of a table: a bar at both ends, and one in place of a colon.
pub(super) fn borders(draft: &mut Draft, random: &mut Random) {
    let ends = random.percent(60);
    let mut out: Vec<Mark> = Vec::with_capacity(draft.marks.len() + 64);
    let bare = |ch| Mark { ch, span: 0 };
    for line in draft.marks.split(|mark| mark.ch == '\n') {
        if !out.is_empty() {
            out.push(bare('\n'));
        }
        if line.is_empty() {
            continue;
        }
        if ends {
            out.extend("| ".chars().map(bare));
        }
        let mut split = false;
        for (at, mark) in line.iter().enumerate() {
            let next = line.get(at + 1).map(|mark| mark.ch);
            if mark.ch == ':' && mark.span == 0 && !split && next.is_some_and(char::is_whitespace) {
                split = true;
                out.extend(" |".chars().map(bare));
            } else {
                out.push(*mark);
            }
        }
        if ends {
            out.extend(" |".chars().map(bare));
        }
    }
    draft.marks = out;
}

/// `> ` before every line that begins at or after a place.
pub(super) fn quote(draft: &mut Draft, from: usize) {
    let marks = std::mem::take(&mut draft.marks);
    let mut begins = true;
    for (at, mark) in marks.iter().enumerate() {
        if at >= from && (begins || at == from) {
            // Inside a span that goes over the line's end the mark of the quote is a part of it.
            let before = at.checked_sub(1).and_then(|before| marks.get(before));
            let span = before.map_or(0, |before| before.span);
            let span = if span == mark.span { span } else { 0 };
            draft.marks.extend("> ".chars().map(|ch| Mark { ch, span }));
        }
        begins = mark.ch == '\n';
        draft.marks.push(*mark);
    }
}

/// A paragraph stands a second time at the end, as notes are carried forward.
pub(super) fn copy_forward(draft: &mut Draft, random: &mut Random) {
    let mut starts = vec![0];
    for (at, pair) in draft.marks.windows(2).enumerate() {
        if pair.iter().all(|mark| mark.ch == '\n') {
            starts.push(at + 2);
        }
    }
    let pick = random.below(starts.len());
    let start = starts.get(pick).copied().unwrap_or(0);
    let end = starts.get(pick + 1).copied().unwrap_or(draft.marks.len());
    let copied: Vec<Mark> = draft.marks.get(start..end).unwrap_or_default().to_vec();
    draft.push("\n\n");
    let mut renamed: BTreeMap<u32, u32> = BTreeMap::new();
    for mark in copied {
        let span = match (mark.span, renamed.get(&mark.span)) {
            (0, _) => 0,
            (_, Some(new)) => *new,
            (old, None) => {
                let new = draft.copy_span(old);
                renamed.insert(old, new);
                new
            }
        };
        draft.marks.push(Mark { ch: mark.ch, span });
    }
}

/// Line ends become spaces.
pub(super) fn one_line(draft: &mut Draft) {
    super::letters::map(draft, |ch, out| out.push(if ch == '\n' { ' ' } else { ch }));
}
