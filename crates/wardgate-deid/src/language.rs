//! Which language a text is written in.

use crate::gazetteer::hash::{HASH_START, hash_step};
use crate::gazetteer::{Bits, lookup};

/// A language that detection knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, and what is no other known language.
    #[default]
    English,
    /// Spanish.
    Spanish,
    /// German.
    German,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 3] = [Self::English, Self::Spanish, Self::German];

    /// The language that the words of a text speak for.
    ///
    /// Reads the beginning of a long text and a piece of its middle.
    pub fn detect(text: &str) -> Self {
        let mut votes = Votes::default();
        let (head, _) = split_near(text, HEAD_BYTES);
        votes.read(head);
        let (_, behind) = split_near(text, HEAD_BYTES.max(text.len() / 2));
        let (middle, _) = split_near(behind, MIDDLE_BYTES);
        votes.read(middle);
        votes.language()
    }
}

/// How much speaks for each language.
#[derive(Default)]
struct Votes {
    english: usize,
    spanish: usize,
    german: usize,
}

impl Votes {
    fn read(&mut self, text: &str) {
        let mut word = HASH_START;
        for letter in text.chars() {
            match plain(letter) {
                "" if letter.is_ascii_alphabetic() => {
                    word = hash_step(word, u8::try_from(letter).unwrap_or_default());
                }
                "" => {
                    self.count(word);
                    word = HASH_START;
                }
                spelled => word = spelled.bytes().fold(word, hash_step),
            }
            match letter {
                'ñ' | 'Ñ' | '¿' | '¡' => self.spanish += MARK,
                'á' | 'í' | 'ó' | 'ú' => self.spanish += 1,
                'ß' => self.german += MARK,
                'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü' => self.german += 1,
                _ => {}
            }
        }
        self.count(word);
    }

    fn count(&mut self, word: u64) {
        if word == HASH_START {
            return;
        }
        let classes = lookup(word);
        let weigh =
            |stop, word| STOP * usize::from(classes.any(stop)) + usize::from(classes.any(word));
        self.english += weigh(Bits::STOP_EN, Bits::WORD_COMMON);
        self.spanish += weigh(Bits::STOP_ES, Bits::WORD_ES);
        self.german += weigh(Bits::STOP_DE, Bits::WORD_DE);
    }

    fn language(&self) -> Language {
        if self.spanish > self.english && self.spanish >= self.german {
            Language::Spanish
        } else if self.german > self.english {
            Language::German
        } else {
            Language::English
        }
    }
}

/// A text in two at the first border of characters at or behind a byte.
fn split_near(text: &str, at: usize) -> (&str, &str) {
    let border = (at..text.len()).find(|at| text.is_char_boundary(*at));
    border
        .and_then(|border| text.split_at_checked(border))
        .unwrap_or((text, ""))
}

/// How the lists spell a letter that is not ASCII; nothing for other characters.
fn plain(letter: char) -> &'static str {
    match letter {
        'á' | 'Á' | 'ä' | 'Ä' | 'à' => "a",
        'é' | 'É' | 'è' => "e",
        'í' | 'Í' => "i",
        'ó' | 'Ó' | 'ö' | 'Ö' => "o",
        'ú' | 'Ú' | 'ü' | 'Ü' => "u",
        'ñ' | 'Ñ' => "n",
        'ß' => "ss",
        _ => "",
    }
}

const HEAD_BYTES: usize = 4096;
const MIDDLE_BYTES: usize = 1024;
/// What a character weighs that only one language writes.
const MARK: usize = 3;
/// What a word weighs beyond one that tells the language.
const STOP: usize = 2;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn short_texts_tell_their_language() {
        let samples = [
            (
                "Summarise the note of Mr. Smith for the insurer.",
                Language::English,
            ),
            (
                "Draft a referral for Maria de la Cruz, DOB 3/4/1961",
                Language::English,
            ),
            (
                "Translate for José Peña: take two tablets",
                Language::English,
            ),
            ("Pt c/o CP, SOB. ECG nl. d/c home.", Language::English),
            ("letter to Frau Müller about her knee", Language::English),
            ("El paciente fue dado de alta con dolor.", Language::Spanish),
            (
                "Resume la historia de Juan Pérez, por favor",
                Language::Spanish,
            ),
            ("¿Qué dosis necesita la señora Gómez?", Language::Spanish),
            (
                "Die Patientin wurde mit Schmerzen aufgenommen.",
                Language::German,
            ),
            ("Bitte Arztbrief für Herrn Schmidt kürzen", Language::German),
            (
                "Sehr geehrte Frau Kollegin, wir berichten",
                Language::German,
            ),
            ("", Language::English),
            ("12.03.2021 140/90", Language::English),
        ];
        for (text, language) in samples {
            assert_eq!(Language::detect(text), language, "{text}");
        }
    }

    #[test]
    fn the_middle_of_a_long_text_counts() {
        let table = "120 80 98 36,5 ".repeat(400);
        let text = format!(
            "{table}{}{table}",
            "Die Patientin ist zufrieden. ".repeat(80)
        );
        assert_eq!(Language::detect(&text), Language::German);
    }

    #[test]
    fn corpora_are_of_their_languages() {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/deid-text");
        let corpora = [
            ("meddocan-train.jsonl", Language::Spanish, 100),
            ("meddocan-dev.jsonl", Language::Spanish, 100),
            ("grascco-phi.jsonl", Language::German, 100),
            ("presidio-synth.jsonl", Language::English, 99),
        ];
        for (file, language, percent) in corpora {
            let Ok(lines) = fs::read_to_string(folder.join(file)) else {
                continue;
            };
            let (mut right, mut all) = (0, 0);
            for line in lines.lines() {
                let note: serde_json::Value = serde_json::from_str(line).unwrap();
                all += 1;
                right += usize::from(Language::detect(note["text"].as_str().unwrap()) == language);
            }
            assert!(right * 100 >= all * percent, "{file}: {right} of {all}");
        }
    }
}
