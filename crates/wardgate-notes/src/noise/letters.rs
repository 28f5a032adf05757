//! Changes of single letters: case, scanning, typing, accents, quotes.

use crate::draft::{Draft, Mark};
use crate::random::Random;

pub(super) fn lower(draft: &mut Draft) {
    map(draft, |ch, out| out.extend(ch.to_lowercase()));
}

pub(super) fn upper(draft: &mut Draft) {
    map(draft, |ch, out| out.extend(ch.to_uppercase()));
}

/// Every word with a capital.
pub(super) fn title(draft: &mut Draft) {
    let mut inside = false;
    map(draft, |ch, out| {
        if inside {
            out.push(ch);
        } else {
            out.extend(ch.to_uppercase());
        }
        inside = ch.is_alphanumeric() || ch == '\'';
    });
}

/// What a scanner reads wrong, one letter in some hundred.
pub(super) fn scan(draft: &mut Draft, random: &mut Random) {
    let one_in = random.between(60, 250);
    let one_in = usize::try_from(one_in).unwrap_or(100);
    map(draft, |ch, out| {
        if random.below(one_in) != 0 {
            out.push(ch);
            return;
        }
        match ch {
            ' ' => out.push_str(random.of(" |  |")),
            ch if ch.is_alphanumeric() => {
                let misread = MISREAD.iter().find(|(right, _)| *right == ch);
                match misread {
                    Some((_, wrong)) => out.push_str(random.of(wrong)),
                    None if random.percent(25) => out.extend([ch, ' ']),
                    None => out.push(ch),
                }
            }
            '.' => out.push(','),
            other => out.push(other),
        }
    });
}

/// What fingers type wrong: a letter lost, doubled, or swapped with the next.
pub(super) fn typos(draft: &mut Draft, random: &mut Random) {
    let marks = &mut draft.marks;
    for at in 1..marks.len() {
        let letters = marks.get(at - 1..=at).is_some_and(|pair| {
            pair.iter().all(|mark| mark.ch.is_lowercase())
                && pair.first().map(|mark| mark.span) == pair.last().map(|mark| mark.span)
        });
        if letters && random.below(120) == 0 {
            marks.swap(at - 1, at);
        }
    }
    map(draft, |ch, out| {
        let times = match random.below(400) {
            0 if ch.is_lowercase() => 0,
            1 if ch.is_lowercase() => 2,
            _ => 1,
        };
        out.extend(std::iter::repeat_n(ch, times));
    });
}

/// Letters without accents; umlauts in one of two ways.
pub(super) fn no_accents(draft: &mut Draft, random: &mut Random) {
    let two = random.percent(50);
    map(draft, |ch, out| {
        match PLAIN.iter().find(|(from, ..)| *from == ch) {
            Some((_, _, digraph)) if two && !digraph.is_empty() => out.push_str(digraph),
            Some((_, plain, _)) => out.push_str(plain),
            None => out.push(ch),
        }
    });
}

/// Curly quotes, long dashes, spaces that do not break.
pub(super) fn typographic(draft: &mut Draft, random: &mut Random) {
    let dash = random.of("–|\u{2011}|—|-");
    let space = random.of(" |\u{a0}| |\u{202f}");
    let mut open = false;
    map(draft, |ch, out| match ch {
        '\'' => out.push('’'),
        '"' => {
            open = !open;
            out.push(if open { '“' } else { '”' });
        }
        '-' if random.percent(70) => out.push_str(dash),
        ' ' if random.percent(15) => out.push_str(space),
        other => out.push(other),
    });
}

/// Gives each character its new text; what it becomes stays in its span.
pub(super) fn map(draft: &mut Draft, mut change: impl FnMut(char, &mut String)) {
    let mut marks = Vec::with_capacity(draft.marks.len());
    let mut buffer = String::new();
    for mark in &draft.marks {
        buffer.clear();
        change(mark.ch, &mut buffer);
        marks.extend(buffer.chars().map(|ch| Mark {
            ch,
            span: mark.span,
        }));
    }
    draft.marks = marks;
}

const MISREAD: &[(char, &str)] = &[
    ('l', "1|I|i"),
    ('I', "l|1"),
    ('1', "l|I"),
    ('O', "0"),
    ('0', "O"),
    ('o', "0|c"),
    ('m', "rn|nn"),
    ('n', "ri|u"),
    ('S', "5"),
    ('5', "S"),
    ('B', "8"),
    ('8', "B"),
    ('e', "c|o"),
    ('c', "e"),
    ('Z', "2"),
    ('2', "Z"),
    ('h', "b|li"),
    ('i', "l|j|1"),
    ('t', "f|l"),
    ('u', "ii|v"),
    ('g', "q|9"),
    ('6', "b|G"),
    ('ü', "ii|u"),
    ('ä', "a"),
    ('ß', "B|ss"),
    ('d', "cl"),
    ('w', "vv"),
];

/// A letter, without its accent, and as two letters where that is a custom.
const PLAIN: &[(char, &str, &str)] = &[
    ('á', "a", ""),
    ('é', "e", ""),
    ('í', "i", ""),
    ('ó', "o", ""),
    ('ú', "u", ""),
    ('ñ', "n", ""),
    ('Á', "A", ""),
    ('É', "E", ""),
    ('Í', "I", ""),
    ('Ó', "O", ""),
    ('Ú', "U", ""),
    ('Ñ', "N", ""),
    ('ä', "a", "ae"),
    ('ö', "o", "oe"),
    ('ü', "u", "ue"),
    ('Ä', "A", "Ae"),
    ('Ö', "O", "Oe"),
    ('Ü', "U", "Ue"),
    ('ß', "ss", "ss"),
    ('ç', "c", ""),
    ('è', "e", ""),
    ('à', "a", ""),
    ('ł', "l", ""),
    ('ą', "a", ""),
    ('ę', "e", ""),
    ('ś', "s", ""),
    ('ń', "n", ""),
    ('ż', "z", ""),
    ('ş', "s", ""),
    ('ı', "i", ""),
    ('ğ', "g", ""),
    ('ć', "c", ""),
    ('č', "c", ""),
    ('š', "s", ""),
    ('ž', "z", ""),
    ('ễ', "e", ""),
    ('ầ', "a", ""),
    ('ạ', "a", ""),
];
