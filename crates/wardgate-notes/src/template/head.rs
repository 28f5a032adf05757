//! The head of a template file, and where its templates begin.

use super::Region;
use crate::fault::Misread;
use crate::note::Lang;

/// What the head says.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) lang: Lang,
    pub(super) kind: String,
    /// None when the documents are of mixed regions.
    pub(super) region: Option<Region>,
    pub(super) lists: Vec<ListSource>,
    pub(super) list_names: Vec<String>,
    one_per_line: bool,
    /// Lines of the file before the first template.
    lines: usize,
}

/// A list as it stands in the head: each item with its line.
#[derive(Debug)]
pub(super) struct ListSource {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) items: Vec<(usize, String)>,
}

/// Reads the head.
pub(super) fn read(text: &str) -> Result<Head, Misread> {
    let mut draft = HeadDraft::default();
    let mut lines = 0;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = if index == 0 {
            line.trim_start_matches('\u{feff}')
        } else {
            line
        };
        let in_list = draft.in_list && line.starts_with("  ");
        if in_list {
            draft.continue_list(line, number);
        } else if let Some(directive) = line.strip_prefix('@') {
            draft.directive(directive, number)?;
        } else if line.starts_with('#') || line.trim().is_empty() {
            draft.in_list = false;
        } else {
            break;
        }
        lines = number;
    }
    draft.finish(lines)
}

#[derive(Debug, Default)]
struct HeadDraft {
    lang: Option<Lang>,
    kind: Option<String>,
    region: Option<Option<Region>>,
    lists: Vec<ListSource>,
    one_per_line: bool,
    in_list: bool,
}

impl HeadDraft {
    fn directive(&mut self, directive: &str, line: usize) -> Result<(), Misread> {
        self.in_list = false;
        let (word, rest) = directive
            .split_once(char::is_whitespace)
            .unwrap_or((directive, ""));
        let rest = rest.trim();
        match word {
            "lang" => {
                self.lang = Some(Lang::parse(rest).ok_or_else(|| {
                    Misread::new(
                        line,
                        format!("unknown language `{rest}`"),
                        "use en, es or de",
                    )
                })?);
            }
            "kind" if rest.is_empty() => {
                return Err(Misread::new(
                    line,
                    "`@kind` is empty",
                    "write `@kind discharge`",
                ));
            }
            "kind" => self.kind = Some(rest.to_string()),
            "region" => {
                self.region = Some(match rest {
                    "mixed" => None,
                    "us" => Some(Region::Us),
                    "uk" => Some(Region::Uk),
                    "de" => Some(Region::De),
                    "es" => Some(Region::Es),
                    other => {
                        let what = format!("unknown region `{other}`");
                        return Err(Misread::new(line, what, "use us, uk, de, es or mixed"));
                    }
                });
            }
            "lines" => self.one_per_line = true,
            "list" => self.list(rest, line)?,
            other => {
                let what = format!("unknown head line `@{other}`");
                let hint = "use @lang, @kind, @region, @lines or @list";
                return Err(Misread::new(line, what, hint));
            }
        }
        Ok(())
    }

    fn list(&mut self, rest: &str, line: usize) -> Result<(), Misread> {
        let Some((name, items)) = rest.split_once(':') else {
            let hint = "write `@list name: one; two`";
            return Err(Misread::new(line, "a list has no `:` after its name", hint));
        };
        let name = name.trim();
        if name.is_empty()
            || !name
                .chars()
                .all(|c| c.is_alphanumeric() || "_-".contains(c))
        {
            let hint = "use letters, digits, `_` and `-`";
            return Err(Misread::new(
                line,
                format!("bad name of a list `{name}`"),
                hint,
            ));
        }
        if self.lists.iter().any(|list| list.name == name) {
            let what = format!("the list `{name}` stands here a second time");
            return Err(Misread::new(
                line,
                what,
                "give it another name, or join the two",
            ));
        }
        self.lists.push(ListSource {
            name: name.to_string(),
            line,
            items: split_items(items).map(|item| (line, item)).collect(),
        });
        self.in_list = true;
        Ok(())
    }

    fn continue_list(&mut self, line: &str, number: usize) {
        if let Some(list) = self.lists.last_mut() {
            list.items
                .extend(split_items(line).map(|item| (number, item)));
        }
    }

    fn finish(self, lines: usize) -> Result<Head, Misread> {
        let lang = self.lang.ok_or_else(|| {
            Misread::new(
                1,
                "the head has no `@lang`",
                "write `@lang en` on its own line",
            )
        })?;
        let kind = self
            .kind
            .ok_or_else(|| Misread::new(1, "the head has no `@kind`", "write `@kind discharge`"))?;
        if let Some(empty) = self.lists.iter().find(|list| list.items.is_empty()) {
            let what = format!("the list `{}` is empty", empty.name);
            return Err(Misread::new(
                empty.line,
                what,
                "give it items, parted by `;`",
            ));
        }
        let home = match lang {
            Lang::En => Region::Us,
            Lang::Es => Region::Es,
            Lang::De => Region::De,
        };
        Ok(Head {
            lang,
            kind,
            region: self.region.unwrap_or(Some(home)),
            list_names: self.lists.iter().map(|list| list.name.clone()).collect(),
            lists: self.lists,
            one_per_line: self.one_per_line,
            lines,
        })
    }
}

impl Head {
    /// The source of each template with its line.
    pub(super) fn templates(&self, text: &str) -> Vec<(usize, String)> {
        let body = text.lines().enumerate().skip(self.lines);
        let body = body.map(|(index, line)| (index + 1, line));
        if self.one_per_line {
            return body
                .filter(|(_, line)| !line.trim().is_empty() && !is_rule(line))
                .map(|(number, line)| (number, line.trim().to_string()))
                .collect();
        }
        let mut templates: Vec<(usize, String)> = vec![(self.lines + 1, String::new())];
        for (number, line) in body {
            if is_rule(line) {
                templates.push((number + 1, String::new()));
            } else if let Some((_, source)) = templates.last_mut() {
                source.push_str(line);
                source.push('\n');
            }
        }
        for (line, source) in &mut templates {
            let lead = source.len() - source.trim_start_matches('\n').len();
            *line += lead;
            *source = source.trim_matches('\n').to_string();
        }
        templates.retain(|(_, source)| !source.trim().is_empty());
        templates
    }
}

/// A line that parts two templates.
fn is_rule(line: &str) -> bool {
    line.trim_end() == "%%"
}

/// Items parted by `;` outside of brackets and braces; `\;` stands for itself.
fn split_items(text: &str) -> impl Iterator<Item = String> {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&';') => {
                chars.next();
                item.push(';');
                continue;
            }
            '\\' => {
                item.push(c);
                item.extend(chars.next());
                continue;
            }
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '[' if chars.peek() == Some(&'[') => {
                chars.next();
                item.push('[');
                depth += 1;
            }
            ']' if chars.peek() == Some(&']') => {
                chars.next();
                item.push(']');
                depth = depth.saturating_sub(1);
            }
            ';' if depth == 0 => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            _ => {}
        }
        item.push(c);
    }
    items.push(item);
    items
        .into_iter()
        .map(|item| item.trim().to_string())
        .filter(|item| !item.is_empty())
}
