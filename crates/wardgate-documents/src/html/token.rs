//! Tags, text and what browsers do not show. It need not agree with a browser in every corner: whatever is
//! taken for text is cleaned, and whatever is taken for a mark is written anew or not at all.

use super::entity::decoded;

/// A part of markup.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'m> {
    /// Text as it is written, with references.
    Text(&'m str),
    Open(Tag),
    /// The small name of a closed element.
    Close(String),
    /// A comment, a declaration, or the inside of a script or style sheet.
    Hidden(&'m str),
}

/// A tag that opens an element.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    /// Small names and decoded values.
    pub(super) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The tokens of markup, in order.
pub(super) fn tokens(markup: &str) -> Tokens<'_> {
    Tokens {
        rest: markup,
        raw: None,
    }
}

/// An iterator over the tokens of markup.
pub(super) struct Tokens<'m> {
    rest: &'m str,
    /// The element whose inside is no markup.
    raw: Option<String>,
}

impl<'m> Iterator for Tokens<'m> {
    type Item = Token<'m>;

    fn next(&mut self) -> Option<Token<'m>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some(name) = self.raw.take() {
            let end = end_of_raw(self.rest, &name);
            return Some(Token::Hidden(self.take(end)));
        }
        let Some(at) = self.rest.find('<') else {
            return Some(Token::Text(self.take(self.rest.len())));
        };
        if at > 0 {
            return Some(Token::Text(self.take(at)));
        }
        Some(self.mark())
    }
}

impl<'m> Tokens<'m> {
    fn take(&mut self, length: usize) -> &'m str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Up to and with an end mark, or all that is left.
    fn take_through(&mut self, end: &str) -> &'m str {
        let at = self.rest.find(end);
        self.take(at.map_or(self.rest.len(), |at| at + end.len()))
    }

    fn mark(&mut self) -> Token<'m> {
        let mut following = self.rest.chars().skip(1);
        match following.next() {
            Some('!') if self.rest.starts_with("<!--") => Token::Hidden(self.take_through("-->")),
            Some('!') if self.rest.starts_with("<![CDATA[") => {
                let section = self.take_through("]]>");
                let inside = section.strip_prefix("<![CDATA[").unwrap_or(section);
                Token::Text(inside.strip_suffix("]]>").unwrap_or(inside))
            }
            Some('!' | '?') => Token::Hidden(self.take_through(">")),
            Some('/') if following.next().is_some_and(|c| c.is_ascii_alphabetic()) => {
                let tag = self.take_through(">");
                let name = tag.trim_start_matches("</");
                Token::Close(name_of(name))
            }
            Some(c) if c.is_ascii_alphabetic() => self.open(),
            _ => Token::Text(self.take(1)),
        }
    }

    fn open(&mut self) -> Token<'m> {
        self.take(1);
        let name = name_of(self.rest);
        self.take(name.len());
        let mut attributes = Vec::new();
        loop {
            self.skip(|c| c.is_ascii_whitespace() || c == '/');
            match self.rest.chars().next() {
                None => break,
                Some('>') => {
                    self.take(1);
                    break;
                }
                Some(_) => {
                    let attribute = self.attribute();
                    if attributes.len() < ATTRIBUTES_MAX {
                        attributes.push(attribute);
                    }
                }
            }
        }
        if matches!(name.as_str(), "script" | "style") {
            self.raw = Some(name.clone());
        }
        Token::Open(Tag { name, attributes })
    }

    fn attribute(&mut self) -> (String, String) {
        // A sign of equality may begin a name, which no other sign of the grammar may.
        let first = self.rest.chars().next().map_or(0, char::len_utf8);
        let more = self.rest.get(first..).unwrap_or_default();
        let end = more.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'));
        let name = self
            .take(first + end.unwrap_or(more.len()))
            .to_ascii_lowercase();
        self.skip(|c| c.is_ascii_whitespace());
        if !self.rest.starts_with('=') {
            return (name, String::new());
        }
        self.take(1);
        self.skip(|c| c.is_ascii_whitespace());
        let value = match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                self.take(1);
                let end = self.rest.find(quote).unwrap_or(self.rest.len());
                let value = self.take(end);
                self.take(1);
                value
            }
            _ => {
                let end = self
                    .rest
                    .find(|c: char| c.is_ascii_whitespace() || c == '>');
                self.take(end.unwrap_or(self.rest.len()))
            }
        };
        (name, decoded(value))
    }

    fn skip(&mut self, over: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(over);
    }
}

fn name_of(from: &str) -> String {
    let end = from.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'));
    let name = from.get(..end.unwrap_or(from.len())).unwrap_or_default();
    name.to_ascii_lowercase()
}

/// Where the tag that ends a raw element begins.
fn end_of_raw(rest: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|more| more.find("</")) {
        let at = from + at;
        let behind = rest.as_bytes().get(at + 2..).unwrap_or_default();
        let named = behind.get(..name.len());
        if named.is_some_and(|named| named.eq_ignore_ascii_case(name.as_bytes())) {
            return at;
        }
        from = at + 2;
    }
    rest.len()
}

/// More attributes than any document has on one element.
const ATTRIBUTES_MAX: usize = 256;
