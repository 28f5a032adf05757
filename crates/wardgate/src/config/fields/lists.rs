//! Settings with more than one value: lists of words, maps of words, and lists of groups.

use super::{Content, Node, Section, text};

impl Section<'_> {
    /// Text that has no default: a section that stands in the file must state it.
    pub(in crate::config) fn needed(
        &self,
        name: &'static str,
        takes: &str,
        fits: fn(&str) -> bool,
        what: &'static str,
    ) -> Option<String> {
        let value = self.text(name, "", takes, fits, what)?;
        if value.is_empty() {
            let message = format!("`{}.{name}` is missing", self.name);
            self.fault(name, message, &format!("use {takes}"));
            return None;
        }
        Some(value)
    }

    /// A list of words, each once; empty when absent.
    pub(in crate::config) fn words(
        &self,
        name: &'static str,
        default: &str,
        what: &'static str,
    ) -> Option<Vec<String>> {
        let takes = "a list such as `[a, b]`";
        let Some(node) = self.setting(name, default.to_owned(), takes.to_owned(), what) else {
            let words = default.trim_matches(['[', ']']).split(',').map(str::trim);
            return Some(
                words
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect(),
            );
        };
        self.checked(words_of(node), name, node, takes)
    }

    /// Words by words, such as `{group: role}`; empty when absent.
    pub(in crate::config) fn pairs(
        &self,
        name: &'static str,
        takes: &str,
        fits: fn(&str, &str) -> bool,
        what: &'static str,
    ) -> Option<Vec<(String, String)>> {
        let Some(node) = self.setting(name, String::new(), takes.to_owned(), what) else {
            return Some(Vec::new());
        };
        let pairs =
            pairs_of(node).filter(|pairs| pairs.iter().all(|(key, value)| fits(key, value)));
        self.checked(pairs, name, node, takes)
    }

    /// A list of groups of settings, each read by `read`. `path` is the name of one group in
    /// faults and in the reference. Every group is read even when an earlier one is faulty.
    pub(in crate::config) fn groups<T>(
        &self,
        name: &'static str,
        path: &'static str,
        what: &'static str,
        read: impl Fn(&Section<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let takes = "a list of groups, each beginning with `- `";
        let Some(node) = self.setting(name, String::new(), takes.to_owned(), what) else {
            // The reference tells what a group would hold.
            read(&self.group(path, None));
            return Some(Vec::new());
        };
        let Content::List(items) = &node.content else {
            return self.checked(None, name, node, takes);
        };
        if items.len() > GROUPS_MAX {
            let message = format!("`{}.{name}` has more than {GROUPS_MAX} groups", self.name);
            self.fault(name, message, "remove some of them");
            return None;
        }
        let mut groups = Some(Vec::new());
        for item in items {
            let group = if matches!(item.content, Content::Map(_)) {
                read(&self.group(path, Some(item)))
            } else {
                self.checked(None, name, item, takes)
            };
            match (group, &mut groups) {
                (Some(group), Some(groups)) => groups.push(group),
                _ => groups = None,
            }
        }
        groups
    }

    fn group<'n>(&'n self, path: &'static str, node: Option<&'n Node>) -> Section<'n> {
        let (place, members) = match node {
            Some(Node {
                content: Content::Map(members),
                place,
            }) => (*place, members.as_slice()),
            _ => (self.place, &[][..]),
        };
        Section {
            reader: self.reader,
            name: path,
            place,
            members,
            known: std::cell::RefCell::default(),
            silent: node.is_none(),
        }
    }
}

fn words_of(node: &Node) -> Option<Vec<String>> {
    let Content::List(items) = &node.content else {
        return None;
    };
    let mut words = Vec::new();
    for item in items {
        let word = text(item)?.to_owned();
        if words.contains(&word) || words.len() == GROUPS_MAX {
            return None;
        }
        words.push(word);
    }
    Some(words)
}

fn pairs_of(node: &Node) -> Option<Vec<(String, String)>> {
    let Content::Map(members) = &node.content else {
        return None;
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (key, _, value) in members {
        let value = match &value.content {
            Content::Text(text) => text.clone(),
            Content::Integer(number) => number.to_string(),
            _ => return None,
        };
        if pairs.iter().any(|(known, _)| known == key) || pairs.len() == PAIRS_MAX {
            return None;
        }
        pairs.push((key.clone(), value));
    }
    Some(pairs)
}

/// How many groups or words a list may have.
const GROUPS_MAX: usize = 64;
/// How many pairs a map may have.
const PAIRS_MAX: usize = 1_000;
