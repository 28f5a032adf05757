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
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// Adds what the rules find in a text.
pub(crate) fn find(lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
    network::emails(lexed.text, findings);
    network::urls(lexed.text, findings);
    for (at, token) in lexed.tokens.iter().enumerate() {
        if token.shape == Shape::Number {
            at_number(lexed, at, findings);
        } else {
            at_word(lexed, at, token.classes, findings);
        }
    }
}

fn at_number(lexed: &Lexed<'_>, at: usize, findings: &mut Vec<Finding>) {
    if let Some(date) = date::read(lexed, at) {
        let span = date.start..date.end;
        findings.push(Finding::exact(span, Kind::Date, date.score, "exact.date"));
    }
    findings.extend(network::ip(lexed, at));
    findings.extend(contact::phone(lexed, at));
    findings.extend(number::formatted(lexed, at));
    findings.extend(address::street(lexed, at));
    findings.extend(age::over_89(lexed, at));
}

fn at_word(lexed: &Lexed<'_>, at: usize, classes: Class, findings: &mut Vec<Finding>) {
    let joined = lexed.token(at + 1).is_some() && lexed.gap(at + 1).len() <= 1;
    if joined {
        findings.extend(network::ip(lexed, at));
        findings.extend(number::lettered(lexed, at));
        findings.extend(address::postcode(lexed, at));
        findings.extend(address::joined_street(lexed, at));
        findings.extend(person::credentialed(lexed, at));
    } else if lexed.gap(at + 1).starts_with(". ") {
        findings.extend(address::joined_street(lexed, at));
    }
    findings.extend(address::post_box(lexed, at));
    if classes == Class::default() {
        findings.extend(person::named(lexed, at));
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
    findings.extend(person::named(lexed, at));
}
