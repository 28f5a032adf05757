//! The text of a template: choices, lists, numbers, typed patterns, slots.

use std::iter::Peekable;
use std::str::Chars;

use super::head::Head;
use super::{Class, Node, Slot, WordList};
use crate::fault::Misread;
use crate::note::Kind;

/// Reads one template, or one item of a list, that begins at `line`.
pub(super) fn parse(source: &str, line: usize, lists: &[String]) -> Result<Vec<Node>, Misread> {
    let mut reader = Reader {
        chars: source.chars().peekable(),
        line,
        lists,
        depth: 0,
    };
    let (nodes, _) = reader.sequence(Until::End)?;
    Ok(nodes)
}

/// Refuses lists that hold themselves, and lists that nest too deep.
pub(super) fn check_nesting(lists: &[WordList], head: &Head) -> Result<(), Misread> {
    for (index, list) in lists.iter().enumerate() {
        let mut reach = vec![index];
        for depth in 0.. {
            reach = next_lists(lists, &reach);
            if reach.is_empty() {
                break;
            }
            if depth > lists.len() || depth > LIST_DEPTH_MAX {
                let line = head.lists.get(index).map_or(0, |list| list.line);
                let what = format!("the list `{}` holds itself or nests too deep", list.name);
                let hint = format!("nest lists at most {LIST_DEPTH_MAX} deep, without a circle");
                return Err(Misread::new(line, what, hint));
            }
        }
    }
    Ok(())
}

