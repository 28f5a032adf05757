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
