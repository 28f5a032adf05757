//! Invented persons of many cultures: names from lists, names that are words, names of no list.

mod coined;
mod cultures;

use crate::note::Lang;
use crate::random::Random;
use crate::template::{PersonForm, Region, Word};
use crate::word_lists::{self, Culture};

/// Somebody in a document.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) female: bool,
    pub(crate) given: String,
    middle: String,
    pub(crate) last: String,
    suffix: &'static str,
}

/// How a document writes names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameStyle {
    /// Percent of full names with a middle initial.
    middle_initial: u32,
    /// Whether middle names stand behind a comma.
    english: bool,
    /// Percent of full names with the middle name.
    middle_name: u32,
    case: NameCase,
    comma: &'static str,
    initials: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum NameCase {
    AsIs,
    Upper,
    Lower,
    LastUpper,
}

impl NameStyle {
    pub(crate) fn own(random: &mut Random, region: Region) -> Self {
        // Middle names are a habit of English.
        let english = matches!(region, Region::Us | Region::Uk) || random.percent(6);
        let cases = [
            (88, NameCase::AsIs),
            (6, NameCase::Upper),
            (4, NameCase::Lower),
            (2, NameCase::LastUpper),
        ];
        Self {
            middle_initial: match random.below(10) {
                0..5 => 0,
                _ if !english => 0,
                5..8 => 40,
                _ => 90,
            },
            middle_name: random.weighted(&[(8, 2), (2, 30)], 0),
            english,
            case: random.weighted(&cases, NameCase::AsIs),
            comma: random.weighted(&[(12, ", "), (4, ","), (1, " , ")], ", "),
            initials: random.weighted(&[(6, "."), (4, ""), (1, ". ")], "."),
        }
    }
}

impl Person {
    pub(crate) fn invent(random: &mut Random, region: Region) -> Self {
        let female = random.percent(50);
        let name = random.weighted(cultures::of(region), "us");
        let culture = word_lists::culture(name);
        let last_culture = if random.percent(10) {
            word_lists::culture(random.weighted(cultures::of(region), "us"))
        } else {
            culture
        };
        let given = given_name(random, culture, name, female);
        let middle = given_name(random, culture, name, female);
        let last_name = last_culture.map_or("us", |culture| culture.name);
        let last = surname(random, last_culture, last_name, female);
        let suffix = if !female && region == Region::Us && random.percent(4) {
            random.of("Jr.|Jr|Sr.|III|II|IV|Sr")
        } else {
            ""
        };
        Self {
            female,
            given,
            middle,
            last,
            suffix,
        }
    }

    /// The name in a form; `doctor` may shorten the given name.
    pub(crate) fn name(
        &self,
        form: PersonForm,
        style: NameStyle,
        doctor: bool,
        random: &mut Random,
    ) -> String {
        let name = match form {
            PersonForm::Full | PersonForm::Word(_) => self.full(style, doctor, random),
            PersonForm::First => self.given.clone(),
            PersonForm::Last => match style.case {
                NameCase::LastUpper => self.last.to_uppercase(),
                _ => self.last.clone(),
            },
            PersonForm::LastFirst => self.last_first(style, random),
            PersonForm::Initials => self.initials(style.initials, random),
            PersonForm::Nick => coined::nick(random, &self.given),
        };
        match style.case {
            NameCase::Upper => name.to_uppercase(),
            NameCase::Lower if form != PersonForm::Initials => name.to_lowercase(),
            _ => name,
        }
    }

    fn full(&self, style: NameStyle, doctor: bool, random: &mut Random) -> String {
        let given = if doctor && random.percent(9) {
            let dot = random.of(".|.|");
            if random.percent(30) {
                format!("{}{dot} {}{dot}", first(&self.given), first(&self.middle))
            } else {
                format!("{}{dot}", first(&self.given))
            }
        } else {
            self.given.clone()
        };
        let middle = if random.percent(style.middle_initial) {
            format!(" {}{}", first(&self.middle), random.of(".|.|"))
        } else if random.percent(style.middle_name) {
            format!(" {}", self.middle)
        } else {
            String::new()
        };
        let last = match style.case {
            NameCase::LastUpper => self.last.to_uppercase(),
            _ => self.last.clone(),
        };
        let joint = if self.suffix.is_empty() {
            ""
        } else {
            random.of(" | |, ")
        };
        format!("{given}{middle} {last}{joint}{}", self.suffix)
    }

    fn last_first(&self, style: NameStyle, random: &mut Random) -> String {
        let upper = random.percent(25);
        let last = if upper {
            self.last.to_uppercase()
        } else {
            self.last.clone()
        };
        let given = if upper && random.percent(70) {
            self.given.to_uppercase()
        } else {
            self.given.clone()
        };
        let middle = match random.below(10) {
            _ if !style.english => String::new(),
            0..4 => format!(" {}", first(&self.middle)),
            4 => format!(" {}.", first(&self.middle)),
            5 => format!(" {}", self.middle),
            _ => String::new(),
        };
        let suffix = if self.suffix.is_empty() {
            String::new()
        } else {
            format!(" {}", self.suffix)
        };
        if random.percent(50) {
            format!("{last}{suffix}{}{given}{middle}", style.comma)
        } else {
            format!("{last}{}{given}{middle}{suffix}", style.comma)
        }
    }

