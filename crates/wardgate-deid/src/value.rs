//! What a surface means: the value that its spellings share.

use zeroize::Zeroizing;

use crate::calendar::Day;
use crate::exact::date;
use crate::finding::{Finding, Kind};
use crate::fold;
use crate::known::KnownIdentifiers;

/// The value of a found surface.
pub(crate) struct Value {
    /// Equal for all spellings of the value.
    pub(crate) key: Zeroizing<String>,
    /// The one spelling that needs no variant in its placeholder.
    pub(crate) plain: String,
    /// Of a whole date, its day number.
    pub(crate) day: Option<i64>,
}

impl Value {
    pub(crate) fn of(finding: &Finding, surface: &str, known: Option<&KnownIdentifiers>) -> Self {
        let person = finding.person.zip(known);
        let folded = fold::fold(surface);
        let text = folded.text.to_lowercase();
        let mut day = None;
        let (key, plain) = match finding.kind {
            Kind::Name => {
                let name = person.and_then(|(person, known)| known.full_name(person));
                let key = name.map_or_else(|| ordered_words(&text), fold::words);
                let plain = title_case(&key);
                (key, plain)
            }
            Kind::Location | Kind::Facility => {
                let key = fold::words(&text);
                let plain = title_case(&key);
                (key, plain)
            }
            Kind::Date => {
                let days = date::days_of(&folded.text);
                let on_file = |day: &&Day| known.is_some_and(|known| known.is_birth_day(**day));
                let mut read = days.iter().flatten();
                let whole = read.clone().find(on_file).or_else(|| read.next()).copied();
                day = whole.map(Day::number);
                let key = whole.map_or_else(|| fold::words(&text), Day::iso);
                (key.clone(), key)
            }
            Kind::Phone | Kind::Fax => {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                let from = digits.len().saturating_sub(PHONE_DIGITS_COMPARED);
                let key = digits.get(from..).unwrap_or(&digits).to_owned();
                (key.clone(), key)
            }
            Kind::Email | Kind::Url => (text.clone(), text),
            _ => {
                let key: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
                let plain = key.to_uppercase();
                (key, plain)
            }
        };
        Self {
            key: Zeroizing::new(key),
            plain,
            day,
        }
    }
}

/// The words of a name in speaking order: `schmidt, maria` means `maria schmidt`.
fn ordered_words(text: &str) -> String {
    match text.split_once(',') {
        Some((last, first)) => fold::words(&format!("{first} {last}")),
        None => fold::words(text),
    }
}

fn title_case(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut start = true;
    for character in words.chars() {
        if start {
            out.extend(character.to_uppercase());
        } else {
            out.push(character);
        }
        start = character == ' ';
    }
    out
}

/// Country and trunk prefixes come and go; the last digits are the number.
const PHONE_DIGITS_COMPARED: usize = 10;
