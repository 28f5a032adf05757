//! Just enough reading of Rust sources for `tidy` and `gates`: comments and literals out of the
//! way, brackets matched, functions and test modules found. Offsets stay those of the original.

use std::ops::Range;

/// The text with comments and the insides of literals replaced by spaces, byte for byte.
pub(crate) fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if let Some(length) = literal(rest, out.chars().next_back()) {
            (length, false)
        } else {
            (first.len_utf8(), true)
        };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if kept {
            out.push_str(piece);
        } else {
            out.extend(
                piece
                    .bytes()
                    .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
            );
        }
        rest = after;
    }
    out
}

/// Length of the block comment that `text` starts with; comments nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0usize;
    while let Some(rest) = text.get(at..) {
        if rest.is_empty() {
            break;
        } else if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of the string or character literal that `text` starts with, if it starts with one.
fn literal(text: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if !in_word {
        for prefix in ["br", "cr", "r"] {
            if let Some(length) = text.strip_prefix(prefix).and_then(raw_string) {
                return Some(prefix.len() + length);
            }
        }
        for prefix in ["b\"", "c\""] {
            if text.starts_with(prefix) {
                return Some(1 + quoted(text.get(1..)?, '"'));
            }
        }
        if text.starts_with("b'") {
            return Some(1 + quoted(text.get(1..)?, '\''));
        }
    }
    if text.starts_with('"') {
        return Some(quoted(text, '"'));
    }
    // A character, not a lifetime: a backslash follows, or the quote closes after one character.
    let after = text.strip_prefix('\'')?;
    let first = after.chars().next()?;
    let closes = after.get(first.len_utf8()..)?.starts_with('\'');
    (first == '\\' || closes).then(|| quoted(text, '\''))
}

/// Length of a literal from its opening to its closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// Length of a raw string after its prefix letters: hashes, quote, text, quote, hashes.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let body = text.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(hashes + 1 + body.find(&end).map_or(body.len(), |at| at + end.len()))
}

/// Where the bracket that opens at `open` closes, in blanked text: the offset after it.
pub(crate) fn closing(blanked: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in blanked.get(open..)?.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(open + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// End of the statement that starts at `start`: after its `;` at the same nesting, or where its
/// block closes when it is the block's value.
pub(crate) fn statement_end(blanked: &str, start: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in blanked.get(start..)?.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            '}' => return Some(start + at),
            ')' | ']' => return None,
            ';' if depth == 0 => return Some(start + at + 1),
            _ => {}
        }
    }
    None
}

/// Blanked text without its `#[cfg(test)]` modules; their lines are emptied.
pub(crate) fn without_tests(blanked: &str) -> String {
    let mut text = blanked.to_owned();
    let mark = "#[cfg(test)]";
    let mut from = 0;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| rest.find(mark))
        .map(|at| at + from)
    {
        from = at + mark.len();
        let Some(rest) = text.get(from..) else { break };
        let Some(open) = rest.find(['{', ';']).map(|at| at + from) else {
            break;
        };
        if text.get(open..).is_some_and(|rest| rest.starts_with('{')) {
            let Some(end) = closing(&text, open) else {
                break;
            };
            text = empty(&text, &(at..end));
        }
    }
    text
}

/// The text with a range turned to spaces; lines stay.
pub(crate) fn empty(text: &str, range: &Range<usize>) -> String {
    let before = text.get(..range.start).unwrap_or("");
    let inside = text.get(range.clone()).unwrap_or("");
    let after = text.get(range.end..).unwrap_or("");
    let spaces: String = inside
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    format!("{before}{spaces}{after}")
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) line: usize,
    /// Lines of its body that hold code.
    pub(crate) code_lines: usize,
}

/// Every function with a body in blanked text.
pub(crate) fn functions(blanked: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in blanked.match_indices("fn ") {
        let before = blanked.get(..at).unwrap_or("");
        if before
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
        {
            continue;
        }
        let signature = blanked.get(at + 3..).unwrap_or("");
        let name: String = signature
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let Some(open) = body_start(blanked, at + 3) else {
            continue;
        };
        let Some(end) = closing(blanked, open) else {
            continue;
        };
        if name.is_empty() {
            continue;
        }
        let body = blanked.get(open + 1..end - 1).unwrap_or("");
        let code_lines = body.lines().filter(|line| !line.trim().is_empty()).count();
        found.push(Function {
            name,
            line: before.lines().count().max(1),
            code_lines,
        });
    }
    found
}

/// Where the body of a function opens; `None` when it has none.
fn body_start(blanked: &str, from: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in blanked.get(from..)?.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(from + at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_become_spaces_of_the_same_length() {
        let text = "let a = \"x;{\"; // y}\nlet b = 'é'; /* a /* b */ c */ let c = r#\"q\"}\"#;";
        let blanked = blank(text);
        assert_eq!(blanked.len(), text.len());
        assert!(!blanked.contains('}') && !blanked.contains('{'));
        assert_eq!(blanked.matches(';').count(), 3);
        assert_eq!(blanked.lines().count(), 2);
    }

    #[test]
    fn lifetimes_and_byte_literals_are_told_apart() {
        let blanked =
            blank("fn f<'a>(x: &'a [u8]) -> bool { x == b\"}\" || x[0] == b'{' || '\\'' }");
        assert!(blanked.contains("&'a [u8]"));
        assert_eq!(blanked.matches(['{', '}']).count(), 2);
    }

    #[test]
    fn identifiers_that_end_in_r_do_not_start_a_raw_string() {
        assert_eq!(blank("for \"a\" in br"), "for     in br");
        assert_eq!(blank("var\"a\""), "var   ");
    }

    #[test]
    fn test_modules_do_not_count() {
        let text = "fn a() {\n    b();\n}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let names: Vec<String> = functions(&without_tests(&blank(text)))
            .into_iter()
            .map(|f| f.name)
            .collect();
        assert_eq!(names, ["a"]);
    }

    #[test]
    fn a_function_is_measured_by_its_code() {
        let text =
            "pub fn long(\n    a: [u8; 3],\n) -> u8 {\n    // why\n\n    a;\n    b\n}\nfn none();";
        assert_eq!(
            functions(&blank(text)),
            [Function {
                name: "long".into(),
                line: 1,
                code_lines: 2
            }]
        );
    }

    #[test]
    fn a_statement_ends_at_its_own_semicolon() {
        let text = "let a = match b { X => { c; d }, _ => return };\nlet e = 1;";
        assert_eq!(statement_end(text, 0), Some(47));
        assert_eq!(statement_end("b(c)? }", 0), Some(6));
        assert_eq!(statement_end("b )", 0), None);
        assert_eq!(statement_end("b", 0), None);
    }
}
