//! Reads the fields of one group, and tells every fault instead of stopping at the first.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use super::yaml::{Content, Key, Node};
use crate::events::Token;
use crate::fault::{Fault, Place};

/// The faults found so far, and the file that is being read.
pub(super) struct Findings {
    pub(super) file: Arc<Path>,
    pub(super) faults: RefCell<Vec<Fault>>,
}

impl Findings {
    pub(super) fn place(&self, line: u32, column: u32) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line,
            column,
        }
    }

    pub(super) fn add(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }
}

/// The fields of one group of a document.
pub(super) struct Fields<'a> {
    members: &'a [(Key, Node)],
    known: RefCell<Vec<&'static str>>,
    /// How faults name a field of this group: the path of the group and a dot, or nothing.
    path: String,
    line: u32,
    column: u32,
    findings: &'a Findings,
    complete: Cell<bool>,
}

/// Which end of a day a bare date means.
#[derive(Clone, Copy)]
pub(super) enum Day {
    /// The first instant of the day: something begins.
    Begins,
    /// The end of the day: something is valid through it.
    Ends,
}

impl<'a> Fields<'a> {
    /// The fields of `node`, or a fault when it is not a group.
    pub(super) fn of(node: &'a Node, path: String, findings: &'a Findings) -> Option<Self> {
        let Content::Map(members) = &node.content else {
            findings.add(findings.place(node.line, node.column).error(
                format!(
                    "expected a group of fields{}, found {}",
                    of_path(&path),
                    node.content.what()
                ),
                "write `field: value` lines, indented alike",
            ));
            return None;
        };
        let fields = Self {
            members,
            known: RefCell::new(Vec::new()),
            path,
            line: node.line,
            column: node.column,
            findings,
            complete: Cell::new(true),
        };
        for (at, (key, _)) in members.iter().enumerate() {
            if members
                .iter()
                .take(at)
                .any(|(earlier, _)| earlier.name == key.name)
            {
                fields.fault_at(
                    key.line,
                    key.column,
                    format!(
                        "the field `{}{}` stands here twice",
                        fields.path,
                        short(&key.name)
                    ),
                    "keep one of them",
                );
            }
        }
        Some(fields)
    }

    /// Tells of every field that was not asked for. `None` when any field was faulty.
    pub(super) fn end(&self) -> Option<()> {
        let known = self.known.borrow();
        for (key, _) in self.members {
            if !known.contains(&key.name.as_str()) {
                let hint = nearest(&key.name, &known).map_or_else(
                    || format!("known fields are {}", listed(&known)),
                    |near| format!("did you mean `{near}`?"),
                );
                self.fault_at(
                    key.line,
                    key.column,
                    format!("unknown field `{}{}`", self.path, short(&key.name)),
                    hint,
                );
            }
        }
        self.complete.get().then_some(())
    }

    /// The place of a field's value, or of the group when the field is absent.
    pub(super) fn place(&self, name: &str) -> Place {
        self.members
            .iter()
            .find(|(key, _)| key.name == name)
            .map_or_else(
                || self.findings.place(self.line, self.column),
                |(_, node)| self.findings.place(node.line, node.column),
            )
    }

    /// Records a fault about a field.
    pub(super) fn fault(&self, name: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.complete.set(false);
        self.findings.add(self.place(name).error(message, hint));
    }

    /// Records a warning about a field.
    pub(super) fn warn(&self, name: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.findings.add(self.place(name).warning(message, hint));
    }

