//! The exact layer: rules with validators and context.
//!
//! Each rule is anchored at one token and looks at a bounded number of tokens
//! around it, so that the whole is linear in the text, whatever the text is.

mod address;
mod age;
mod contact;
mod cued;
pub(crate) mod date;
mod network;
mod number;
mod person;

use crate::finding::{Finding, Kind};
use crate::lexer::{Lexed, Shape, Token};
use crate::lexicon::Class;

/// Adds what the rules find in a text.
pub(crate) fn find(lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
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
    if let Some(date) = date::read(lexed, at) {
        let span = date.start..date.end;
        findings.push(Finding::exact(span, Kind::Date, date.score, "exact.date"));
    }
    if matches!(after, b'.' | b':' | b'-') {
        findings.extend(network::ip(lexed, at));
    }
    if after.is_ascii_alphabetic() {
        findings.extend(number::lettered(lexed, at));
    }
    findings.extend(contact::phone(lexed, at));
    findings.extend(number::formatted(lexed, at));
    findings.extend(address::street(lexed, at));
    if matches!(len, 2 | 3) {
        findings.extend(age::over_89(lexed, at));
    }
}

fn at_word(lexed: &Lexed<'_>, at: usize, token: &Token, after: u8, findings: &mut Vec<Finding>) {
    match after {
        b'.' => {
            findings.extend(network::ip(lexed, at));
            findings.extend(person::credentialed(lexed, at));
        }
        b':' | b'-' => findings.extend(network::ip(lexed, at)),
        b'0'..=b'9' => {
            findings.extend(number::lettered(lexed, at));
            findings.extend(address::postcode(lexed, at));
        }
        _ => {}
    }
    if token.shape == Shape::Capital || token.shape == Shape::Upper {
        findings.extend(address::joined_street(lexed, at));
    }
    let classes = token.classes;
    if classes == Class::default() || classes == Class::COMMON {
        return;
    }
    if classes.any(Class::MONTH)
        && let Some(date) = date::read(lexed, at)
    {
        let span = date.start..date.end;
        findings.push(Finding::exact(span, Kind::Date, date.score, "exact.date"));
    }
    if classes.any(cued::CUES) {
        findings.extend(cued::number(lexed, at));
    }
    if classes.any(person::CUES) {
        findings.extend(person::cued(lexed, at));
    }
    if classes.any(address::CUES) {
        findings.extend(address::cued(lexed, at));
    }
    if classes.any(Class::TOP_DOMAIN) {
        findings.extend(network::domain(lexed, at));
    }
    if classes.any(Class::PHRASE) {
        findings.extend(person::named(lexed, at));
        findings.extend(address::post_box(lexed, at));
    }
}
