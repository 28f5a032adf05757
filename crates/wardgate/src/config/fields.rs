//! Reads settings, tells every fault instead of stopping at the first, and remembers what it
//! was asked for: the reference page is made of that.

use std::cell::RefCell;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::yaml::{self, Content, Node, Place};
use crate::failure::FileFault;

mod lists;

/// A configuration file that is being read.
pub(super) struct Reader {
    file: PathBuf,
    root: PathBuf,
    sections: Vec<(String, Place, Node)>,
    known: RefCell<Vec<&'static str>>,
    faults: RefCell<Vec<FileFault>>,
    settings: RefCell<Vec<Setting>>,
}

/// One thing that can be set.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    /// As it stands in the file; empty when there is none.
    pub(crate) default: String,
    /// What it takes, in words.
    pub(crate) takes: String,
    pub(crate) what: &'static str,
}

/// One section of the file.
pub(super) struct Section<'r> {
    reader: &'r Reader,
    name: &'static str,
    place: Place,
    members: &'r [(String, Place, Node)],
    known: RefCell<Vec<&'static str>>,
    /// Read for the reference only: it stands in no file, so nothing is wrong with it.
    silent: bool,
}

impl Reader {
    pub(super) fn of(text: &str, file: &Path, root: &Path) -> Self {
        let mut reader = Self {
            file: file.to_owned(),
            root: root.to_owned(),
            sections: Vec::new(),
            known: RefCell::default(),
            faults: RefCell::default(),
            settings: RefCell::default(),
        };
        match yaml::parse(text) {
            Ok(None) => {}
            Ok(Some(Node {
                content: Content::Map(sections),
                ..
            })) => reader.sections = sections,
            Ok(Some(Node {
                content: Content::Null,
                ..
            })) => {}
            Ok(Some(node)) => reader.fault(
                node.place,
                "expected sections such as `gate:`".to_owned(),
                "see the reference of the configuration".to_owned(),
            ),
            Err(place) => reader.fault(
                place,
                "the file is not valid YAML from here on".to_owned(),
                "check the indentation, quotes and colons of this line and the line above"
                    .to_owned(),
            ),
        }
        reader
    }

