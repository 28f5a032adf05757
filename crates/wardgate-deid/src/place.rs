//! An address taken apart: street, city, postal code, state, country.

use std::ops::Range;

use crate::finding::Part;
use crate::fold;
use crate::lexicon::{Class, lexicon};

/// A part of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Bytes of the address.
    pub(crate) at: Range<usize>,
    pub(crate) part: Part,
}

/// The parts of an address in their order; signs and spaces between them belong to none.
pub(crate) fn pieces(address: &str) -> impl Iterator<Item = Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for segment in address.split([',', ';', '\n', '\r', '|']) {
        let start = at + segment.len() - segment.trim_start().len();
        segment_pieces(segment.trim(), start, &mut pieces);
        at += segment.len() + 1;
    }
    pieces.into_iter()
}

/// The name of a postal state, when the text is one.
pub(crate) fn is_state(text: &str) -> bool {
    let folded = fold::words(text);
    let abbreviation = text.len() == 2
        && text.bytes().all(|b| b.is_ascii_uppercase())
        && lexicon().classes_of(&folded).any(Class::STATE);
    abbreviation || STATES.contains(&folded.as_str())
}

fn segment_pieces(segment: &str, start: usize, pieces: &mut Vec<Piece>) {
    let words: Vec<Range<usize>> = words(segment);
    let text = |word: &Range<usize>| segment.get(word.clone()).unwrap_or_default();
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return;
    };
    let mut push = |at: Range<usize>, part| {
        if at.start < at.end {
            let at = at.start + start..at.end + start;
            pieces.push(Piece { at, part });
        }
    };
    let whole = first.start..last.end;
    let streets = words.iter().any(|word| is_street_word(text(word)));
    // `IL 62704`, `Springfield IL 62704-1234`, `Springfield 62704`.
    if is_code(text(last)) && !(streets && words.len() > 3) {
        let before = words.get(..words.len() - 1).unwrap_or_default();
        place(segment, before, &mut push);
        return push(last.clone(), Part::Zip);
    }
    // `28013 Madrid`, `72074 Tübingen`.
    if is_code(text(first)) && !streets {
        push(first.clone(), Part::Zip);
        return place(segment, words.get(1..).unwrap_or_default(), &mut push);
    }
    if let Some(code) = lettered_code(segment, &words) {
        let before: Vec<_> = words
            .iter()
            .filter(|w| w.end <= code.start)
            .cloned()
            .collect();
        place(segment, &before, &mut push);
        return push(code, Part::Zip);
    }
    if streets || segment.bytes().any(|b| b.is_ascii_digit()) {
        return push(whole, Part::Street);
    }
    place(segment, &words, &mut push);
}

/// A city, a state, a city and its state, or a country.
fn place(segment: &str, words: &[Range<usize>], push: &mut dyn FnMut(Range<usize>, Part)) {
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return;
    };
    let text = |at: Range<usize>| segment.get(at).unwrap_or_default();
    let whole = first.start..last.end;
    if COUNTRIES.contains(&fold::words(text(whole.clone())).as_str()) {
        return push(whole, Part::Country);
    }
    if is_state(text(whole.clone())) {
        return push(whole, Part::State);
    }
    let before = words.iter().rev().nth(1);
    match before {
        Some(before) if is_state(text(last.clone())) => {
            push(first.start..before.end, Part::City);
            push(last.clone(), Part::State);
        }
        _ => push(whole, Part::City),
    }
}

fn words(segment: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in segment.split(char::is_whitespace) {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        at += word.len();
        at += segment
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(1, char::len_utf8);
    }
    words
}

