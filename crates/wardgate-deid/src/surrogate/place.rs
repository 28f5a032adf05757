//! Streets, cities, postal codes and institutions.

use super::{Pseudonyms, number};
use crate::finding::Part;
use crate::fold;
use crate::gazetteer::surrogates::SurrogateLists;
use crate::language::Language;
use crate::place::{self, Piece};
use crate::shift::in_case_of;

/// The stand-in of an address: each part by itself, the signs between them as they were.
pub(super) fn address(
    of: &mut Pseudonyms<'_>,
    written: &str,
    part: Part,
    language: Language,
) -> String {
    if part != Part::Whole {
        return one(of, written, part, language);
    }
    let mut out = String::with_capacity(written.len() + 8);
    let mut copied = 0;
    for Piece { at, part } in place::pieces(written) {
        out.push_str(written.get(copied..at.start).unwrap_or_default());
        let piece = written.get(at.clone()).unwrap_or_default();
        out.push_str(&one(of, piece, part, language));
        copied = at.end;
    }
    out.push_str(written.get(copied..).unwrap_or_default());
    out
}

fn one(of: &mut Pseudonyms<'_>, written: &str, part: Part, language: Language) -> String {
    let lists = SurrogateLists::of(language);
    let folded = fold::words(written);
    match part {
        Part::Zip => number::same_shape(of, "zip", written),
        Part::State | Part::Country => state(of, written, &folded),
        Part::Street => street(of, written, language),
        _ => {
            let drawn = of.draw("city", &folded, lists.cities, lists.cities);
            in_case_of(written, &drawn)
        }
    }
}

/// A house number of as many digits and another street; a flat keeps its word.
fn street(of: &mut Pseudonyms<'_>, written: &str, language: Language) -> String {
    let lists = SurrogateLists::of(language);
    let words: Vec<&str> = written.split_whitespace().collect();
    let numbered = |word: &&&str| word.bytes().any(|b| b.is_ascii_digit());
    let named: Vec<&str> = words
        .iter()
        .filter(|word| !numbered(word))
        .copied()
        .collect();
    let generic = named
        .iter()
        .all(|word| UNITS.contains(&fold::words(word).as_str()));
    let renumber = |of: &mut Pseudonyms<'_>, word: &str| number::same_shape(of, "house", word);
    if generic {
        let words: Vec<String> = words
            .iter()
            .map(|word| {
                if numbered(&word) {
                    renumber(of, word)
                } else {
                    (*word).to_owned()
                }
            })
            .collect();
        return words.join(" ");
    }
    let folded = fold::words(&named.join(" "));
    let drawn = of.draw("street", &folded, lists.streets, lists.streets);
    let drawn = match written.chars().any(char::is_lowercase) {
        true => drawn,
        false => drawn.to_uppercase(),
    };
    let mut before = Vec::new();
    let mut behind = Vec::new();
    let mut street_seen = false;
    for word in words {
        if !numbered(&&word) {
            street_seen = true;
        } else if street_seen {
            behind.push(renumber(of, word));
        } else {
            before.push(renumber(of, word));
        }
    }
    before.push(drawn);
    before.extend(behind);
    before.join(" ")
}

fn state(of: &mut Pseudonyms<'_>, written: &str, folded: &str) -> String {
    let entries: &[&str] = if written.len() == 2 {
        &STATE_CODES
    } else {
        &STATES
    };
    let drawn = of.draw("state", folded, entries, entries);
    if written.len() == 2 {
        drawn
    } else {
        in_case_of(written, &drawn)
    }
}

/// The generic words stay, the run of other words becomes one that names no institution we know of.
pub(super) fn facility(of: &mut Pseudonyms<'_>, written: &str, language: Language) -> String {
    let lists = SurrogateLists::of(language);
    let mut out = String::with_capacity(written.len() + 8);
    // The signs behind the last word of a run of words that became one.
    let mut behind = "";
    for word in written.split_inclusive(|c: char| c.is_whitespace() || c == '-') {
        let core = word.trim_matches(|c: char| !c.is_alphanumeric());
        let folded = fold::words(core);
        if core.is_empty() || GENERIC.contains(&folded.as_str()) {
            out.push_str(std::mem::take(&mut behind));
            out.push_str(word);
            continue;
        }
        let at = word.len()
            - word
                .trim_start_matches(|c: char| !c.is_alphanumeric())
                .len();
        let (before, tail) = (word.get(..at), word.get(at + core.len()..));
        if std::mem::replace(&mut behind, tail.unwrap_or_default()).is_empty() {
            out.push_str(before.unwrap_or_default());
            let acronym =
                (2..=ACRONYM_MAX).contains(&core.len()) && core.chars().all(char::is_uppercase);
            if acronym && written.trim().len() == core.len() {
                out.push_str(&number::same_shape(of, "facility", core));
            } else {
                let drawn = of.draw("facility", &folded, lists.cities, lists.cities);
                out.push_str(&in_case_of(core, &drawn));
            }
        }
    }
    out.push_str(behind);
    out
}

