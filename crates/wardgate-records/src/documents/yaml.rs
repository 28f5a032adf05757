//! YAML as a tree in which every node knows its line and column, so that all faults of a
//! document can be told at once.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::fault::{Fault, Place};

/// A YAML node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// What a node holds.
#[derive(Debug)]
pub(super) enum Content {
    Null,
    Flag(bool),
    Integer(i64),
    /// A number that is not a 64-bit integer.
    OtherNumber,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of a member of a map.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Content {
    /// What a reader calls it.
    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "`true` or `false`",
            Self::Integer(_) | Self::OtherNumber => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a group of fields",
        }
    }
}

/// The documents of a YAML text. A document that is not YAML becomes a fault; the others
/// are read all the same. Empty documents are left out.
pub(super) fn documents(text: &str, file: &Arc<Path>, faults: &mut Vec<Fault>) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (first_line, document) in split(text) {
        let options = serde_saphyr::options! {
            strict_booleans: true,
            with_snippet: false,
            duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
        };
        let read = serde_saphyr::from_str_with_options::<Option<Node>>(document, options);
        match read {
            Ok(None) => {}
            Ok(Some(mut node)) => {
                node.shift(first_line);
                nodes.push(node);
            }
            Err(error) => faults.push(syntax_fault(&error, first_line, file)),
        }
    }
    nodes
}

impl Node {
    /// Moves the lines of a document to where it stands in its file.
    fn shift(&mut self, lines: u32) {
        self.line = self.line.saturating_add(lines);
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(|item| item.shift(lines)),
            Content::Map(members) => {
                for (key, value) in members {
                    key.line = key.line.saturating_add(lines);
                    value.shift(lines);
                }
            }
            _ => {}
        }
    }
}

/// The texts of the documents with the number of lines before each. A line that begins with
/// `---` separates documents wherever it stands, even inside a block of text.
fn split(text: &str) -> Vec<(u32, &str)> {
    let mut documents = Vec::new();
    let mut start = 0;
    let mut start_line = 0_u32;
    let mut offset = 0;
    for (line_number, line) in (0_u32..).zip(text.split_inclusive('\n')) {
        let separates = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim().is_empty() || rest.starts_with([' ', '\t']));
        if separates && offset > start {
            documents.push((start_line, text.get(start..offset).unwrap_or("")));
            start = offset;
            start_line = line_number;
        }
        offset += line.len();
    }
    documents.push((start_line, text.get(start..).unwrap_or("")));
    documents
}

/// The fault of a document that is not YAML. The parser's own words are used only for the
/// structure: they could repeat a value of the file.
fn syntax_fault(error: &serde_saphyr::Error, first_line: u32, file: &Arc<Path>) -> Fault {
    let (line, column) = error
        .location()
        .map_or((1, 0), |at| (number(at.line()), number(at.column())));
    Place {
        file: Arc::clone(file),
        line: line.saturating_add(first_line),
        column,
    }
    .error(
        "this document is not valid YAML from here on",
        "check the indentation, quotes and colons of this line and the line above",
    )
}

fn number(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn place(at: Location) -> (u32, u32) {
    (number(at.line()), number(at.column()))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        let (line, column) = place(spanned.referenced);
        Ok(Self {
            content: spanned.value,
            line,
            column,
        })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Flag(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Content, E> {
        Ok(i64::try_from(value).map_or(Content::OtherNumber, Content::Integer))
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Content, E> {
        Ok(Content::OtherNumber)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Content, E> {
        Ok(Content::OtherNumber)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Content, E> {
        Ok(Content::OtherNumber)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Content, E> {
        Ok(Content::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let (line, column) = place(key.referenced);
            let key = Key {
                name: key.value,
                line,
                column,
            };
            members.push((key, map.next_value::<Node>()?));
        }
        Ok(Content::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_knows_its_line_and_column() {
        let text = "# comment\nkind: Vendor\nagreement:\n  expires: 2027-01-01\nroles: [a, b]\n---\nkind: App\nlevel: 007\n";
        let mut faults = Vec::new();
        let nodes = documents(text, &Arc::from(Path::new("x.yaml")), &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(nodes.len(), 2);
        let Content::Map(members) = &nodes[0].content else {
            panic!("{nodes:?}")
        };
        assert_eq!((members[0].0.line, members[0].0.column), (2, 1));
        assert_eq!((members[0].1.line, members[0].1.column), (2, 7));
        let Content::Map(agreement) = &members[1].1.content else {
            panic!("{nodes:?}")
        };
        assert_eq!((agreement[0].1.line, agreement[0].1.column), (4, 12));
        assert!(matches!(&agreement[0].1.content, Content::Text(text) if text == "2027-01-01"));
        let Content::Map(app) = &nodes[1].content else {
            panic!("{nodes:?}")
        };
        assert_eq!(app[0].0.line, 7);
    }

    #[test]
    fn a_broken_document_does_not_hide_the_next() {
        let text = "kind: [\n---\nkind: App\n---\nx: \"open\n";
        let mut faults = Vec::new();
        let nodes = documents(text, &Arc::from(Path::new("x.yaml")), &mut faults);
        assert_eq!(nodes.len(), 1);
        assert_eq!(faults.len(), 2);
        assert!((1..=2).contains(&faults[0].line), "{faults:?}");
        assert!((5..=6).contains(&faults[1].line), "{faults:?}");
    }
}
