//! Words that stand as codes: values of HL7's tables, and what systems write as codes of their own.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The lists.
struct Vocabulary {
    values: HashSet<&'static str>,
    values_small: HashSet<String>,
    words: HashSet<&'static str>,
    endings: Vec<&'static str>,
}

/// Whether a table of HL7 has the value as it is written.
pub(crate) fn is_table_value(value: &str) -> bool {
    VOCABULARY.values.contains(value)
}

/// Whether a table of HL7 has the value, here in small letters, in any writing.
pub(crate) fn is_table_word(lower: &str) -> bool {
    VOCABULARY.values_small.contains(lower)
}

/// Whether systems write the word, in small letters, as a code of their own.
pub(crate) fn is_word(lower: &str) -> bool {
    VOCABULARY.words.contains(lower)
}

/// Whether a word in small letters ends as no name does.
pub(crate) fn ends_as_word(lower: &str) -> bool {
    let endings = &VOCABULARY.endings;
    endings.iter().any(|ending| lower.ends_with(ending))
}

/// Each value of the tables that is listed.
#[cfg(test)]
pub(crate) fn table_values() -> impl Iterator<Item = &'static str> {
    words(VALUES)
}

/// Each word that is listed.
#[cfg(test)]
pub(crate) fn listed_words() -> impl Iterator<Item = &'static str> {
    words(WORDS).filter(|word| !word.starts_with('-'))
}

fn words(file: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace)
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary {
    values: words(VALUES).collect(),
    values_small: words(VALUES).map(str::to_lowercase).collect(),
    words: words(WORDS).filter(|word| !word.starts_with('-')).collect(),
    endings: words(WORDS)
        .filter_map(|word| word.strip_prefix('-'))
        .collect(),
});
const VALUES: &str = include_str!("../data/v2/values.txt");
const WORDS: &str = include_str!("../data/v2/words.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read() {
        assert!(is_table_value("ACUTHEHTR") && !is_table_value("PATEL"));
        assert!(is_table_word("acuthehtr") && !is_table_word("patel"));
        assert!(is_word("cerner") && !is_word("-logie"));
        assert!(ends_as_word("unfallchirurgie") && !ends_as_word("lindqvist"));
        // Words are sought in small letters.
        assert!(listed_words().all(|word| word == word.to_lowercase()));
    }
}
