//! The names and places of `data/`, by culture and country.

use std::sync::LazyLock;

use crate::random::Random;

/// Given names and surnames of one culture.
#[derive(Debug, Default)]
pub(crate) struct Culture {
    pub(crate) name: &'static str,
    pub(crate) female: Vec<&'static str>,
    pub(crate) male: Vec<&'static str>,
    pub(crate) last: Vec<&'static str>,
}

impl Culture {
    pub(crate) fn surname(&self, random: &mut Random) -> String {
        let listed = random.word(&self.last);
        if self.name == "tail" {
            capital(listed)
        } else {
            listed.to_string()
        }
    }
}

/// A culture by its name in `persons.txt`.
pub(crate) fn culture(name: &str) -> Option<&'static Culture> {
    CULTURES.iter().find(|culture| culture.name == name)
}

/// The places of one section of `places.txt`, for example `us city`.
pub(crate) fn places(section: &str) -> &'static [&'static str] {
    PLACES
        .iter()
        .find(|(name, _)| *name == section)
        .map_or(&[][..], |(_, words)| words)
}

type Section = (&'static str, Vec<&'static str>);

/// Sections `[name]` with words parted by `;`.
fn sections(text: &'static str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for line in text.lines() {
        let name = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(name) = name {
            found.push((name, Vec::new()));
        } else if let Some((_, words)) = found.last_mut() {
            words.extend(line.split(';').filter(|word| !word.is_empty()));
        }
    }
    found
}

fn cultures() -> Vec<Culture> {
    let mut found: Vec<Culture> = Vec::new();
    for (section, words) in sections(include_str!("../data/persons.txt")) {
        let (name, part) = section.rsplit_once(' ').unwrap_or((section, ""));
        if found.last().is_none_or(|culture| culture.name != name) {
            found.push(Culture {
                name,
                ..Culture::default()
            });
        }
        if let Some(culture) = found.last_mut() {
            match part {
                "f" => culture.female = words,
                "m" => culture.male = words,
                _ => culture.last = words,
            }
        }
    }
    // The long tail of surnames is the list that the detector looks names up in.
    if let Some(tail) = found.iter_mut().find(|culture| culture.name == "tail") {
        tail.last = tail_surnames();
    }
    found
}

/// Lower-case surnames of all the world.
fn tail_surnames() -> Vec<&'static str> {
    let text = include_str!("../../wardgate-deid/data/people/surnames.txt");
    let lines = text.lines().filter(|line| !line.starts_with('['));
    lines
        .flat_map(str::split_whitespace)
        .filter(|word| word.chars().all(char::is_alphabetic))
        .collect()
}

/// The word with a capital.
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

static CULTURES: LazyLock<Vec<Culture>> = LazyLock::new(cultures);

static PLACES: LazyLock<Vec<Section>> =
    LazyLock::new(|| sections(include_str!("../data/places.txt")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_culture_has_all_three_lists() {
        for culture in CULTURES.iter() {
            assert!(culture.female.len() >= 12, "{}", culture.name);
            assert!(culture.male.len() >= 10, "{}", culture.name);
            assert!(culture.last.len() >= 10, "{}", culture.name);
        }
        assert!(places("us city").len() > 500);
    }
}
