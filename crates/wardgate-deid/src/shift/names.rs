//! Names of months and days of the week, read and written in the form in which they stood.

use crate::fold;
use crate::language::Language;

/// A month's name as a text writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MonthName {
    pub(super) month: u32,
    language: Language,
    short: bool,
    plain: bool,
}

impl MonthName {
    /// Reads a name; `joined` says that it stands between dashes or slashes, where names are short.
    pub(super) fn read(word: &str, first: Language, joined: bool) -> Option<Self> {
        let folded = fold::words(word);
        let languages = [
            first,
            Language::English,
            Language::German,
            Language::Spanish,
        ];
        languages.into_iter().find_map(|language| {
            let table = months(language);
            let at = |short| {
                let names = table
                    .iter()
                    .map(|names| if short { names.1 } else { names.0 });
                names.clone().position(|name| fold::is_words(name, &folded))
            };
            let other = || {
                OTHER
                    .iter()
                    .find(|(name, _, of)| *of == language && *name == folded)
            };
            let (full, short) = (at(false), at(true));
            let index = full.or(short).or_else(|| other().map(|other| other.1))?;
            Some(Self {
                month: u32::try_from(index + 1).ok()?,
                language,
                short: match (full, short) {
                    (Some(_), Some(_)) => joined,
                    (Some(_), None) => false,
                    _ => folded.len() <= SHORT_LEN_MAX,
                },
                plain: word.is_ascii() && folded == "maerz",
            })
        })
    }

    /// The name of another month in the same form.
    pub(super) fn write(self, month: u32, like: &str) -> Option<String> {
        let index = usize::try_from(month.checked_sub(1)?).ok()?;
        let (full, short) = months(self.language).get(index)?;
        let name = if self.short { short } else { full };
        let name = if self.plain {
            fold::words(name)
        } else {
            (*name).to_owned()
        };
        Some(in_case_of(like, &name))
    }
}

/// A weekday's name some days later, in the same form; nothing when the word is none.
pub(super) fn weekday_after(word: &str, days: i64) -> Option<String> {
    let folded = fold::words(word);
    let table = WEEKDAYS
        .iter()
        .find(|table| table.iter().any(|name| fold::is_words(name, &folded)))?;
    let at = table
        .iter()
        .position(|name| fold::is_words(name, &folded))?;
    let later = (i64::try_from(at).ok()? + days).rem_euclid(7);
    let name = table.get(usize::try_from(later).ok()?)?;
    Some(in_case_of(word, name))
}

/// `name` in small letters, capitals, or with a capital first, as `like` is written.
pub(crate) fn in_case_of(like: &str, name: &str) -> String {
    let mut letters = like.chars().filter(|c| c.is_alphabetic());
    let cased = |c: char| c.is_uppercase() || c.is_lowercase();
    if !letters.clone().any(cased) {
        return name.to_owned();
    }
    let first = letters.next().is_some_and(char::is_uppercase);
    let rest = letters.clone().next().is_some() && letters.all(char::is_uppercase);
    match (first, rest) {
        (true, true) => name.to_uppercase(),
        (true, false) => {
            let mut characters = name.chars();
            let mut out = String::with_capacity(name.len());
            out.extend(characters.next().into_iter().flat_map(char::to_uppercase));
            out.push_str(characters.as_str());
            out
        }
        (false, _) => name.to_lowercase(),
    }
}

fn months(language: Language) -> &'static [(&'static str, &'static str); 12] {
    match language {
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
        Language::German => &GERMAN,
    }
}

const ENGLISH: [(&str, &str); 12] = [
    ("January", "Jan"),
    ("February", "Feb"),
    ("March", "Mar"),
    ("April", "Apr"),
    ("May", "May"),
    ("June", "Jun"),
    ("July", "Jul"),
    ("August", "Aug"),
    ("September", "Sep"),
    ("October", "Oct"),
    ("November", "Nov"),
    ("December", "Dec"),
];
const SPANISH: [(&str, &str); 12] = [
    ("enero", "ene"),
    ("febrero", "feb"),
    ("marzo", "mar"),
    ("abril", "abr"),
    ("mayo", "may"),
    ("junio", "jun"),
    ("julio", "jul"),
    ("agosto", "ago"),
    ("septiembre", "sep"),
    ("octubre", "oct"),
    ("noviembre", "nov"),
    ("diciembre", "dic"),
];
const GERMAN: [(&str, &str); 12] = [
    ("Januar", "Jan"),
    ("Februar", "Feb"),
    ("März", "Mär"),
    ("April", "Apr"),
    ("Mai", "Mai"),
    ("Juni", "Jun"),
    ("Juli", "Jul"),
    ("August", "Aug"),
    ("September", "Sep"),
    ("Oktober", "Okt"),
    ("November", "Nov"),
    ("Dezember", "Dez"),
];
/// Further spellings, folded, with the index of their month.
const OTHER: [(&str, usize, Language); 9] = [
    ("sept", 8, Language::English),
    ("sept", 8, Language::Spanish),
    ("set", 8, Language::Spanish),
    ("setiembre", 8, Language::Spanish),
    ("sept", 8, Language::German),
    ("mrz", 2, Language::German),
    ("maerz", 2, Language::German),
    ("janner", 0, Language::German),
    ("feber", 1, Language::German),
];
const WEEKDAYS: [[&str; 7]; 6] = [
    [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    [
        "Montag",
        "Dienstag",
        "Mittwoch",
        "Donnerstag",
        "Freitag",
        "Samstag",
        "Sonntag",
    ],
    ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
    [
        "lunes",
        "martes",
        "miércoles",
        "jueves",
        "viernes",
        "sábado",
        "domingo",
    ],
    ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
];
const SHORT_LEN_MAX: usize = 4;
