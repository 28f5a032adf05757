//! E-mail addresses, web addresses, IP and hardware addresses.

use std::net::Ipv6Addr;

use crate::finding::{Finding, Kind};
use crate::lexer::Lexed;
use crate::lexicon::Class;

/// E-mail addresses, each anchored at its `@`.
pub(super) fn emails(text: &str, findings: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes) {
        let (mut before, mut after) = (
            bytes.get(..at).unwrap_or_default(),
            bytes.get(at + 1..).unwrap_or_default(),
        );
        // `ann.lee @ example.org`
        let (mut from, mut to) = (at, at + 1);
        if let ([rest @ .., b' '], [b' ', host @ ..]) = (before, after) {
            (before, after) = (rest, host);
            (from, to) = (at - 1, at + 2);
        }
        let is_local =
            |b: &&u8| b.is_ascii_alphanumeric() || **b >= 0x80 || b".!#$%&*+-/=?^_{|}~".contains(b);
        let local = before
            .iter()
            .rev()
            .take(LOCAL_LEN_MAX)
            .take_while(is_local)
            .count();
        let own = before.get(from - local..).unwrap_or_default();
        let leading = own
            .iter()
            .take_while(|b| !b.is_ascii_alphanumeric() && **b < 0x80)
            .count();
        let is_domain =
            |b: &&u8| b.is_ascii_alphanumeric() || **b >= 0x80 || matches!(b, b'.' | b'-');
        let mut domain = after
            .iter()
            .take(DOMAIN_LEN_MAX)
            .take_while(is_domain)
            .count();
        while domain > 0
            && !after
                .get(domain - 1)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
        {
            domain -= 1;
        }
        let name = after.get(..domain).unwrap_or_default();
        let top = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
        let dotted =
            top.len() >= 2 && top.len() < name.len() && top.iter().all(|b| !b.is_ascii_digit());
        let spaced = from < at;
        let small = top.iter().all(u8::is_ascii_lowercase)
            && own.iter().any(|b| matches!(b, b'.' | b'_' | b'0'..=b'9'));
        if local > leading && dotted && (!spaced || small) {
            let span = from - local + leading..to + domain;
            if text.get(span.clone()).is_some() {
                findings.push(Finding::exact(span, Kind::Email, 1.0, "exact.email"));
            }
        }
    }
}

/// `ann.lee (at) example (dot) org`: anchored at `at`.
pub(super) fn spelled_email(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let dot = |index: usize| {
        let written = matches!(lexed.gap(index), "." | " . ");
        if written {
            return Some(index);
        }
        let word = lexed.is_word(index, "dot")
            && is_bracket(lexed.gap(index))
            && is_bracket(lexed.gap(index + 1));
        word.then_some(index + 1)
    };
    if !lexed.is_word(at, "at") || !is_bracket(lexed.gap(at)) || !is_bracket(lexed.gap(at + 1)) {
        return None;
    }
    let host = at + 1;
    let mut last = host;
    for _ in 0..LABELS_MAX {
        match dot(last + 1) {
            Some(next) if lexed.token(next).is_some() => last = next,
            _ => break,
        }
    }
    let ends = lexed.is(last, Class::TOP_DOMAIN) || lexed.str(last).len() == 2;
    if last == host || !ends {
        return None;
    }
    let mut first = at.checked_sub(1)?;
    while first > 0 && matches!(lexed.gap(first), "." | "_" | "-" | "") && at - first < LABELS_MAX {
        first -= 1;
    }
    Some(Finding::exact(
        lexed.span(first, last),
        Kind::Email,
        0.8,
        "exact.email",
    ))
}

fn is_bracket(gap: &str) -> bool {
    gap.len() <= 3
        && gap
            .bytes()
            .all(|b| matches!(b, b' ' | b'(' | b')' | b'[' | b']' | b'{' | b'}'))
}

/// Web addresses with a scheme.
pub(super) fn urls(text: &str, findings: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let mut behind = 0;
    for at in memchr::memmem::find_iter(bytes, b"://") {
        if at < behind {
            continue;
        }
        let before = bytes.get(..at).unwrap_or_default();
        let scheme = before
            .iter()
            .rev()
            .take(SCHEME_LEN_MAX)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        if scheme < 2 {
            continue;
        }
        let end = url_end(bytes, at + 3, URL_LEN_MAX);
        if end > at + 3 {
            behind = end;
            findings.push(Finding::exact(
                at - scheme..end,
                Kind::Url,
                1.0,
                "exact.url",
            ));
        }
    }
}