    fn initials(&self, dot: &str, random: &mut Random) -> String {
        let middle = if random.percent(25) {
            format!("{}{dot}", first(&self.middle))
        } else {
            String::new()
        };
        let end = dot.trim_end();
        format!(
            "{}{dot}{middle}{}{end}",
            first(&self.given),
            first(&self.last)
        )
    }

    /// A word that agrees with the person.
    pub(crate) fn word(&self, word: Word, lang: Lang) -> &'static str {
        let (female, male) = match (lang, word) {
            (Lang::En, Word::Mr) => ("Ms.", "Mr."),
            (Lang::En, Word::He) => ("she", "he"),
            (Lang::En, Word::HeCapital) => ("She", "He"),
            (Lang::En, Word::His) => ("her", "his"),
            (Lang::En, Word::HisCapital) => ("Her", "His"),
            (Lang::En, Word::Him) => ("her", "him"),
            (Lang::En, Word::Himself) => ("herself", "himself"),
            (Lang::En, Word::Man) => ("woman", "man"),
            (Lang::En, Word::Sex) => ("female", "male"),
            (Lang::De, Word::Mr) => ("Frau", "Herr"),
            (Lang::De, Word::He) => ("sie", "er"),
            (Lang::De, Word::HeCapital) => ("Sie", "Er"),
            (Lang::De, Word::His) => ("ihr", "sein"),
            (Lang::De, Word::HisCapital) => ("Ihr", "Sein"),
            (Lang::De, Word::Him) => ("sie", "ihn"),
            (Lang::De, Word::Himself) => ("sich", "sich"),
            (Lang::De, Word::Man) => ("Frau", "Mann"),
            (Lang::De, Word::Sex) => ("weiblich", "männlich"),
            (Lang::Es, Word::Mr) => ("Sra.", "Sr."),
            (Lang::Es, Word::He) => ("ella", "él"),
            (Lang::Es, Word::HeCapital) => ("Ella", "Él"),
            (Lang::Es, Word::His) => ("su", "su"),
            (Lang::Es, Word::HisCapital) => ("Su", "Su"),
            (Lang::Es, Word::Him) => ("la", "lo"),
            (Lang::Es, Word::Himself) => ("sí misma", "sí mismo"),
            (Lang::Es, Word::Man) => ("mujer", "hombre"),
            (Lang::Es, Word::Sex) => ("mujer", "varón"),
        };
        if self.female { female } else { male }
    }
}

fn first(name: &str) -> String {
    name.chars().take(1).flat_map(char::to_uppercase).collect()
}

fn given_name(random: &mut Random, culture: Option<&Culture>, name: &str, female: bool) -> String {
    if random.percent(14) {
        return coined::given(random, female);
    }
    let words = match name {
        "us_words" if random.percent(60) => word_lists::culture("us"),
        "word_es" if random.percent(60) => word_lists::culture("es"),
        "word_de" if random.percent(70) => word_lists::culture("de"),
        _ => culture,
    };
    let list = words.map_or(&[][..], |culture| {
        if female {
            &culture.female
        } else {
            &culture.male
        }
    });
    let given = random.word(list).to_string();
    let joined = matches!(name, "es" | "mx" | "br" | "de" | "fr") && random.percent(9);
    if joined {
        let joint = if matches!(name, "de" | "fr") {
            "-"
        } else {
            " "
        };
        return format!("{given}{joint}{}", random.word(list));
    }
    given
}

fn surname(random: &mut Random, culture: Option<&Culture>, name: &str, female: bool) -> String {
    let one = |random: &mut Random| {
        if random.percent(22) {
            coined::surname(random, name)
        } else {
            culture.map_or_else(String::new, |culture| culture.surname(random))
        }
    };
    let last = one(random);
    match name {
        "es" | "word_es" if random.percent(80) => format!("{last} {}", one(random)),
        "mx" | "br" | "hm" if random.percent(30) => {
            let joint = random.of(" | |-");
            format!("{last}{joint}{}", one(random))
        }
        "es" | "mx" if random.percent(4) => {
            format!("{} {last}", random.of("de la|del|de|de los"))
        }
        "de" | "word_de" if random.percent(5) => {
            format!("{} {last}", random.of("von|von der|zu|vom|van|von und zu"))
        }
        "de" | "word_de" if random.percent(6) => format!("{last}-{}", one(random)),
        "nl" if random.percent(35) && !last.contains(' ') => {
            format!("{} {last}", random.of("van|van der|de|van den|ter"))
        }
        "fr" | "it" if random.percent(10) && !last.contains(' ') => {
            format!("{} {last}", random.of("De|Di|La|Le|Del|de la"))
        }
        "ie" if random.percent(25) && !last.contains(['\'', ' ']) && !last.starts_with("Mc") => {
            format!("{}{last}", random.of("O'|Mc|Mac|O’|O'"))
        }
        "us" | "uk" | "tail" | "us_words" if random.percent(if female { 8 } else { 2 }) => {
            let joint = random.of("-|-| ");
            format!("{last}{joint}{}", one(random))
        }
        _ => last,
    }
}
