//! Notes as they are dictated or typed in haste.

use crate::draft::{Draft, Mark};
use crate::note::Lang;
use crate::random::Random;

/// Lower case, marks spoken or lost; what stands inside identifiers stays.
pub(super) fn dictate(draft: &mut Draft, random: &mut Random, lang: Lang) {
    super::letters::lower(draft);
    let spoken = random.percent(60);
    let words = match lang {
        Lang::En => ["period", "comma", "colon", "new paragraph", "question mark"],
        Lang::Es => [
            "punto",
            "coma",
            "dos puntos",
            "punto y aparte",
            "interrogación",
        ],
        Lang::De => ["punkt", "komma", "doppelpunkt", "absatz", "fragezeichen"],
    };
    let [period, comma, colon, paragraph, question] = words;
    let marks = std::mem::take(&mut draft.marks);
    let mut lines = 0;
    for (at, mark) in marks.iter().enumerate() {
        lines = if mark.ch == '\n' { lines + 1 } else { 0 };
        let next = marks.get(at + 1).map_or('\n', |next| next.ch);
        let said = match mark.ch {
            _ if mark.span != 0 => None,
            '.' if next.is_whitespace() => Some(period),
            ',' if next.is_whitespace() => Some(comma),
            ':' if next.is_whitespace() => Some(if random.percent(50) { colon } else { "" }),
            '?' => Some(question),
            '\n' if lines == 2 => Some(paragraph),
            '\n' => Some(""),
            '(' | ')' | '"' | ';' | '#' | '*' => Some(""),
            _ => None,
        };
        match said {
            None => draft.marks.push(*mark),
            Some(word) if spoken && !word.is_empty() => {
                bare(&mut draft.marks, &format!(" {word}"));
                if mark.ch == '\n' {
                    bare(&mut draft.marks, " ");
                }
            }
            Some(_) if next.is_whitespace() => {}
            Some(_) => bare(&mut draft.marks, " "),
        }
    }
}

/// Most punctuation outside of identifiers is lost.
pub(super) fn drop_punctuation(draft: &mut Draft, random: &mut Random) {
    let lower = random.percent(70);
    if lower {
        super::letters::lower(draft);
    }
    let marks = std::mem::take(&mut draft.marks);
    for (at, mark) in marks.iter().enumerate() {
        let ends = marks.get(at + 1).is_none_or(|next| next.ch.is_whitespace());
        if mark.span == 0 && ends && ".,;:?!".contains(mark.ch) {
            continue;
        }
        draft.marks.push(*mark);
    }
}

fn bare(marks: &mut Vec<Mark>, text: &str) {
    marks.extend(text.chars().map(|ch| Mark { ch, span: 0 }));
}