const UNITS: [&str; 18] = [
    "apt",
    "apartment",
    "suite",
    "ste",
    "unit",
    "room",
    "rm",
    "floor",
    "fl",
    "flat",
    "building",
    "bldg",
    "piso",
    "po",
    "p o",
    "box",
    "postfach",
    "",
];
/// Words that many institutions share.
const GENERIC: [&str; 70] = [
    "hospital",
    "hospitals",
    "clinic",
    "clinics",
    "center",
    "centre",
    "medical",
    "health",
    "healthcare",
    "care",
    "general",
    "university",
    "regional",
    "memorial",
    "community",
    "county",
    "children",
    "childrens",
    "children s",
    "women",
    "women s",
    "veterans",
    "va",
    "rehabilitation",
    "rehab",
    "nursing",
    "home",
    "hospice",
    "pharmacy",
    "laboratory",
    "lab",
    "labs",
    "imaging",
    "surgery",
    "surgical",
    "cancer",
    "heart",
    "institute",
    "group",
    "associates",
    "family",
    "practice",
    "primary",
    "urgent",
    "system",
    "of",
    "the",
    "and",
    "at",
    "for",
    "klinikum",
    "klinik",
    "krankenhaus",
    "universitatsklinikum",
    "praxis",
    "fur",
    "am",
    "der",
    "des",
    "centro",
    "de",
    "salud",
    "la",
    "el",
    "universitario",
    "clinico",
    "servicio",
    "complejo",
    "hospitalario",
    "del",
];
const ACRONYM_MAX: usize = 5;
const STATE_CODES: [&str; 24] = [
    "AL", "AZ", "CO", "CT", "GA", "IA", "IL", "KS", "KY", "LA", "MD", "MI", "MN", "MO", "NC", "NE",
    "NJ", "NM", "OH", "OK", "TN", "UT", "VA", "WI",
];
const STATES: [&str; 24] = [
    "Alabama",
    "Arizona",
    "Colorado",
    "Connecticut",
    "Georgia",
    "Iowa",
    "Illinois",
    "Kansas",
    "Kentucky",
    "Louisiana",
    "Maryland",
    "Michigan",
    "Minnesota",
    "Missouri",
    "Nebraska",
    "Nevada",
    "Ohio",
    "Oklahoma",
    "Tennessee",
    "Utah",
    "Virginia",
    "Wisconsin",
    "Oregon",
    "Montana",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surrogate::PseudonymKey;

    #[test]
    fn institutions_keep_their_generic_words() {
        let key = PseudonymKey::new([3; 32]);
        let mut of = Pseudonyms::new(&key);
        let mut facility = |written: &str| of.facility(written, Language::English);
        let city = |text: String, before: &str, behind: &str| {
            let inner = text
                .strip_prefix(before)
                .and_then(|text| text.strip_suffix(behind));
            let inner = inner.unwrap_or_else(|| panic!("{text}")).to_owned();
            assert!(
                !inner.is_empty() && inner.chars().all(char::is_alphabetic),
                "{text}"
            );
        };
        city(facility("Mercy General Hospital"), "", " General Hospital");
        city(facility("Oak Hill-Ridge Hospital"), "", " Hospital");
        city(facility("the St. Mary's Clinic, "), "the ", " Clinic, ");
        city(
            facility("University of Iowa Hospitals"),
            "University of ",
            " Hospitals",
        );
        city(facility("Elm-Metaxas"), "", "");
        let acronym = facility("MGH");
        assert!(acronym.len() == 3 && acronym != "MGH" && acronym.chars().all(char::is_uppercase));
    }

    #[test]
    fn addresses_keep_their_form() {
        let key = PseudonymKey::new([3; 32]);
        let mut of = Pseudonyms::new(&key);
        let new = of.place(
            "12 Alder Grove Road, Apt 4B, Tillamook, OR 97141",
            Part::Whole,
            Language::English,
        );
        let parts: Vec<&str> = new.split(", ").collect();
        assert_eq!(parts.len(), 4, "{new}");
        assert!(parts[1].starts_with("Apt ") && parts[1].len() == 6, "{new}");
        assert!(parts[3].len() == 8 && parts[3] != "OR 97141", "{new}");
        let new = of.place("Hauptstr. 5, 72074 Tübingen", Part::Whole, Language::German);
        assert!(
            !new.contains("Haupt") && !new.contains("72074") && !new.contains("Tübingen"),
            "{new}"
        );
    }
}
