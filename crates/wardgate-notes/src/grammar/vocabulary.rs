//! The words of the grammar: labels with what stands beside them, drugs, values, titles.

use std::sync::LazyLock;

use crate::note::Lang;

/// Labels with the slots or words that may stand beside them, both parted by `|`.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) labels: &'static str,
    pub(super) values: &'static str,
}

/// The words of one language; lines of words are parted by `|`.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    pub(super) fields: Vec<Field>,
    pub(super) plain: Vec<Field>,
    pub(super) meds: &'static str,
    pub(super) doses: &'static str,
    pub(super) sigs: &'static str,
    pub(super) labs: &'static str,
    pub(super) titles: &'static str,
    pub(super) heads: &'static str,
    pub(super) census: &'static str,
    pub(super) reasons: &'static str,
}

pub(super) fn of(lang: Lang) -> &'static Vocabulary {
    match lang {
        Lang::En => &ENGLISH,
        Lang::De => &GERMAN,
        Lang::Es => &SPANISH,
    }
}

fn read(text: &'static str) -> Vocabulary {
    let mut words = Vocabulary::default();
    let mut section = "";
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name;
            continue;
        }
        let field = line
            .split_once(" = ")
            .map(|(labels, values)| Field { labels, values });
        match section {
            "fields" => words.fields.extend(field),
            "plain" => words.plain.extend(field),
            "meds" => words.meds = line,
            "doses" => words.doses = line,
            "sigs" => words.sigs = line,
            "labs" => words.labs = line,
            "titles" => words.titles = line,
            "heads" => words.heads = line,
            "census" => words.census = line,
            _ => words.reasons = line,
        }
    }
    words
}

static ENGLISH: LazyLock<Vocabulary> =
    LazyLock::new(|| read(include_str!("../../data/grammar/en.txt")));
static GERMAN: LazyLock<Vocabulary> =
    LazyLock::new(|| read(include_str!("../../data/grammar/de.txt")));
static SPANISH: LazyLock<Vocabulary> =
    LazyLock::new(|| read(include_str!("../../data/grammar/es.txt")));