    /// The node of a field, which is then known. An empty value counts as absent.
    pub(super) fn node(&self, name: &'static str) -> Option<&'a Node> {
        self.known.borrow_mut().push(name);
        self.members
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
            .filter(|node| !matches!(node.content, Content::Null))
    }

    fn required(&self, name: &'static str) -> Option<&'a Node> {
        let node = self.node(name);
        if node.is_none() {
            self.fault(
                name,
                format!("the field `{}{name}` is missing", self.path),
                format!("add `{name}:` here"),
            );
        }
        node
    }

    /// Any text of at most `chars_max` characters.
    pub(super) fn text(&self, name: &'static str, chars_max: usize) -> Option<String> {
        self.read_text(name, self.required(name)?, chars_max)
    }

    pub(super) fn text_if(&self, name: &'static str, chars_max: usize) -> Option<String> {
        self.read_text(name, self.node(name)?, chars_max)
    }

    fn read_text(&self, name: &str, node: &Node, chars_max: usize) -> Option<String> {
        match &node.content {
            Content::Text(text) if text.trim().is_empty() => {
                self.fault(
                    name,
                    format!("the field `{}{name}` is empty", self.path),
                    "write a value, or leave the field out",
                );
                None
            }
            Content::Text(text) if text.chars().count() > chars_max => {
                self.fault(
                    name,
                    format!(
                        "the field `{}{name}` has more than {chars_max} characters",
                        self.path
                    ),
                    "shorten it",
                );
                None
            }
            Content::Text(text) => Some(text.clone()),
            other => {
                self.wrong_type(name, "text", other);
                None
            }
        }
    }

    /// An id: letters, digits and `.`, `_`, `-`, at most 64.
    pub(super) fn id(&self, name: &'static str) -> Option<String> {
        let text = self.text(name, usize::MAX)?;
        if is_id(&text) {
            return Some(text);
        }
        self.fault(name, format!("`{}` cannot be an id", short(&text)), ID_HINT);
        None
    }

    /// A code or name without spaces, as the ledger can hold it.
    pub(super) fn token(&self, name: &'static str) -> Option<String> {
        let text = self.text(name, usize::MAX)?;
        self.check_token(name, text)
    }

    pub(super) fn token_if(&self, name: &'static str) -> Option<String> {
        let text = self.text_if(name, usize::MAX)?;
        self.check_token(name, text)
    }

    fn check_token(&self, name: &str, text: String) -> Option<String> {
        if text.len() <= CODE_BYTES_MAX && Token::new(&text).is_ok() {
            return Some(text);
        }
        self.fault(
            name,
            format!("`{}` cannot be used for `{}{name}`", short(&text), self.path),
            format!("use at most {CODE_BYTES_MAX} printable ASCII characters without spaces, quotes and backslashes"),
        );
        None
    }

    /// Text that no fault, difference or log repeats.
    pub(super) fn secret(&self, name: &'static str) -> Option<Zeroizing<String>> {
        self.text_if(name, SECRET_CHARS_MAX).map(Zeroizing::new)
    }

    /// A list of ids, sorted, each once.
    pub(super) fn ids(&self, name: &'static str) -> Vec<String> {
        let mut ids = self.tokens(name);
        ids.retain(|id| {
            if !is_id(id) {
                self.fault(name, format!("`{}` cannot be an id", short(id)), ID_HINT);
            }
            is_id(id)
        });
        ids
    }

    /// A list of codes, sorted, each once.
    pub(super) fn tokens(&self, name: &'static str) -> Vec<String> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let Content::List(items) = &node.content else {
            self.wrong_type(name, "a list such as `[a, b]`", &node.content);
            return Vec::new();
        };
        let mut tokens = Vec::new();
        for item in items {
            match &item.content {
                Content::Text(text) if text.len() <= CODE_BYTES_MAX && Token::new(text).is_ok() => {
                    tokens.push(text.clone());
                }
                other => self.fault_at(
                    item.line,
                    item.column,
                    format!(
                        "a code was expected in `{}{name}`, found {}",
                        self.path,
                        other.what()
                    ),
                    "use printable ASCII characters without spaces",
                ),
            }
        }
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&'static str, T)],
        otherwise: Option<T>,
    ) -> Option<T> {
        let node = if otherwise.is_some() {
            self.node(name)
        } else {
            Some(self.required(name)?)
        };
        let Some(node) = node else { return otherwise };
        let text = match &node.content {
            Content::Text(text) => text.as_str(),
            other => {
                self.wrong_type(name, "a word", other);
                return None;
            }
        };
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.fault(
                name,
                format!("`{}` is not a value of `{}{name}`", short(text), self.path),
                format!("use one of {}", listed(&words)),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A whole number up to `max`.
    pub(super) fn number<T: TryFrom<i64>>(
        &self,
        name: &'static str,
        max: i64,
        otherwise: T,
    ) -> Option<T> {
        let Some(node) = self.node(name) else {
            return Some(otherwise);
        };
        let value = match &node.content {
            Content::Integer(value) => Some(*value).filter(|value| (0..=max).contains(value)),
            Content::OtherNumber => None,
            other => {
                self.wrong_type(name, "a number", other);
                return None;
            }
        };
        let value = value.and_then(|value| T::try_from(value).ok());
        if value.is_none() {
            self.fault(
                name,
                format!("`{}{name}` is out of range", self.path),
                format!("use a whole number from 0 to {max}"),
            );
        }
        value
    }

    /// Yes or no.
    pub(super) fn flag(&self, name: &'static str, otherwise: bool) -> Option<bool> {
        let Some(node) = self.node(name) else {
            return Some(otherwise);
        };
        match &node.content {
            Content::Flag(value) => Some(*value),
            other => {
                self.wrong_type(name, "`true` or `false`", other);
                None
            }
        }
    }

    /// A date such as `2027-01-31` (UTC) or an instant such as `2027-01-31T12:00:00Z`.
    pub(super) fn time(&self, name: &'static str, day: Day) -> Option<Timestamp> {
        self.read_time(name, self.required(name)?, day)
    }

    pub(super) fn time_if(&self, name: &'static str, day: Day) -> Option<Timestamp> {
        self.read_time(name, self.node(name)?, day)
    }

    fn read_time(&self, name: &str, node: &Node, day: Day) -> Option<Timestamp> {
        let Content::Text(text) = &node.content else {
            self.wrong_type(name, "a date", &node.content);
            return None;
        };
        let time = instant(text, day);
        if time.is_none() {
            self.fault(
                name,
                format!("`{}` in `{}{name}` is not a date", short(text), self.path),
                "write a date such as `2027-01-31`, or an instant such as `2027-01-31T12:00:00Z`",
            );
        }
        time
    }

    /// The fields of a group inside this one.
    pub(super) fn group(&self, name: &'static str) -> Option<Fields<'a>> {
        let fields = Fields::of(
            self.node(name)?,
            format!("{}{name}.", self.path),
            self.findings,
        );
        if fields.is_none() {
            self.complete.set(false);
        }
        fields
    }

    /// The groups of a list inside this one.
    pub(super) fn groups(&self, name: &'static str) -> Vec<Fields<'a>> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let Content::List(items) = &node.content else {
            self.wrong_type(
                name,
                "a list of groups, each beginning with `-`",
                &node.content,
            );
            return Vec::new();
        };
        let groups: Vec<_> = items
            .iter()
            .filter_map(|item| Fields::of(item, format!("{}{name}.", self.path), self.findings))
            .collect();
        if groups.len() < items.len() {
            self.complete.set(false);
        }
        groups
    }

    fn wrong_type(&self, name: &str, expected: &str, found: &Content) {
        let quotes = matches!(
            found,
            Content::Flag(_) | Content::Integer(_) | Content::OtherNumber
        );
        self.fault(
            name,
            format!(
                "expected {expected} in `{}{name}`, found {}",
                self.path,
                found.what()
            ),
            if quotes {
                "put it in quotes if it is meant as text"
            } else {
                "see the example of this kind in the reference"
            },
        );
    }

    fn fault_at(&self, line: u32, column: u32, message: String, hint: impl Into<String>) {
        self.complete.set(false);
        self.findings
            .add(self.findings.place(line, column).error(message, hint));
    }
}

/// Whether `text` can be the id of a record.
fn is_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn instant(text: &str, day: Day) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    if text.len() != "2027-01-31".len() {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let date = match day {
        Day::Begins => date,
        Day::Ends => date.tomorrow().ok()?,
    };
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

/// What a fault repeats of a value: enough to find it, on one line.
fn short(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(40)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().count() > 40 {
        short.push('…');
    }
    short
}

fn of_path(path: &str) -> String {
    path.strip_suffix('.')
        .map_or_else(String::new, |path| format!(" in `{path}`"))
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// The word that differs from `name` by few edits.
pub(crate) fn nearest<'w>(name: &str, words: &[&'w str]) -> Option<&'w str> {
    words
        .iter()
        .map(|word| (edits(name, word), *word))
        .filter(|(edits, word)| *edits <= 2 && *edits < word.chars().count())
        .min()
        .map(|(_, word)| word)
}

/// Levenshtein distance, of short words.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, a) in left.chars().take(64).enumerate() {
        let mut next = vec![at + 1];
        for (b, (diagonal, above)) in right.iter().zip(row.iter().zip(row.iter().skip(1))) {
            let before = next.last().copied().unwrap_or(0);
            let change = diagonal + usize::from(a != *b);
            next.push(change.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

const ID_HINT: &str =
    "use 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit";
const SECRET_CHARS_MAX: usize = 8192;
/// The longest code, id part or model name that is not an `id`.
const CODE_BYTES_MAX: usize = 120;
