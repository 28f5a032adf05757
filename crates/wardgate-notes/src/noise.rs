//! What happens to notes on their way: they are dictated, scanned, quoted, wrapped, copied,
//! escaped. Every change works on marks, so the gold stays with its characters.

mod escape;
mod layout;
mod letters;
mod speech;

use crate::draft::Draft;
use crate::note::Lang;
use crate::random::Random;

/// One way to disturb a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    Lower,
    Upper,
    Title,
    Dictation,
    Scan,
    Typos,
    NoAccents,
    Typographic,
    Wrap,
    Hyphenate,
    Spaces,
    Tabs,
    Borders,
    Quoted,
    CopyForward,
    Markdown,
    Html,
    Json,
    OneLine,
    NoPunctuation,
}

/// Disturbs a note in one or two ways; returns which.
pub(crate) fn disturb(draft: &mut Draft, random: &mut Random, lang: Lang) -> Vec<Noise> {
    let lines = draft.marks.iter().filter(|mark| mark.ch == '\n').count();
    let table = if lines >= 3 { LONG } else { SHORT };
    let mut done = Vec::new();
    let times = if random.percent(25) { 2 } else { 1 };
    for _ in 0..times {
        let noise = random.weighted(table, Noise::Spaces);
        if !done.contains(&noise) {
            apply(noise, draft, random, lang);
            done.push(noise);
        }
    }
    done
}

/// Disturbs a note in one way.
pub(crate) fn apply(noise: Noise, draft: &mut Draft, random: &mut Random, lang: Lang) {
    match noise {
        Noise::Lower => letters::lower(draft),
        Noise::Upper => letters::upper(draft),
        Noise::Title => letters::title(draft),
        Noise::Dictation => speech::dictate(draft, random, lang),
        Noise::NoPunctuation => speech::drop_punctuation(draft, random),
        Noise::Scan => letters::scan(draft, random),
        Noise::Typos => letters::typos(draft, random),
        Noise::NoAccents => letters::no_accents(draft, random),
        Noise::Typographic => letters::typographic(draft, random),
        Noise::Wrap => layout::wrap(draft, random, false),
        Noise::Hyphenate => layout::wrap(draft, random, true),
        Noise::Spaces => layout::spaces(draft, random, "  "),
        Noise::Tabs => layout::spaces(draft, random, "\t"),
        Noise::Borders => layout::borders(draft, random),
        Noise::Quoted => layout::quote(draft, 0),
        Noise::CopyForward => layout::copy_forward(draft, random),
        Noise::OneLine => layout::one_line(draft),
        Noise::Markdown => escape::markdown(draft, random),
        Noise::Html => escape::html(draft, random),
        Noise::Json => escape::json(draft),
    }
}

/// Marks the lines from a place on as a quote.
pub(crate) fn quote_from(draft: &mut Draft, from: usize) {
    layout::quote(draft, from);
}

/// For notes of some lines.
const LONG: &[(u32, Noise)] = &[
    (12, Noise::Wrap),
    (6, Noise::Lower),
    (6, Noise::Upper),
    (6, Noise::Dictation),
    (3, Noise::NoPunctuation),
    (8, Noise::Scan),
    (4, Noise::Typos),
    (4, Noise::NoAccents),
    (4, Noise::Typographic),
    (3, Noise::Hyphenate),
    (6, Noise::Spaces),
    (5, Noise::Tabs),
    (6, Noise::Borders),
    (5, Noise::Quoted),
    (5, Noise::CopyForward),
    (8, Noise::Markdown),
    (5, Noise::Html),
    (4, Noise::Json),
    (4, Noise::OneLine),
];

/// For prompts.
const SHORT: &[(u32, Noise)] = &[
    (24, Noise::Lower),
    (10, Noise::Upper),
    (3, Noise::Title),
    (8, Noise::Dictation),
    (12, Noise::NoPunctuation),
    (6, Noise::Scan),
    (12, Noise::Typos),
    (6, Noise::NoAccents),
    (8, Noise::Typographic),
    (4, Noise::Spaces),
    (3, Noise::Wrap),
    (2, Noise::Quoted),
    (4, Noise::Markdown),
    (2, Noise::Html),
    (4, Noise::Json),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Kind;

    fn sample() -> Draft {
        let mut draft = Draft::default();
        draft.push("Report:\n\nName: ");
        draft.gold(Kind::Name, "O'Brien, \"Zoë\" <M>");
        draft.push(", born ");
        draft.gold(Kind::Date, "March 3, 2024");
        draft.push(". Seen at ");
        draft.gold(
            Kind::Facility,
            "St. Mary's Hospital & Clinic of the Upper Valley",
        );
        draft.push(" (");
        draft.gold(Kind::Phone, "(555) 010-0199");
        draft.push("); address: ");
        draft.gold(Kind::Location, "12 Long Meadow Street, Apartment 4B");
        draft.push("\nPlan:\tnone?\n\nEnd ");
        draft.gold(Kind::Id, "A-1");
        draft
    }

    /// The letters and digits of every span, in order; entities and tags taken back.
    fn gold(draft: Draft) -> Vec<String> {
        let (text, spans) = draft.finish();
        let part = |start: usize, end: usize| -> String {
            text.chars().skip(start).take(end - start).collect()
        };
        let letters = |text: String| {
            let plain = text
                .replace("&nbsp;", " ")
                .replace("&#39;", "'")
                .replace("\\n", "\n");
            let plain = plain
                .replace("&quot;", "\"")
                .replace("&amp;", "&")
                .replace("&lt;", "<");
            let plain = plain.replace("&gt;", ">").replace("&euml;", "ë");
            plain
                .chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect()
        };
        spans
            .iter()
            .map(|span| letters(part(span.start, span.end)))
            .collect()
    }

    #[test]
    fn what_moves_no_letters_leaves_the_gold_as_it_is() {
        let still = [
            Noise::Lower,
            Noise::Upper,
            Noise::Title,
            Noise::Dictation,
            Noise::NoPunctuation,
            Noise::Typographic,
            Noise::Wrap,
            Noise::Hyphenate,
            Noise::Spaces,
            Noise::Tabs,
            Noise::Borders,
            Noise::Quoted,
            Noise::OneLine,
            Noise::Markdown,
            Noise::Html,
            Noise::Json,
        ];
        let before = gold(sample());
        for seed in 0..40 {
            for noise in still {
                let mut draft = sample();
                apply(noise, &mut draft, &mut Random::new(seed), Lang::En);
                assert_eq!(gold(draft), before, "{noise:?}");
            }
        }
    }

    #[test]
    fn scanning_and_typing_change_little() {
        let before = gold(sample()).concat().chars().count();
        for seed in 0..40 {
            for noise in [Noise::Scan, Noise::Typos, Noise::NoAccents] {
                let mut draft = sample();
                apply(noise, &mut draft, &mut Random::new(seed), Lang::En);
                let after = gold(draft).concat().chars().count();
                assert!(before.abs_diff(after) < 12, "{noise:?}");
            }
        }
    }

    #[test]
    fn a_copied_paragraph_brings_its_gold() {
        let before = gold(sample());
        for seed in 0..20 {
            let mut draft = sample();
            apply(
                Noise::CopyForward,
                &mut draft,
                &mut Random::new(seed),
                Lang::En,
            );
            let after = gold(draft);
            assert_eq!(after.get(..before.len()), Some(&before[..]));
            assert!(after.iter().all(|text| before.contains(text)));
        }
    }
}
