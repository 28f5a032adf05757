//! HTML and XHTML: read as tokens, written anew with the marks of structure and the cleaned text alone.

mod entity;
mod structure;
mod token;

use wardgate_deid::{RecordFault, RecordScope};

use crate::lines::Cleaned;
use crate::{Written, form};
use structure::{Page, Piece};
use token::Token;

pub(crate) use entity::decoded;

/// A page with the cleaned text of a page.
///
/// # Errors
/// When an identifier is surely left.
pub(crate) fn clean(scope: &RecordScope<'_>, markup: &str) -> Result<Written, RecordFault> {
    let page = Page::read(markup);
    let bytes = match page.lines.cleaned(scope)? {
        Cleaned::Same(lines) => written(&page, &lines),
        Cleaned::Other(lines) => {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            self::page(&lines)
        }
    };
    Ok(Written {
        bytes,
        media_type: form::Form::Html.media_type().to_owned(),
        parts_left_out: page.left_out,
    })
}

/// A page of paragraphs.
pub(crate) fn page(paragraphs: &[&str]) -> Vec<u8> {
    let mut out = HEAD.to_owned();
    for paragraph in paragraphs.iter().filter(|text| !text.trim().is_empty()) {
        out.push_str("<p>");
        escape(paragraph, &mut out);
        out.push_str("</p>\n");
    }
    out.push_str(FOOT);
    out.into_bytes()
}

/// Everything that could be read in a page: its text, and what stands in attributes, comments and scripts.
pub(crate) fn all_text(markup: &str) -> String {
    let mut out = Page::read(markup).lines.text();
    for token in token::tokens(markup) {
        match token {
            Token::Open(tag) => {
                for (_, value) in &tag.attributes {
                    out.push('\n');
                    out.push_str(value);
                }
            }
            Token::Hidden(text) => {
                out.push('\n');
                out.push_str(text);
            }
            Token::Text(_) | Token::Close(_) => {}
        }
    }
    out
}

fn written(page: &Page, lines: &crate::lines::Lines) -> Vec<u8> {
    let mut out = HEAD.to_owned();
    for piece in &page.pieces {
        match piece {
            Piece::Mark(mark) => out.push_str(mark),
            Piece::Cell { place, marked } => {
                let (old, new) = (page.lines.at(*place), lines.at(*place));
                match old == new {
                    true => out.push_str(marked),
                    false => escape(new, &mut out),
                }
            }
        }
    }
    out.push_str(FOOT);
    out.into_bytes()
}

/// Text as markup.
pub(crate) fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            c => into.push(c),
        }
    }
}

const HEAD: &str = "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">\
<head><meta charset=\"utf-8\"/><title>Document</title></head>\n<body>\n";
const FOOT: &str = "\n</body></html>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_joined_over_inline_marks_and_parted_at_blocks() {
        let page = Page::read(
            "<P>Ma<b>r&#x69;</b>a&nbsp;<i>Schmidt</i><p>next<table><tr><td>a<td>b</table>",
        );
        assert_eq!(page.lines.text().trim_end(), "Maria Schmidt\nnext\na\tb");
    }

    #[test]
    fn an_unchanged_page_keeps_its_marks_and_nothing_else() {
        let page = Page::read(
            "<html><head><title>T</title><style>p{}</style></head><body onload=x><h1 class=a>A &lt; B</h1>\
             <!-- c --><p style='x'>one<br>t<b>w</b>o <img src='data:x' alt='a picture'></p><script>s</script>",
        );
        let out = String::from_utf8(written(&page, &page.lines)).unwrap();
        let body = out.strip_prefix(HEAD).unwrap().strip_suffix(FOOT).unwrap();
        assert_eq!(
            body,
            "<h1>T</h1><h1>A &lt; B</h1><p>one<br/>t<b>w</b>o [a picture] </p>"
        );
        assert_eq!(page.left_out, 1);
    }

    #[test]
    fn everything_can_be_searched() {
        let all = all_text(
            "<p title='M&uuml;ller'>x<!-- Schmidt --><script>'Weber'</script><a href='?n=Vogt'>",
        );
        for name in ["Müller", "Schmidt", "Weber", "Vogt"] {
            assert!(all.contains(name), "{name}");
        }
    }

    #[test]
    fn broken_markup_stays_text() {
        for markup in [
            "<",
            "<p",
            "<p title='x",
            "</",
            "<!--",
            "a < b",
            "<script>",
            "&#xfffffff;",
            "<![CDATA[x",
        ] {
            let page = Page::read(markup);
            written(&page, &page.lines);
            all_text(markup);
        }
        assert_eq!(
            Page::read("a < b & c &nosuch; d").lines.text(),
            "a < b & c &nosuch; d"
        );
    }
}
