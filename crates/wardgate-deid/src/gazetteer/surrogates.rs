//! Common names and places that stand in for real ones.

use crate::Language;

/// The lists of one language; each is sorted, holds an entry once and never is empty.
pub(crate) struct SurrogateLists {
    /// Given names of women, one word each.
    pub(crate) female: &'static [&'static str],
    /// Given names of men, one word each; none of them is a name of women.
    pub(crate) male: &'static [&'static str],
    /// Family names, one word each.
    pub(crate) surnames: &'static [&'static str],
    /// Cities and towns, one word each.
    pub(crate) cities: &'static [&'static str],
    /// Names of streets with their generic word, without a number: `Maple Street`.
    pub(crate) streets: &'static [&'static str],
}

impl SurrogateLists {
    /// The lists of a language.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &EN,
            Language::Spanish => &ES,
            Language::German => &DE,
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/surrogates.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_long_sorted_and_disjoint() {
        for language in [Language::English, Language::Spanish, Language::German] {
            let lists = SurrogateLists::of(language);
            let sizes = [
                (lists.female, 200),
                (lists.male, 200),
                (lists.surnames, 500),
                (lists.cities, 200),
                (lists.streets, 100),
            ];
            for (list, least) in sizes {
                assert!(list.len() >= least, "{language:?}: {}", list.len());
                let mut sorted = list.to_vec();
                sorted.sort_unstable();
                sorted.dedup();
                assert_eq!(sorted, list);
                assert!(
                    list.iter()
                        .all(|entry| entry.trim() == *entry && !entry.is_empty())
                );
            }
            assert!(!lists.female.iter().any(|name| lists.male.contains(name)));
        }
    }
}
