//! The XHTML of narratives: the text is cleaned as one, tags that only lay it out stay without their attributes.

/// The narrative with its text cleaned, or nothing where it is no XHTML or its text could not be cleaned.
pub(crate) fn cleaned(xhtml: &str, clean: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let mut clean = clean;
    let pieces = pieces(xhtml)?;
    let blocks = blocks(&pieces);
    let text: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
    let whole = text.join("\n");
    let cleaned = clean(&whole)?;
    let lines: Vec<&str> = cleaned.split('\n').collect();
    let lines: Vec<String> = match lines.len() == blocks.len() {
        true => lines.into_iter().map(str::to_owned).collect(),
        // A stand-in took a line end with it: then each block by itself.
        false => text.iter().map(|text| clean(text)).collect::<Option<_>>()?,
    };
    Some(written(&pieces, &blocks, &lines))
}

enum Piece<'a> {
    /// Text as it is written, with its entities.
    Text(&'a str),
    Open {
        name: &'a str,
        spans: Vec<(&'a str, &'a str)>,
        empty: bool,
    },
    Close(&'a str),
}

/// Text that belongs together, and which pieces it comes from.
#[derive(Default)]
struct Block {
    text: String,
    pieces: Vec<usize>,
}

fn pieces(xhtml: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xhtml;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at_checked(at)?;
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        if tag.starts_with("<!") || tag.starts_with("<?") {
            rest = tag.split_once('>')?.1;
            continue;
        }
        let (inside, after) = tag_of(tag)?;
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            let name = name.trim();
            if open.pop() != Some(name) {
                return None;
            }
            if TAGS.contains(&name) {
                pieces.push(Piece::Close(name));
            }
            continue;
        }
        let empty = inside.ends_with('/');
        let inside = inside.trim_end_matches('/');
        let name = inside.split(|c: char| c.is_whitespace()).next()?;
        if SILENT.contains(&name) && !empty {
            let end = format!("</{name}>");
            rest = rest.split_once(end.as_str())?.1;
            continue;
        }
        if !empty {
            open.push(name);
            if open.len() > TAGS_DEEP_MAX {
                return None;
            }
        }
        if TAGS.contains(&name) {
            let spans = spans(inside.get(name.len()..).unwrap_or_default());
            pieces.push(Piece::Open { name, spans, empty });
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    open.is_empty().then_some(pieces)
}

/// What stands between the signs of a tag, and what follows it. Quoted values can hold `>`.
fn tag_of(tag: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'>') => return Some((tag.get(1..at)?, tag.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// The spans of cells, the only attributes that say nothing.
fn spans(attributes: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for name in ["colspan", "rowspan"] {
        let value = attributes
            .split_once(name)
            .map(|(_, rest)| rest.trim_start_matches(['=', ' ', '"', '\'']));
        let digits = value.map(|value| {
            value
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or_default()
        });
        if let Some(digits) = digits
            && (1..=3).contains(&digits.len())
        {
            found.push((name, digits));
        }
    }
    found
}

fn blocks(pieces: &[Piece<'_>]) -> Vec<Block> {
    let mut blocks = vec![Block::default()];
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                if let Some(block) = blocks.last_mut() {
                    push_spaced(&mut block.text, &unescaped(text));
                    block.pieces.push(index);
                }
            }
            Piece::Open { name, .. } | Piece::Close(name)
                if !INLINE.contains(name)
                    && blocks.last().is_some_and(|block| !block.pieces.is_empty()) =>
            {
                blocks.push(Block::default());
            }
            _ => {}
        }
    }
    blocks
}

/// Adds text with every run of white space as one space.
fn push_spaced(to: &mut String, text: &str) {
    for c in text.chars() {
        match c.is_whitespace() {
            true if to.ends_with(' ') || to.is_empty() => {}
            true => to.push(' '),
            false => to.push(c),
        }
    }
}

/// The tags, with the text of each block that changed at the place of its first piece.
fn written(pieces: &[Piece<'_>], blocks: &[Block], lines: &[String]) -> String {
    let mut texts: Vec<Option<&str>> = vec![None; pieces.len()];
    for (block, line) in blocks.iter().zip(lines) {
        if block.text == *line {
            continue;
        }
        for (index, piece) in block.pieces.iter().enumerate() {
            if let Some(slot) = texts.get_mut(*piece) {
                *slot = Some(if index == 0 { line.as_str() } else { "" });
            }
        }
    }
    let mut out = String::new();
    let mut first = true;
    for (piece, text) in pieces.iter().zip(texts) {
        match (piece, text) {
            (Piece::Text(_), Some(text)) => push_escaped(&mut out, text),
            (Piece::Text(own), None) => out.push_str(&own.replace('\u{a0}', " ")),
            (Piece::Open { name, spans, empty }, _) => {
                out.push('<');
                out.push_str(name);
                if first && *name == "div" {
                    out.push_str(" xmlns=\"http://www.w3.org/1999/xhtml\"");
                }
                first = false;
                for (name, value) in spans {
                    out.push_str(&format!(" {name}=\"{value}\""));
                }
                out.push_str(if *empty { "/>" } else { ">" });
            }
            (Piece::Close(name), _) => {
                out.push_str("</");
                out.push_str(name);
                out.push('>');
            }
        }
    }
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
}

/// Text out of its entities. One that is not known stays as it is written.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        out.push_str(before);
        let entity = from
            .split_once(';')
            .filter(|(name, _)| name.len() <= ENTITY_LEN_MAX);
        match entity.and_then(|(name, after)| character(name).map(|c| (c, after))) {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = from;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        numeric => {
            let digits = numeric.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// Tags that lay text out.
const TAGS: &[&str] = &[
    "div",
    "p",
    "span",
    "br",
    "hr",
    "b",
    "i",
    "u",
    "em",
    "strong",
    "small",
    "big",
    "tt",
    "sub",
    "sup",
    "code",
    "pre",
    "samp",
    "kbd",
    "var",
    "dfn",
    "cite",
    "q",
    "abbr",
    "acronym",
    "blockquote",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "col",
    "colgroup",
    "a",
];

/// Tags that part no words.
const INLINE: &[&str] = &[
    "span", "b", "i", "u", "em", "strong", "small", "big", "tt", "sub", "sup", "code", "samp",
    "kbd", "var", "dfn", "cite", "q", "abbr", "acronym", "a",
];

/// Tags whose content nobody reads.
const SILENT: &[&str] = &["script", "style", "head", "title", "object", "svg", "math"];
const TAGS_DEEP_MAX: usize = 64;
const ENTITY_LEN_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(xhtml: &str) -> Option<String> {
        cleaned(xhtml, |text| {
            Some(
                text.replace("Maria & Brown", "[NAME]")
                    .replace("Maria", "[M]"),
            )
        })
    }

    #[test]
    fn layout_stays_and_attributes_go() {
        let xhtml = r#"<div xmlns="http://www.w3.org/1999/xhtml" id="Maria"><p title='a>b'>Seen: <b>5 &lt; 6</b></p><img alt="Maria" src="x"/><!-- Maria --><table><tr><td colspan="2" class="Maria">x</td></tr></table></div>"#;
        let expected = r#"<div xmlns="http://www.w3.org/1999/xhtml"><p>Seen: <b>5 &lt; 6</b></p><table><tr><td colspan="2">x</td></tr></table></div>"#;
        assert_eq!(clean(xhtml).as_deref(), Some(expected));
    }

    #[test]
    fn names_across_tags_and_entities_are_read_as_one() {
        let xhtml =
            "<div><p><b>Ma</b>ria was seen</p><p>Maria &#38; Brown</p><script>Maria</script></div>";
        let out = clean(xhtml).unwrap();
        assert!(!out.contains("Ma") && !out.contains("Brown"), "{out}");
        assert!(
            out.contains("<p><b>[M] was seen</b></p>") && out.contains("<p>[NAME]</p>"),
            "{out}"
        );
    }

    #[test]
    fn what_is_no_xhtml_is_not_kept() {
        for bad in [
            "<div>",
            "<div></p>",
            "</div>",
            "<div",
            "<div title=\"x></div>",
            "<!-- x",
            "<script>x",
        ] {
            assert_eq!(clean(bad), None, "{bad}");
        }
        assert_eq!(clean(&"<b>".repeat(1000)), None);
    }
}
