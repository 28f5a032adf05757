//! The exact layer: rules with validators and context.
//!
//! Each rule is anchored at one token and looks at a bounded number of tokens
//! around it, so that the whole is linear in the text, whatever the text is.

mod address;
mod age;
mod contact;
mod cued;
pub(crate) mod date;
mod encoded;
mod facility;
mod network;
mod number;
mod person;
pub(crate) mod quantity;

use crate::finding::Finding;
use crate::lexer::{Lexed, Shape, Token};
use crate::lexicon::Class;

/// Adds what the rules find in a text.
pub(crate) fn find(lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
    encoded::find(lexed.text, findings);
    find_plain(lexed, findings);
}

/// The same without looking into what is encoded.
fn find_plain(lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
    network::emails(lexed.text, findings);
    network::urls(lexed.text, findings);
    for (at, token) in lexed.tokens.iter().enumerate() {
        let after = lexed.after(token);
        if token.shape == Shape::Number {
            at_number(lexed, at, token.len(), after, findings);
        } else {
            at_word(lexed, at, token, after, findings);
        }
    }
}

/// The byte behind a number rules most rules out before they look.
fn at_number(lexed: &Lexed<'_>, at: usize, len: usize, after: u8, findings: &mut Vec<Finding>) {
    let date = date::find(lexed, at);
    findings.extend(date);
    findings.extend(person::starred(lexed, at));
    if date.is_some_and(|date| date.score > DATE_SCORE_SURE) {
        findings.extend(cued::suffixed(lexed, at));
        return;
    }
    if len <= 3 {
        findings.extend(age::age(lexed, at));
    }
    if matches!(after, b'.' | b':' | b'-') {
        findings.extend(network::ip(lexed, at));
    }
    if lexed.is(at, Class::QUANTITY) {
        if len >= 3 {
            findings.extend(contact::phone(lexed, at));
        }
        return;
    }
    if after.is_ascii_alphabetic() {
        if len <= 4 {
            findings.extend(network::ip(lexed, at));
        }
        findings.extend(number::lettered(lexed, at));
    }
    findings.extend(contact::phone(lexed, at));
    findings.extend(number::formatted(lexed, at));
    if len >= 3 {
        findings.extend(cued::suffixed(lexed, at));
    }
    findings.extend(cued::serial(lexed, at));
    if after == b'-' || after.is_ascii_uppercase() {
        findings.extend(number::code(lexed, at));
    }
    if len == 4 {
        findings.extend(number::masked(lexed, at));
    } else if len == 2 && after == b')' {
        findings.extend(number::udi(lexed, at));
    }
    findings.extend(address::street(lexed, at));
    if matches!(len, 4 | 5) {
        findings.extend(address::city_behind(lexed, at));
        findings.extend(address::state_before(lexed, at));
    }
}

fn at_word(lexed: &Lexed<'_>, at: usize, token: &Token, after: u8, findings: &mut Vec<Finding>) {
    if token.len() == 2
        && lexed
            .before(token)
            .is_some_and(|byte| matches!(byte, b'(' | b'[' | b'{'))
    {
        findings.extend(network::spelled_email(lexed, at));
    }
    before_sign(lexed, at, token, after, findings);
    if token.len() >= 3 {
        if token.shape.begins_capital() {
            findings.extend(facility::joined(lexed, at));
        }
        findings.extend(address::german_street(lexed, at));
    }
    let classes = token.classes;
    if !classes.any(ANCHORS) {
        return;
    }
    if classes.any(Class::MONTH) {
        findings.extend(date::find(lexed, at));
    }
    if classes.any(cued::CUES) {
        findings.extend(cued::number(lexed, at));
    }
    if classes.any(person::CUES) {
        findings.extend(person::cued(lexed, at));
    }
    if classes.any(facility::CUES) {
        findings.extend(facility::cued(lexed, at));
    }
    if classes.any(address::CUES) {
        findings.extend(address::cued(lexed, at));
    }
    if classes.any(Class::UNIT_WORD.with(Class::NUMBER_FILLER)) {
        findings.extend(contact::inner(lexed, at));
    }
    if classes.any(Class::AGE_LABEL) {
        findings.extend(age::in_words(lexed, at));
    }
    if classes.any(Class::TOP_DOMAIN) {
        findings.extend(network::domain(lexed, at));
    }
    if classes.any(Class::PHRASE) {
        findings.extend(person::named(lexed, at));
        findings.extend(address::post_box(lexed, at));
    }
}