/// `62704`, `62704-1234`.
fn is_code(word: &str) -> bool {
    let (code, more) = word.split_once('-').unwrap_or((word, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    code.len() == 5 && digits(code) && digits(more) && matches!(more.len(), 0 | 4)
}

/// `SW1A 1AA`, `K1A 0B1` at the end of a segment.
fn lettered_code(segment: &str, words: &[Range<usize>]) -> Option<Range<usize>> {
    let [.., outward, inward] = words else {
        return None;
    };
    let mixed = |word: &str| {
        word.len() <= 4
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_uppercase())
            && word.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let both = mixed(segment.get(outward.clone())?) && mixed(segment.get(inward.clone())?);
    both.then_some(outward.start..inward.end)
}

fn is_street_word(word: &str) -> bool {
    let folded = fold::words(word);
    let classes = lexicon().classes_of(&folded);
    let named = Class::STREET
        .with(Class::STREET_FIRST)
        .with(Class::UNIT_WORD);
    // A state's abbreviation (`CT`) and a saint (`St. Louis`) are no streets by themselves.
    let doubtful = word.len() == 2 && word.bytes().all(|b| b.is_ascii_uppercase());
    let saint = word == "St." || word == "St";
    classes.any(named) && !doubtful && !saint
        || JOINED_STREETS
            .iter()
            .any(|end| folded.len() > end.len() + 2 && folded.ends_with(end))
        || folded == "c"
}

const JOINED_STREETS: [&str; 8] = [
    "strasse", "str", "weg", "platz", "allee", "gasse", "damm", "ufer",
];
const STATES: [&str; 51] = [
    "alabama",
    "alaska",
    "arizona",
    "arkansas",
    "california",
    "colorado",
    "connecticut",
    "delaware",
    "florida",
    "georgia",
    "hawaii",
    "idaho",
    "illinois",
    "indiana",
    "iowa",
    "kansas",
    "kentucky",
    "louisiana",
    "maine",
    "maryland",
    "massachusetts",
    "michigan",
    "minnesota",
    "mississippi",
    "missouri",
    "montana",
    "nebraska",
    "nevada",
    "new hampshire",
    "new jersey",
    "new mexico",
    "new york state",
    "north carolina",
    "north dakota",
    "ohio",
    "oklahoma",
    "oregon",
    "pennsylvania",
    "puerto rico",
    "rhode island",
    "south carolina",
    "south dakota",
    "tennessee",
    "texas",
    "utah",
    "vermont",
    "virginia",
    "washington state",
    "west virginia",
    "wisconsin",
    "wyoming",
];
const COUNTRIES: [&str; 20] = [
    "usa",
    "us",
    "united states",
    "united states of america",
    "uk",
    "united kingdom",
    "england",
    "canada",
    "mexico",
    "germany",
    "deutschland",
    "austria",
    "osterreich",
    "switzerland",
    "schweiz",
    "spain",
    "espana",
    "france",
    "italy",
    "ireland",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(address: &str) -> Vec<(&str, Part)> {
        pieces(address)
            .map(|piece| (&address[piece.at], piece.part))
            .collect()
    }

    #[test]
    fn addresses_come_apart() {
        use Part::{City, Country, State, Street, Zip};
        assert_eq!(
            parts("12 Alder Grove Road, Apt 4B, Tillamook, OR 97141-0001"),
            [
                ("12 Alder Grove Road", Street),
                ("Apt 4B", Street),
                ("Tillamook", City),
                ("OR", State),
                ("97141-0001", Zip)
            ]
        );
        assert_eq!(
            parts("St. Louis MO 63101"),
            [("St. Louis", City), ("MO", State), ("63101", Zip)]
        );
        assert_eq!(
            parts("Hauptstr. 5, 72074 Tübingen"),
            [("Hauptstr. 5", Street), ("72074", Zip), ("Tübingen", City)]
        );
        assert_eq!(
            parts("C/ Mayor 5\n28013 Madrid, España"),
            [
                ("C/ Mayor 5", Street),
                ("28013", Zip),
                ("Madrid", City),
                ("España", Country)
            ]
        );
        assert_eq!(
            parts("10 High Street, London SW1A 1AA"),
            [
                ("10 High Street", Street),
                ("London", City),
                ("SW1A 1AA", Zip)
            ]
        );
        assert_eq!(
            parts("Portland, Oregon"),
            [("Portland", City), ("Oregon", State)]
        );
        assert_eq!(parts("12345 Main Street"), [("12345 Main Street", Street)]);
        assert_eq!(parts("97141"), [("97141", Zip)]);
        assert_eq!(parts(" , \n"), []);
    }
}
