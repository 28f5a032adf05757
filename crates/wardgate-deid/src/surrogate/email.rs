//! E-mail addresses whose names follow the names of the text.

use super::Pseudonyms;
use super::name::{self, NameHints};
use crate::fold;

/// An address at `example.org`: the words of its local part become what stands for them as names.
pub(super) fn address(of: &mut Pseudonyms<'_>, written: &str) -> String {
    let (local, _) = written.split_once('@').unwrap_or((written, ""));
    let key = of.key;
    let folded = fold::fold(local).text.to_lowercase();
    let mut new = String::new();
    let mut word = String::new();
    for character in folded.chars().chain(['\0']) {
        if character.is_alphabetic() {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            let part = name::part_of(&word, &of.avoided.roles);
            let hints = NameHints::default();
            let drawn = name::word_for(of, part, &word, &hints);
            let drawn = fold::words(&drawn).replace(' ', "");
            let len = if word.len() == 1 { 1 } else { drawn.len() };
            new.push_str(drawn.get(..len).unwrap_or_default());
            word.clear();
        }
        match character {
            '0'..='9' => new.push(digit(
                key.number("email digit", &format!("{written}{}", new.len())),
            )),
            '\0' => {}
            other => new.push(other),
        }
    }
    of.made("email", written, |seed| {
        let more = if seed == written {
            String::new()
        } else {
            digit(key.number("email", seed)).to_string()
        };
        format!("{new}{more}@example.org")
    })
}

fn digit(number: u64) -> char {
    char::from_digit(u32::try_from(number % 10).unwrap_or_default(), 10).unwrap_or('0')
}