/// `www.example.org/a`, `example.com`: anchored at the top domain.
pub(super) fn domain(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let (mut first, mut labels) = (at, 0);
    while first > 0 && labels < LABELS_MAX && matches!(lexed.gap(first), "." | "-" | "") {
        first -= 1;
        labels += 1;
    }
    let token = lexed.token(at)?;
    let start = lexed.token(first)?.start;
    let bytes = lexed.text.as_bytes();
    let next = bytes.get(token.end).copied().unwrap_or(b' ');
    let after = bytes.get(token.end + 1).copied().unwrap_or(b' ');
    let ends = !(next.is_ascii_alphanumeric()
        || next == b'@'
        || (next == b'.' && after.is_ascii_alphanumeric()));
    let stands = start == 0 || !matches!(bytes.get(start - 1), Some(b'@' | b'.' | b'/'));
    let label = lexed.str(at.checked_sub(1)?).len() >= 2;
    if labels == 0 || lexed.gap(at) != "." || !ends || !stands || !label {
        return None;
    }
    let end = if matches!(next, b'/' | b':' | b'?') {
        url_end(bytes, token.end, PATH_LEN_MAX)
    } else {
        token.end
    };
    Some(Finding::exact(start..end, Kind::Url, 0.7, "exact.domain"))
}

/// IPv4, IPv6 and hardware addresses that begin at a token.
pub(super) fn ip(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    match lexed.gap(at + 1) {
        "." => ipv4(lexed, at),
        ":" | "::" | "-" => colons(lexed, at),
        "" if (at + 2..at + 4).any(|index| matches!(lexed.gap(index), ":" | "::" | "-")) => {
            colons(lexed, at)
        }
        _ => None,
    }
}

fn ipv4(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let octet = |index: usize| {
        let short = lexed.digits(index).is_some_and(|digits| digits.len() <= 3);
        short && lexed.value(index).is_some_and(|value| value <= 255)
    };
    let dotted = (at + 1..at + 4).all(|index| lexed.gap(index) == ".");
    if !dotted || !(at..at + 4).all(octet) {
        return None;
    }
    let goes_on = lexed.gap(at + 4) == "." && lexed.digits(at + 4).is_some();
    let before = at > 0 && matches!(lexed.gap(at), "." | "");
    if goes_on || before || at > 0 && lexed.is(at - 1, Class::VERSION) {
        return None;
    }
    Some(Finding::exact(
        lexed.span(at, at + 3),
        Kind::Ip,
        0.9,
        "exact.ipv4",
    ))
}

fn colons(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let start = lexed.token(at)?.start;
    let bytes = lexed.text.as_bytes();
    if start > 0
        && matches!(
            bytes.get(start - 1),
            Some(b':' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
        )
    {
        return None;
    }
    let rest = bytes.get(start..)?;
    let is_part = |b: &&u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'-');
    let len = rest.iter().take(IPV6_LEN_MAX).take_while(is_part).count();
    let run = std::str::from_utf8(rest.get(..len)?).ok()?;
    let run = run.trim_end_matches(['.', '-']);
    let separator = if run.contains(':') { ':' } else { '-' };
    let pairs = run.split(separator).filter(|pair| pair.len() == 2).count();
    if pairs == 6 && run.len() == 17 {
        let span = start..start + run.len();
        return Some(Finding::exact(
            span,
            Kind::Device,
            0.9,
            "exact.hardware_address",
        ));
    }
    if run.matches(':').count() < 2 || run.parse::<Ipv6Addr>().is_err() {
        return None;
    }
    Some(Finding::exact(
        start..start + run.len(),
        Kind::Ip,
        0.9,
        "exact.ipv6",
    ))
}

/// Where an address that goes on at `from` ends: at white space or a closing mark, without punctuation.
fn url_end(bytes: &[u8], from: usize, len_max: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let is_part = |b: &&u8| {
        b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'`' | b'\\' | b'{' | b'}')
    };
    let mut len = rest.iter().take(len_max).take_while(is_part).count();
    while len > 0
        && matches!(
            rest.get(len - 1),
            Some(b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'\'' | b'*')
        )
    {
        len -= 1;
    }
    from + len
}

const LOCAL_LEN_MAX: usize = 64;
const DOMAIN_LEN_MAX: usize = 255;
const SCHEME_LEN_MAX: usize = 10;
const LABELS_MAX: usize = 12;
const IPV6_LEN_MAX: usize = 46;
const URL_LEN_MAX: usize = 2_048;
const PATH_LEN_MAX: usize = 256;
