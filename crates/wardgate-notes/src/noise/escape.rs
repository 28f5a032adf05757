//! Notes inside of other formats: Markdown, HTML, JSON.

use crate::draft::{Draft, Mark};
use crate::random::Random;

/// Labels and some identifiers in bold, lines of capitals as headings.
pub(super) fn markdown(draft: &mut Draft, random: &mut Random) {
    let bold_gold = random.percent(30);
    let bullets = random.percent(30);
    let bare = |ch| Mark { ch, span: 0 };
    let mut out: Vec<Mark> = Vec::with_capacity(draft.marks.len() + 64);
    for (number, line) in draft.marks.split(|mark| mark.ch == '\n').enumerate() {
        if number > 0 {
            out.push(bare('\n'));
        }
        let label = line.iter().take(LABEL_MAX).position(|mark| mark.ch == ':');
        let label = label.filter(|at| line.iter().take(*at).all(|mark| mark.span == 0));
        let letters = || line.iter().filter(|mark| mark.ch.is_alphabetic());
        let loud = letters().next().is_some() && letters().all(|mark| mark.ch.is_uppercase());
        if loud && line.len() < LABEL_MAX {
            out.extend("## ".chars().map(bare));
        } else if bullets && label.is_some() {
            out.extend("- ".chars().map(bare));
        }
        if label.is_some() {
            out.extend("**".chars().map(bare));
        }
        for (at, mark) in line.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| line.get(before));
            let edge = before.map_or(0, |before| before.span) != mark.span;
            if bold_gold && edge {
                let inside = before.is_some_and(|before| before.span != 0);
                let times = usize::from(inside) + usize::from(mark.span != 0);
                out.extend("**".repeat(times).chars().map(bare));
            }
            out.push(*mark);
            if label == Some(at) {
                out.extend("**".chars().map(bare));
            }
        }
        if bold_gold && line.last().is_some_and(|mark| mark.span != 0) {
            out.extend("**".chars().map(bare));
        }
    }
    draft.marks = out;
}

/// Entities for special characters, tags around lines.
pub(super) fn html(draft: &mut Draft, random: &mut Random) {
    let tags = random.percent(60);
    let accents = random.percent(50);
    let space = if random.percent(30) { "&nbsp;" } else { " " };
    super::letters::map(draft, |ch, out| match ch {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '\'' => out.push_str("&#39;"),
        '"' => out.push_str("&quot;"),
        ' ' if random.percent(12) => out.push_str(space),
        ch if accents && !ch.is_ascii() => match ENTITIES.iter().find(|(from, _)| *from == ch) {
            Some((_, entity)) => out.push_str(entity),
            None => out.push(ch),
        },
        other => out.push(other),
    });
    if !tags {
        return;
    }
    let (open, close) = match random.below(4) {
        0 => ("<p>", "</p>"),
        1 => ("<tr><td>", "</td></tr>"),
        2 => ("", "<br/>"),
        _ => ("<div>", "</div>"),
    };
    around_lines(draft, open, close);
}

/// The text as a string of JSON, alone or in an object.
pub(super) fn json(draft: &mut Draft) {
    super::letters::map(draft, |ch, out| match ch {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        other => out.push(other),
    });
    let bare = |ch| Mark { ch, span: 0 };
    let mut out: Vec<Mark> = "{\"role\":\"user\",\"content\":\""
        .chars()
        .map(bare)
        .collect();
    out.append(&mut draft.marks);
    out.extend("\"}".chars().map(bare));
    draft.marks = out;
}

fn around_lines(draft: &mut Draft, open: &str, close: &str) {
    let mut out: Vec<Mark> = Vec::with_capacity(draft.marks.len() + 64);
    let add = |out: &mut Vec<Mark>, text: &str, span| {
        out.extend(text.chars().map(|ch| Mark { ch, span }));
    };
    // A tag at the end of a line inside a span is a part of the span.
    let mut before = 0;
    for (number, line) in draft
        .marks
        .split_inclusive(|mark| mark.ch == '\n')
        .enumerate()
    {
        let next = line.first().map_or(0, |mark| mark.span);
        let inside = if number > 0 && next == before {
            next
        } else {
            0
        };
        add(&mut out, open, inside);
        let ends = line.last().is_some_and(|mark| mark.ch == '\n');
        let body = if ends {
            line.split_last().map_or(line, |(_, body)| body)
        } else {
            line
        };
        out.extend_from_slice(body);
        let end = line.last().map_or(0, |mark| mark.span);
        let within = if ends { end } else { 0 };
        add(&mut out, close, within);
        if ends {
            add(&mut out, "\n", end);
        }
        before = end;
    }
    draft.marks = out;
}

/// A line's beginning up to here may be a label.
const LABEL_MAX: usize = 40;

const ENTITIES: &[(char, &str)] = &[
    ('á', "&aacute;"),
    ('é', "&eacute;"),
    ('í', "&iacute;"),
    ('ó', "&oacute;"),
    ('ú', "&uacute;"),
    ('ñ', "&ntilde;"),
    ('ä', "&auml;"),
    ('ö', "&ouml;"),
    ('ü', "&uuml;"),
    ('ß', "&szlig;"),
    ('Ü', "&Uuml;"),
    ('Ö', "&Ouml;"),
    ('Ä', "&Auml;"),
    ('ç', "&ccedil;"),
];
