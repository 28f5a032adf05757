//! Which language a text is written in.

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

    /// The language that most small words of a text belong to.
    pub fn detect(text: &str) -> Self {
        let words = text
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty())
            .take(WORDS_MAX);
        let (mut english, mut spanish, mut german) = (0, 0, 0);
        for word in words.map(str::to_lowercase) {
            let word = word.as_str();
            english += usize::from(ENGLISH.contains(&word));
            spanish += usize::from(SPANISH.contains(&word) || word.contains('ñ'));
            german += usize::from(GERMAN.contains(&word) || word.contains('ß'));
        }
        if spanish > english && spanish >= german {
            Self::Spanish
        } else if german > english {
            Self::German
        } else {
            Self::English
        }
    }
}

const WORDS_MAX: usize = 400;
const ENGLISH: &[&str] = &[
    "the", "of", "and", "to", "is", "was", "with", "for", "on", "he", "she", "her", "his", "i",
    "patient", "please", "what", "from", "at", "by", "has", "not", "this", "that", "are", "be",
];
const SPANISH: &[&str] = &[
    "el", "la", "los", "las", "de", "del", "y", "que", "con", "por", "para", "se", "una", "un",
    "su", "al", "es", "no", "paciente", "como", "fue", "sin", "lo", "más", "años",
];
const GERMAN: &[&str] = &[
    "der",
    "die",
    "das",
    "und",
    "mit",
    "von",
    "den",
    "dem",
    "ein",
    "eine",
    "ist",
    "im",
    "bei",
    "zu",
    "des",
    "nicht",
    "wurde",
    "auf",
    "für",
    "am",
    "sich",
    "wir",
    "bitte",
    "patientin",
    "herr",
    "frau",
    "zur",
    "zum",
    "nach",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_words_tell_languages() {
        let samples = [
            (
                "Summarise the note of Mr. Smith for the insurer.",
                Language::English,
            ),
            ("El paciente fue dado de alta con dolor.", Language::Spanish),
            (
                "Die Patientin wurde mit Schmerzen aufgenommen.",
                Language::German,
            ),
            ("", Language::English),
        ];
        for (text, language) in samples {
            assert_eq!(Language::detect(text), language, "{text}");
        }
    }
}
