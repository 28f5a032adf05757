//! The labelling step: security labels for text that carries none, by lists of terms and codes.
//!
//! It is what it is: lists written by us, matched as words, blind to negation and to context. A
//! text that denies a diagnosis is as sensitive as one that states it, so a term counts wherever
//! it stands. What the lists do not hold is not found; `docs/consent.md` says what they hold. A
//! text with a sensitivity is restricted, any other text that was looked at is normal.
//!
//! Sources of codes: ICD-10-CM (categories), SNOMED CT, LOINC and RxNorm (single concepts).

mod codes;
mod terms;

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::consent::Coding;
use crate::consent::sensitivity::Sensitivities;

/// What the labelling step found in the texts of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found(Vec<Coding<'static>>);

impl Found {
    /// The labels: one confidentiality, then the sensitivities.
    #[must_use]
    pub fn codings(&self) -> &[Coding<'static>] {
        &self.0
    }

    /// Their codes.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|label| label.code)
    }
}

/// Labels texts that belong together. `None` when the lists cannot be used: the texts then
/// stay unlabelled, which is not normal.
///
/// Time is linear in the length of the texts.
#[must_use]
pub fn label<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<Found> {
    let terms = automaton()?;
    let mut sensitive = Sensitivities::NONE;
    let mut plain = String::new();
    for text in texts {
        sensitive = sensitive.with(codes::look_for(text));
        plain.clear();
        make_plain(text, &mut plain);
        sensitive = sensitive.with(look_for_terms(terms, &plain));
    }
    let level = if sensitive.is_empty() { "N" } else { "R" };
    let mut labels = vec![Coding {
        system: CONFIDENTIALITY,
        code: level,
    }];
    labels.extend(sensitive.codes().map(|code| Coding {
        system: ACT_CODE,
        code,
    }));
    Some(Found(labels))
}

fn look_for_terms(terms: &AhoCorasick, plain: &str) -> Sensitivities {
    let mut sensitive = Sensitivities::NONE;
    for found in terms.find_overlapping_iter(plain) {
        let before = plain
            .get(..found.start())
            .and_then(|text| text.chars().next_back());
        let after = plain.get(found.end()..).unwrap_or_default();
        // A plural is the same word.
        let after = after
            .strip_prefix('s')
            .filter(|rest| is_end(rest))
            .unwrap_or(after);
        if before.is_some_and(char::is_alphanumeric) || !is_end(after) {
            continue;
        }
        if let Some((_, code)) = terms::TERMS.get(found.pattern().as_usize()) {
            sensitive = sensitive.with(Sensitivities::of(code).unwrap_or_default());
        }
    }
    sensitive
}

fn is_end(text: &str) -> bool {
    !text.chars().next().is_some_and(char::is_alphanumeric)
}

/// Lower case, one space for every run of white space and joining marks, no invisible characters,
/// full-width letters as plain ones: so that layout does not hide a term.
fn make_plain(text: &str, plain: &mut String) {
    plain.reserve(text.len());
    for character in text.chars() {
        let character = match character {
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => continue,
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
            }
            '\u{2019}' => '\'',
            '-' | '_' | '/' | '\u{2010}'..='\u{2015}' => ' ',
            other if other.is_whitespace() => ' ',
            other => other,
        };
        if character == ' ' && plain.ends_with(' ') {
            continue;
        }
        plain.push(character.to_ascii_lowercase());
    }
}

/// Built once; none can only mean that the terms do not compile.
fn automaton() -> Option<&'static AhoCorasick> {
    static AUTOMATON: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    AUTOMATON
        .get_or_init(|| AhoCorasick::new(terms::TERMS.iter().map(|(term, _)| term)).ok())
        .as_ref()
}

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&'static str> {
        label([text]).unwrap().codes().collect()
    }

    #[test]
    fn terms_are_words_in_any_layout_and_case() {
        assert_eq!(
            found("Hx of Alcohol-Use\n  Disorder, in remission"),
            ["R", "ETHUD"]
        );
        assert_eq!(found("started on METHADONE"), ["R", "OPIOIDUD"]);
        assert_eq!(found("no history of depress\u{ad}ion"), ["R", "PSY"]);
        assert_eq!(found("ＨＩＶ positive"), ["R", "HIV"]);
        assert_eq!(found("two panic attacks"), ["R", "PSY"]);
        assert_eq!(found("shiver, archives, chivalry"), ["N"]);
        assert_eq!(found("blood pressure 120/80, no fever"), ["N"]);
        assert_eq!(found(""), ["N"]);
    }

    #[test]
    fn codes_are_found_where_they_stand_alone() {
        assert_eq!(found("dx F10.20"), ["R", "ETHUD"]);
        assert_eq!(found(r#"{"code":"F3390"}"#), ["R", "PSY"]);
        assert_eq!(found("B20"), ["R", "HIV"]);
        assert_eq!(found("LOINC 74013-4: 5"), ["R", "ETHUD"]);
        assert_eq!(found("86406008 |HIV infection|"), ["R", "HIV"]);
        assert_eq!(found("RxNorm 6813"), ["R", "OPIOIDUD"]);
        assert_eq!(found("6813 steps, room B201, XF10.20, I10, E11.9"), ["N"]);
    }

    #[test]
    fn every_term_is_plain_and_names_a_label_that_the_table_knows() {
        for (term, code) in terms::TERMS {
            let mut plain = String::new();
            make_plain(term, &mut plain);
            assert_eq!(plain, *term);
            assert!(Sensitivities::of(code).is_some(), "{code}");
        }
        assert!(automaton().is_some());
    }
}