/// Rules that begin at a word with a sign or a digit right behind it.
fn before_sign(
    lexed: &Lexed<'_>,
    at: usize,
    token: &Token,
    after: u8,
    findings: &mut Vec<Finding>,
) {
    match after {
        b'.' => {
            findings.extend(network::ip(lexed, at));
            findings.extend(person::credentialed(lexed, at));
        }
        b':' => findings.extend(network::ip(lexed, at)),
        b'-' => {
            findings.extend(network::ip(lexed, at));
            if token.shape.begins_capital() && token.len() <= 5 {
                findings.extend(number::code(lexed, at));
                findings.extend(cued::serial(lexed, at));
            }
        }
        b'0'..=b'9' => {
            findings.extend(number::lettered(lexed, at));
            findings.extend(address::postcode(lexed, at));
            if token.len() == 1 {
                findings.extend(contact::inner(lexed, at));
            }
            findings.extend(cued::serial(lexed, at));
            findings.extend(number::code(lexed, at));
            if token.len() <= 4 {
                findings.extend(network::ip(lexed, at));
            }
        }
        _ => {}
    }
}

/// From this score on, a number that begins a date begins nothing else.
const DATE_SCORE_SURE: f32 = 0.85;
/// Words at which some rule begins.
const ANCHORS: Class = cued::CUES
    .with(facility::CUES)
    .with(Class::AGE_LABEL)
    .with(Class::UNIT_WORD)
    .with(Class::NUMBER_FILLER)
    .with(person::CUES)
    .with(address::CUES)
    .with(Class::MONTH)
    .with(Class::TOP_DOMAIN);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::find;
    use crate::fold;
    use crate::lexer::{Lexed, steps};
    use crate::lexicon::lexicon;

    /// How often the rules look at tokens and gaps of a text.
    fn steps_of(text: &str) -> usize {
        let folded = fold::fold(text);
        steps::take();
        let lexed = Lexed::new(&folded.text, lexicon());
        let mut findings = Vec::new();
        find(&lexed, &mut findings);
        steps::take()
    }

    /// What rules look for, to be strung together in the worst way.
    fn piece() -> impl Strategy<Value = String> {
        let pieces = [
            "Dr. ",
            "12 ",
            "3/4 ",
            "3.4. ",
            "- ",
            "12-",
            "A1-",
            "Calle ",
            "de la ",
            "Hospital ",
            "St. ",
            "MRN ",
            "# : ",
            "Main St, ",
            "Smith ",
            "J. ",
            "(at) ",
            "a.b.",
            "1:",
            "fe80:",
            "by ",
            "to ",
            "x",
            "\n",
            "é",
            "Patient: ",
            "geb. ",
            "ext ",
            "www.",
            "@",
            "März ",
            "no. ",
            "ID ",
            "NY 10001 ",
            "Klinik ",
            "%40",
            "&amp;",
            "**",
            "J_o_",
        ];
        proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn twice_the_text_takes_at_most_about_twice_the_steps(pieces in prop::collection::vec(piece(), 1..6)) {
            let unit = pieces.concat();
            let (once, twice) = (steps_of(&unit.repeat(400)), steps_of(&unit.repeat(800)));
            prop_assert!(twice <= once * 9 / 4 + 2_000, "{once} and {twice} steps for {unit:?}");
        }
    }
}
