//! XML of any vocabulary: its text, an element to a line, as plain text.
//!
//! Nothing is known of what its elements and attributes mean, so no attribute is kept, and the name of an
//! element stands before its text, where the engine sees what the text is. Formats that are known (C-CDA,
//! FHIR) are cleaned by their own rules before they get here.

use wardgate_deid::{RecordFault, RecordScope};

use crate::html;
use crate::lines::collapse;
use crate::{Written, through_engine};

/// The text of an XML document, cleaned.
///
/// # Errors
/// When an identifier is surely left.
pub(crate) fn clean(scope: &RecordScope<'_>, markup: &str) -> Result<Written, RecordFault> {
    let (text, _) = through_engine(scope, &labelled_text(markup))?;
    Ok(Written {
        bytes: text.into_bytes(),
        media_type: "text/plain".to_owned(),
        parts_left_out: 0,
    })
}

/// Everything that could be read in it.
pub(crate) fn all_text(markup: &str) -> String {
    let mut text = labelled_text(markup);
    text.push('\n');
    text.push_str(&html::all_text(markup));
    text
}

fn labelled_text(markup: &str) -> String {
    let mut out = String::new();
    let mut rest = markup;
    let mut name = "";
    let mut line = String::new();
    while let Some(at) = rest.find('<') {
        let (text, from) = rest.split_at(at);
        collapse(&html::decoded(text), &mut line);
        let (inside, behind) = match from.strip_prefix("<![CDATA[") {
            Some(section) => {
                let (text, behind) = section.split_once("]]>").unwrap_or((section, ""));
                collapse(text, &mut line);
                rest = behind;
                continue;
            }
            None => mark(from),
        };
        put_line(&mut out, name, &mut line);
        name = local_name(inside);
        rest = behind;
    }
    collapse(&html::decoded(rest), &mut line);
    put_line(&mut out, name, &mut line);
    out
}

/// The inside of a mark, and what stands behind it.
fn mark(from: &str) -> (&str, &str) {
    for (begins, ends) in [("<!--", "-->"), ("<?", "?>")] {
        if from.starts_with(begins) {
            return ("", from.split_once(ends).map_or("", |(_, behind)| behind));
        }
    }
    let inside = from.get(1..).unwrap_or_default();
    let mut quote = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (None, '>') => {
                return (
                    inside.get(..at).unwrap_or_default(),
                    inside.get(at + 1..).unwrap_or_default(),
                );
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    (inside, "")
}

fn local_name(inside: &str) -> &str {
    if inside.starts_with(['/', '!', '?']) {
        return "";
    }
    let end = inside.find(|c: char| c.is_whitespace() || c == '/');
    let name = inside
        .get(..end.unwrap_or(inside.len()))
        .unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default();
    let word = local.len() <= NAME_LEN_MAX && local.chars().all(|c| c.is_ascii_alphabetic());
    if word { local } else { "" }
}

fn put_line(out: &mut String, name: &str, line: &mut String) {
    let text = line.trim();
    if !text.is_empty() {
        if !name.is_empty() {
            out.push_str(name);
            out.push_str(": ");
        }
        out.push_str(text);
        out.push('\n');
    }
    line.clear();
}

const NAME_LEN_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_behind_the_name_of_its_element() {
        let xml = "<?xml version='1.0'?><a:r x='1>2'><mrn>00<![CDATA[44]]>&#49;</mrn><!-- c --><n/>tail</a:r>";
        assert_eq!(labelled_text(xml), "mrn: 00441\nn: tail\n");
    }

    #[test]
    fn broken_markup_ends() {
        for xml in ["<", "<a", "<a b='", "<!--", "<?", "<![CDATA["] {
            labelled_text(xml);
        }
    }
}