/// The lists that some lists use.
fn next_lists(lists: &[WordList], from: &[usize]) -> Vec<usize> {
    let mut found = Vec::new();
    for index in from {
        for item in lists.get(*index).map_or(&[][..], |list| &list.items) {
            used_lists(item, &mut found);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn used_lists(nodes: &[Node], found: &mut Vec<usize>) {
    for node in nodes {
        match node {
            Node::List(index) => found.push(*index),
            Node::Gold(_, inner) => used_lists(inner, found),
            Node::Choice(branches) => branches.iter().for_each(|branch| used_lists(branch, found)),
            _ => {}
        }
    }
}

/// What ends a run of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    End,
    /// `|` or `]]`
    Choice,
    /// `}`
    Brace,
}

/// What did end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Source,
    Bar,
    Close,
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
    lists: &'a [String],
    depth: usize,
}

impl Reader<'_> {
    fn sequence(&mut self, until: Until) -> Result<(Vec<Node>, Ended), Misread> {
        let mut nodes = Vec::new();
        let mut text = String::new();
        let opened = self.line;
        while let Some(c) = self.next() {
            match c {
                '\\' => match self.escape()? {
                    Node::Text(escaped) => text.push_str(&escaped),
                    node => push(&mut nodes, &mut text, node),
                },
                '[' if self.chars.peek() == Some(&'[') => {
                    self.next();
                    let choice = self.choice()?;
                    push(&mut nodes, &mut text, choice);
                }
                ']' if self.chars.peek() == Some(&']') && self.closes() => {
                    if until != Until::Choice {
                        let hint = "open the choice with `[[`, or write `\\]`";
                        return Err(self.misread("`]]` without `[[`", hint));
                    }
                    self.next();
                    flush(&mut nodes, &mut text);
                    return Ok((nodes, Ended::Close));
                }
                '|' if until == Until::Choice => {
                    flush(&mut nodes, &mut text);
                    return Ok((nodes, Ended::Bar));
                }
                '{' => {
                    let node = self.brace()?;
                    push(&mut nodes, &mut text, node);
                }
                '}' if until == Until::Brace => {
                    flush(&mut nodes, &mut text);
                    return Ok((nodes, Ended::Close));
                }
                '}' => return Err(self.misread("`}` without `{`", "write `\\}` for a brace")),
                other => text.push(other),
            }
        }
        match until {
            Until::End => {
                flush(&mut nodes, &mut text);
                Ok((nodes, Ended::Source))
            }
            Until::Choice => Err(Misread::new(
                opened,
                "a choice `[[` is not closed",
                "close it with `]]`",
            )),
            Until::Brace => Err(Misread::new(
                opened,
                "a slot `{` is not closed",
                "close it with `}`, or write `\\{` for a brace",
            )),
        }
    }

    /// In a run of an odd number of `]` the first stands for itself: `[[[ ]|[x]]]`.
    fn closes(&self) -> bool {
        let run = self.chars.clone().take_while(|c| *c == ']').count() + 1;
        run % 2 == 0
    }

    fn choice(&mut self) -> Result<Node, Misread> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let what = format!("choices nest deeper than {DEPTH_MAX}");
            return Err(self.misread(&what, "put the inner ones into a list"));
        }
        let mut branches = Vec::new();
        loop {
            let (branch, ended) = self.sequence(Until::Choice)?;
            branches.push(branch);
            if ended != Ended::Bar {
                break;
            }
        }
        self.depth -= 1;
        Ok(Node::Choice(branches))
    }

    fn escape(&mut self) -> Result<Node, Misread> {
        let Some(c) = self.next() else {
            return Err(self.misread("`\\` at the end", "write `\\\\` for a backslash"));
        };
        Ok(match c {
            'd' => Node::Class(Class::Digit),
            'D' => Node::Class(Class::DigitFromOne),
            'A' => Node::Class(Class::Upper),
            'a' => Node::Class(Class::Lower),
            'x' => Node::Class(Class::Hex),
            'n' => Node::Text("\n".to_string()),
            't' => Node::Text("\t".to_string()),
            c if c.is_alphanumeric() => {
                let what = format!("unknown escape `\\{c}`");
                let hint = "use \\d \\D \\A \\a \\x \\n \\t, or `\\\\` for a backslash";
                return Err(self.misread(&what, hint));
            }
            other => Node::Text(other.to_string()),
        })
    }

    /// What stands in braces; the `{` is behind us.
    fn brace(&mut self) -> Result<Node, Misread> {
        let mut name = String::new();
        loop {
            match self.next() {
                Some('}') => return self.slot(name.trim()),
                Some('~') => return self.pattern(name.trim()),
                Some(c) if c != '\n' && name.len() < NAME_BYTES_MAX => name.push(c),
                _ => {
                    let what = format!("a slot `{{{}` is not closed", name.trim_end());
                    return Err(self.misread(&what, "close it with `}`, or write `\\{`"));
                }
            }
        }
    }

    fn pattern(&mut self, kind: &str) -> Result<Node, Misread> {
        let Some(kind) = Kind::parse(kind) else {
            let what = format!("unknown type `{kind}` of a pattern");
            let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            return Err(self.misread(&what, &format!("use one of {}", names.join(", "))));
        };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let what = format!("patterns nest deeper than {DEPTH_MAX}");
            return Err(self.misread(&what, "put the inner ones into a list"));
        }
        let (nodes, _) = self.sequence(Until::Brace)?;
        self.depth -= 1;
        if nodes.is_empty() {
            return Err(self.misread("an empty pattern", "write what it looks like"));
        }
        Ok(Node::Gold(kind, nodes))
    }

    fn slot(&self, name: &str) -> Result<Node, Misread> {
        if let Some(list) = name.strip_prefix('=') {
            let index = self.lists.iter().position(|known| known == list.trim());
            return index.map(Node::List).ok_or_else(|| {
                let what = format!("unknown list `{list}`");
                let hint = format!("lists of this file: {}", self.lists.join(", "));
                self.misread(&what, &hint)
            });
        }
        if name == "num" || name.starts_with("num ") {
            return self.number(name);
        }
        Slot::parse(name).map(Node::Slot).ok_or_else(|| {
            let what = format!("unknown slot `{{{name}}}`");
            self.misread(&what, "see the list of slots, or write `\\{` for a brace")
        })
    }

    fn number(&self, name: &str) -> Result<Node, Misread> {
        let bad = || {
            let what = format!("`{{{name}}}` is no range");
            self.misread(&what, "write `{num 3 9}` or `{num 3.0 9.9}`")
        };
        let mut bounds = name.split_whitespace().skip(1);
        let (Some(low), Some(high), None) = (bounds.next(), bounds.next(), bounds.next()) else {
            return Err(bad());
        };
        let decimals_of = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len());
        let decimals = decimals_of(low).max(decimals_of(high));
        if decimals > DECIMALS_MAX {
            return Err(bad());
        }
        let scaled = |text: &str| -> Option<i64> {
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            format!("{whole}{part:0<decimals$}").parse().ok()
        };
        match (scaled(low), scaled(high)) {
            (Some(low), Some(high)) if low <= high => Ok(Node::Number {
                low,
                high,
                decimals: u32::try_from(decimals).unwrap_or(0),
            }),
            _ => Err(bad()),
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.next();
        if c == Some('\n') {
            self.line += 1;
        }
        c
    }

    fn misread(&self, what: &str, hint: &str) -> Misread {
        Misread::new(self.line, what, hint)
    }
}

fn push(nodes: &mut Vec<Node>, text: &mut String, node: Node) {
    flush(nodes, text);
    nodes.push(node);
}

fn flush(nodes: &mut Vec<Node>, text: &mut String) {
    if !text.is_empty() {
        nodes.push(Node::Text(std::mem::take(text)));
    }
}

/// How deep choices and patterns may nest.
const DEPTH_MAX: usize = 12;

/// How deep lists may nest.
const LIST_DEPTH_MAX: usize = 8;

/// The longest name of a slot.
const NAME_BYTES_MAX: usize = 60;

/// The most decimals of a number.
const DECIMALS_MAX: usize = 3;