    /// A section; an absent one is empty.
    pub(super) fn section(&self, name: &'static str) -> Section<'_> {
        self.known.borrow_mut().push(name);
        let found = self.sections.iter().find(|(section, ..)| section == name);
        let (place, members) = match found {
            None => (Place::default(), &[][..]),
            Some((_, place, node)) => match &node.content {
                Content::Map(members) => (*place, members.as_slice()),
                Content::Null => (*place, &[][..]),
                _ => {
                    self.fault(
                        node.place,
                        format!("expected settings in `{name}`"),
                        "write `setting: value` lines, indented alike".to_owned(),
                    );
                    (*place, &[][..])
                }
            },
        };
        Section {
            reader: self,
            name,
            place,
            members,
            known: RefCell::default(),
            silent: false,
        }
    }

    /// Tells of sections that nobody asked for, or that stand twice.
    pub(super) fn end(&self) {
        unknown("section", "", &self.sections, &self.known.borrow(), self);
    }

    /// The faults found, from top to bottom.
    pub(super) fn faults(&self) -> Vec<FileFault> {
        let mut faults = self.faults.borrow().clone();
        faults.sort_by_key(|fault| (fault.line, fault.column));
        faults
    }

    pub(super) fn into_settings(self) -> Vec<Setting> {
        self.settings.into_inner()
    }

    fn fault(&self, place: Place, message: String, hint: String) {
        self.faults.borrow_mut().push(FileFault {
            file: self.file.clone(),
            line: place.line,
            column: place.column,
            message,
            hint,
        });
    }
}

impl Section<'_> {
    /// As it stands in the file.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// A whole number in a range, with its unit in the name.
    pub(super) fn number<T>(
        &self,
        name: &'static str,
        default: T,
        range: RangeInclusive<T>,
        what: &'static str,
    ) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let takes = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(node) = self.setting(name, default.to_string(), takes.clone(), what) else {
            return Some(default);
        };
        let value = match &node.content {
            Content::Integer(value) => T::try_from(*value)
                .ok()
                .filter(|value| range.contains(value)),
            _ => None,
        };
        self.checked(value, name, node, &takes)
    }

    /// Yes or no.
    pub(super) fn flag(
        &self,
        name: &'static str,
        default: bool,
        what: &'static str,
    ) -> Option<bool> {
        let takes = "`true` or `false`".to_owned();
        let Some(node) = self.setting(name, default.to_string(), takes.clone(), what) else {
            return Some(default);
        };
        let value = match &node.content {
            Content::Flag(value) => Some(*value),
            _ => None,
        };
        self.checked(value, name, node, &takes)
    }

    /// One of some words; the first is the default.
    pub(super) fn word<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&'static str, T)],
        what: &'static str,
    ) -> Option<T> {
        let listed: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let takes = format!("one of {}", listed.join(", "));
        let (default_word, default) = words.first()?;
        let Some(node) = self.setting(name, (*default_word).to_owned(), takes.clone(), what) else {
            return Some(*default);
        };
        let value = text(node).and_then(|text| words.iter().find(|(word, _)| *word == text));
        self.checked(value.map(|(_, value)| *value), name, node, &takes)
    }

    /// Text of a form that the caller checks; `takes` says which.
    pub(super) fn text(
        &self,
        name: &'static str,
        default: &str,
        takes: &str,
        fits: fn(&str) -> bool,
        what: &'static str,
    ) -> Option<String> {
        let Some(node) = self.setting(name, default.to_owned(), takes.to_owned(), what) else {
            return Some(default.to_owned());
        };
        let value = text(node).filter(|text| fits(text)).map(str::to_owned);
        self.checked(value, name, node, takes)
    }

    /// An address with a port.
    pub(super) fn address(
        &self,
        name: &'static str,
        default: &str,
        what: &'static str,
    ) -> Option<SocketAddr> {
        let takes = "an IP address and a port, such as `127.0.0.1:8443` or `[::]:8443`";
        let node = self.setting(name, default.to_owned(), takes.to_owned(), what);
        let Some(node) = node else {
            return default.parse().ok();
        };
        self.checked(
            text(node).and_then(|text| text.parse().ok()),
            name,
            node,
            takes,
        )
    }

    /// A file, relative to the data directory.
    pub(super) fn path(
        &self,
        name: &'static str,
        default: &str,
        what: &'static str,
    ) -> Option<PathBuf> {
        let takes = "a path, relative to the data directory or absolute";
        let node = self.setting(name, default.to_owned(), takes.to_owned(), what);
        let Some(node) = node else {
            return Some(self.reader.root.join(default));
        };
        let value = text(node).map(|path| self.reader.root.join(path));
        self.checked(value, name, node, takes)
    }

    /// A file that need not be named.
    pub(super) fn path_if(
        &self,
        name: &'static str,
        what: &'static str,
    ) -> Option<Option<PathBuf>> {
        let takes = "a path, relative to the data directory or absolute";
        let node = self.setting(name, String::new(), takes.to_owned(), what);
        let Some(node) = node else {
            return Some(None);
        };
        let value = text(node).map(|path| Some(self.reader.root.join(path)));
        self.checked(value, name, node, takes)
    }

    /// A fault about a setting that reads by itself but does not fit the others.
    pub(super) fn fault(&self, name: &str, message: String, hint: &str) {
        if self.silent {
            return;
        }
        let member = self.members.iter().find(|(member, ..)| member == name);
        let place = member.map_or(self.place, |(_, place, _)| *place);
        self.reader.fault(place, message, hint.to_owned());
    }

    /// Tells of settings that nobody asked for, or that stand twice.
    pub(super) fn end(&self) {
        let path = format!("{}.", self.name);
        unknown(
            "setting",
            &path,
            self.members,
            &self.known.borrow(),
            self.reader,
        );
    }

    /// Remembers the setting; its node if the file has it. An empty value counts as absent.
    fn setting(
        &self,
        name: &'static str,
        default: String,
        takes: String,
        what: &'static str,
    ) -> Option<&Node> {
        self.known.borrow_mut().push(name);
        self.reader.settings.borrow_mut().push(Setting {
            section: self.name,
            name,
            default,
            takes,
            what,
        });
        self.members
            .iter()
            .find(|(member, ..)| member == name)
            .map(|(_, _, node)| node)
            .filter(|node| !matches!(node.content, Content::Null))
    }

    fn checked<T>(&self, value: Option<T>, name: &str, node: &Node, takes: &str) -> Option<T> {
        if value.is_none() {
            let message = format!("`{}.{name}` does not take this value", self.name);
            self.reader
                .fault(node.place, message, format!("use {takes}"));
        }
        value
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

fn unknown(
    kind: &str,
    path: &str,
    members: &[(String, Place, Node)],
    known: &[&str],
    reader: &Reader,
) {
    for (at, (name, place, _)) in members.iter().enumerate() {
        let short: String = name.chars().take(NAME_CHARS_SHOWN).collect();
        if !known.contains(&name.as_str()) {
            let listed: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
            let hint = format!("known here are {}", listed.join(", "));
            reader.fault(*place, format!("unknown {kind} `{path}{short}`"), hint);
        } else if members.iter().take(at).any(|(earlier, ..)| earlier == name) {
            let message = format!("the {kind} `{path}{short}` stands here twice");
            reader.fault(*place, message, "keep one of them".to_owned());
        }
    }
}

const NAME_CHARS_SHOWN: usize = 40;
