//! Gives persons of a text names that are also words, so that the tagger learns to read the sentence.

use crate::corpus::Document;
use crate::random::Random;
use wardgate_deid::Kind;

/// The text with one person of two capitalised words renamed everywhere; nothing when it has none.
#[must_use]
pub fn rename(document: &Document, random: &mut Random) -> Option<Document> {
    let names = document
        .spans
        .iter()
        .filter(|s| s.mark.kind == Some(Kind::Name));
    let full: Vec<(&str, &str)> = names
        .filter_map(|span| two_words(document.text.get(span.mark.at.clone())?))
        .collect();
    let (given, family) = *full.get(random.below(full.len()))?;
    let new_given = *GIVEN.get(random.below(GIVEN.len()))?;
    let new_family = *FAMILY.get(random.below(FAMILY.len()))?;
    let replace = |word: &str| match word {
        _ if word == given => Some(new_given),
        _ if word == family => Some(new_family),
        _ => None,
    };
    Some(rewrite(document, replace))
}

/// `Jane Smith`, where nothing but a space stands between the two.
fn two_words(name: &str) -> Option<(&str, &str)> {
    let (given, family) = name.split_once(' ')?;
    let plain = |word: &str| {
        word.len() > 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.bytes().skip(1).all(|b| b.is_ascii_lowercase())
    };
    (plain(given) && plain(family)).then_some((given, family))
}

/// The text with words of its names replaced, and the spans where they then are.
fn rewrite<'w>(document: &Document, replace: impl Fn(&str) -> Option<&'w str>) -> Document {
    let mut out = Document {
        text: String::with_capacity(document.text.len()),
        spans: Vec::with_capacity(document.spans.len()),
        ..document.clone()
    };
    let mut copied = 0;
    for span in &document.spans {
        let at = span.mark.at.clone();
        if at.start < copied {
            return document.clone();
        }
        out.text
            .push_str(document.text.get(copied..at.start).unwrap_or_default());
        let start = out.text.len();
        let inside = document.text.get(at.clone()).unwrap_or_default();
        if span.mark.kind == Some(Kind::Name) {
            for part in inside.split_inclusive(|c: char| !c.is_alphanumeric()) {
                let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
                let rest = part.get(word.len()..).unwrap_or_default();
                out.text.push_str(replace(word).unwrap_or(word));
                out.text.push_str(rest);
            }
        } else {
            out.text.push_str(inside);
        }
        let mut moved = span.clone();
        moved.mark.at = start..out.text.len();
        out.spans.push(moved);
        copied = at.end;
    }
    out.text
        .push_str(document.text.get(copied..).unwrap_or_default());
    out
}

const GIVEN: &[&str] = &[
    "Rose",
    "Grace",
    "Hope",
    "Faith",
    "Joy",
    "Dawn",
    "Summer",
    "Autumn",
    "April",
    "June",
    "Mark",
    "Will",
    "Bill",
    "Grant",
    "Art",
    "Gene",
    "Ray",
    "Chase",
    "Drew",
    "Pat",
    "Frank",
    "Rich",
    "Dale",
    "Penny",
    "Ivy",
    "Olive",
    "Pearl",
    "Ruby",
    "Amber",
    "Violet",
    "Heather",
    "Holly",
    "Iris",
    "Lily",
    "Brook",
    "Skye",
    "Miles",
    "Guy",
    "Carol",
    "Christian",
    "Clay",
    "Cliff",
    "Dean",
    "Earl",
    "Glen",
    "Jack",
    "Jay",
    "Lance",
    "Max",
    "Melody",
    "Nick",
    "Norm",
    "Paige",
    "Reed",
    "Rob",
    "Robin",
    "Rusty",
    "Sandy",
    "Sterling",
    "Sue",
    "Victor",
    "Wade",
    "Ward",
    "Angel",
    "Charity",
    "Constance",
    "Mercy",
    "Jasmine",
    "Ginger",
    "Basil",
    "Sage",
    "Daisy",
    "Fern",
    "Hazel",
    "Laurel",
    "Myrtle",
    "Poppy",
    "Willow",
    "Star",
    "Crystal",
    "Coral",
    "Opal",
    "Jade",
    "Chance",
    "Colt",
    "Forest",
    "Harry",
    "Mason",
    "Hunter",
    "Tanner",
    "Parker",
    "Carter",
    "Porter",
    "Brian",
    "David",
    "Angela",
];
const FAMILY: &[&str] = &[
    "Head",
    "Hand",
    "Hart",
    "Blood",
    "Bone",
    "Shin",
    "Short",
    "Long",
    "Small",
    "Little",
    "Young",
    "Best",
    "Good",
    "Sharp",
    "Strong",
    "Weeks",
    "Day",
    "Knight",
    "Winter",
    "Summers",
    "Waters",
    "Brooks",
    "Lake",
    "Hill",
    "Fields",
    "Woods",
    "Stone",
    "Rock",
    "Sands",
    "Church",
    "Bishop",
    "Abbott",
    "Pope",
    "King",
    "Prince",
    "Cook",
    "Baker",
    "Carpenter",
    "Cooper",
    "Mason",
    "Miller",
    "Fisher",
    "Hunter",
    "Fox",
    "Wolf",
    "Bird",
    "Crane",
    "Drake",
    "Swan",
    "Lamb",
    "Bull",
    "Case",
    "Price",
    "Rich",
    "Love",
    "Payne",
    "Burns",
    "Cross",
    "Chase",
    "Park",
    "Banks",
    "Bridges",
    "Street",
    "House",
    "Hall",
    "Chambers",
    "Castle",
    "Gates",
    "Key",
    "Bell",
    "Ball",
    "Bond",
    "Cage",
    "Glass",
    "Green",
    "Brown",
    "Black",
    "White",
    "Gray",
    "Golden",
    "Silver",
    "Noble",
    "Powers",
    "Rice",
    "Berry",
    "Flowers",
    "Rose",
    "Bush",
    "Reed",
    "Moss",
    "Snow",
    "Frost",
    "Storm",
    "Gale",
    "Addison",
    "Parkinson",
    "Cushing",
    "Graves",
    "Hodgkin",
    "Wilson",
    "Turner",
    "Marshall",
    "Barrett",
    "Foley",
    "Murphy",
    "Crohn",
    "Babinski",
    "Allen",
    "Apgar",
    "Duke",
    "Major",
    "Minor",
    "Page",
    "Call",
    "Down",
    "Still",
    "Pain",
    "March",
    "May",
    "Monday",
    "Walker",
    "Cain",
    "Patch",
];
