//! Gold standards in the XML of the i2b2 2014 task: `<TEXT>` in a CDATA section, then `<TAGS>`.

use std::path::Path;

use super::{Characters, Reading, Text, id_of};

impl Reading<'_> {
    pub(super) fn i2b2(&mut self, file: &Path, root: &Path) {
        let Some(xml) = self.file(file) else {
            return;
        };
        // XML reads every line end as one line feed, and offsets count after that.
        let xml = xml.replace("\r\n", "\n").replace('\r', "\n");
        let Some((text, tags, line)) = parts(&xml) else {
            let hint = "write <TEXT><![CDATA[...]]></TEXT> and <TAGS>...</TAGS>";
            return self.fault(file, 0, "this is not the XML of the i2b2 2014 task", hint);
        };
        let characters = Characters::of(&text);
        let mut spans = Vec::new();
        let (mut behind, mut counted, mut line) = (0, 0, line);
        for (index, written) in tags.match_indices('<') {
            let tag = tags.get(index + written.len()..).unwrap_or_default();
            let passed = tags.get(counted..index).unwrap_or_default();
            line += passed.matches('\n').count() as u64;
            counted = index;
            if index < behind || tag.starts_with(['/', '!', '?']) {
                continue;
            }
            let Some((name, attributes, len)) = element(tag) else {
                self.fault(
                    file,
                    line,
                    "this tag can not be read",
                    "close its quotes and end it with >",
                );
                break;
            };
            behind = index + len;
            let value = |name: &str| {
                let found = attributes.iter().find(|(given, _)| given == name);
                found.map(|(_, value)| value.as_str())
            };
            let number = |name| value(name).and_then(|value| value.trim().parse().ok());
            let (Some(start), Some(end)) = (number("start"), number("end")) else {
                self.fault(
                    file,
                    line,
                    "a tag has no `start` and `end`",
                    "write both as numbers",
                );
                continue;
            };
            let kind = value("TYPE").or(value("type")).unwrap_or(name);
            let Some(span) = self.span(&characters, (start, end), kind, (file, line)) else {
                continue;
            };
            let marked = text.get(span.at.clone()).unwrap_or_default();
            let agrees = |surface: &str| surface.split_whitespace().eq(marked.split_whitespace());
            if value("text").is_some_and(|surface| !surface.is_empty() && !agrees(surface)) {
                let hint = "the tags belong to another version of the text";
                self.fault(
                    file,
                    line,
                    "the offsets do not lead to the text that was marked",
                    hint,
                );
            }
            spans.push(span);
        }
        self.texts.push(Text {
            id: id_of(file, root),
            file: file.to_owned(),
            line: 0,
            text,
            spans,
        });
    }
}

/// The text, what stands between `<TAGS>` and its end, and the line on which that begins.
fn parts(xml: &str) -> Option<(String, &str, u64)> {
    let (_, rest) = xml.split_once("<TEXT>")?;
    let text_end = rest.rfind("</TEXT>")?;
    let (inside, behind) = rest.split_at_checked(text_end)?;
    let (_, tags) = behind.split_once("<TAGS>").unwrap_or((behind, ""));
    let line = xml.len() - tags.len();
    let line = xml.get(..line)?.matches('\n').count() as u64 + 1;
    let tags = tags.split_once("</TAGS>").map_or(tags, |(tags, _)| tags);
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, section)) = rest.split_once("<![CDATA[") {
        text.push_str(&plain(before.trim()));
        let (verbatim, behind) = section.split_once("]]>")?;
        text.push_str(verbatim);
        rest = behind;
    }
    // Without a CDATA section every space counts.
    let no_section = rest.len() == inside.len();
    text.push_str(&plain(if no_section { rest } else { rest.trim() }));
    Some((text, tags, line))
}

type Attributes = Vec<(String, String)>;

/// `NAME id="P0" start="1"/>`: the name, the attributes, and how long it is.
fn element(tag: &str) -> Option<(&str, Attributes, usize)> {
    let name_end = tag.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    let (name, mut rest) = tag.split_at_checked(name_end)?;
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix('>').or_else(|| rest.strip_prefix("/>")) {
            return Some((name, attributes, tag.len() - behind.len()));
        }
        let (attribute, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, behind) = value.strip_prefix(quote)?.split_once(quote)?;
        attributes.push((attribute.trim().to_owned(), plain(value)));
        rest = behind;
    }
}

/// Text with its XML entities read.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let entity = behind.split_once(';').filter(|(name, _)| name.len() <= 8);
        let read = entity.and_then(|(name, behind)| Some((character(name)?, behind)));
        match read {
            Some((character, behind)) => {
                out.push(character);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        number => {
            let number = number.strip_prefix('#')?;
            let number = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_tags_are_read() {
        let xml = "<?xml version=\"1.0\"?>\n<deIdi2b2>\n<TEXT><![CDATA[Ann & \"Bo\" <x>]]]]><![CDATA[>]]></TEXT>\n<TAGS>\n<NAME id=\"P0\" start=\"0\" end='3' text=\"A &amp; &#66;\" TYPE=\"PATIENT\" />\n</TAGS>\n</deIdi2b2>";
        let (text, tags, line) = parts(xml).unwrap();
        assert_eq!((text.as_str(), line), ("Ann & \"Bo\" <x>]]>", 4));
        let tag = tags.trim().strip_prefix('<').unwrap();
        let (name, attributes, len) = element(tag).unwrap();
        assert_eq!((name, len), ("NAME", tag.len()));
        let text = attributes.iter().find(|(name, _)| name == "text").unwrap();
        assert_eq!(text.1, "A & B");
        assert!(element("NAME start=\"1").is_none());
        for (end, _) in xml.char_indices() {
            let cut = parts(&xml[..end]);
            assert!(cut.is_none() || end > xml.find("</TEXT>").unwrap(), "{end}");
        }
        assert!(parts("<xml/>").is_none());
        assert_eq!(parts("<TEXT> a &lt; b</TEXT>").unwrap().0, " a < b");
    }
}
