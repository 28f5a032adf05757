//! The page on which a person looks at what was found and corrects it: one file, opened from disk.

use aws_lc_rs::digest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::work::Marked;

/// The page with the texts and their marks; it loads nothing, and runs no script but its own.
pub(super) fn page(texts: &[Marked]) -> String {
    let data = escaped(&json!({ "texts": texts }).to_string());
    let mut page = String::with_capacity(data.len() + PAGE.len() + STYLE.len() + SCRIPT.len());
    // One pass: what is put in is not looked through again.
    let mut rest = PAGE;
    while let Some((before, behind)) = rest.split_once('{') {
        page.push_str(before);
        let slot = behind.split_once('}');
        let (name, behind) = slot.unwrap_or(("", behind));
        match name {
            "style" => page.push_str(STYLE),
            "script" => page.push_str(SCRIPT),
            "style_hash" => page.push_str(&hash(STYLE)),
            "script_hash" => page.push_str(&hash(SCRIPT)),
            "data" => page.push_str(&data),
            other => page.push_str(other),
        }
        rest = behind;
    }
    page.push_str(rest);
    page
}

/// JSON that can stand in a script element: nothing in it ends the element or begins another.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 16);
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out
}

/// What the content security policy names a script or style by.
fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("sha256-{}", BASE64_STANDARD.encode(digest))
}

const PAGE: &str = include_str!("review/page.html");
const STYLE: &str = include_str!("review/page.css");
const SCRIPT: &str = include_str!("review/page.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_break_out_of_its_place() {
        let text = "</script><script>alert(1)</script> {script} <!-- \u{2028}";
        let marked = Marked {
            id: json!("<b>"),
            text: text.to_owned(),
            spans: Vec::new(),
        };
        let page = page(&[marked]);
        assert!(!page.contains("alert(1)</script>") && !page.contains("<b>"));
        assert_eq!(page.matches("</script>").count(), 2);
        let (_, data) = page.split_once("id=\"data\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let read: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(read["texts"][0]["text"], text);
    }

    #[test]
    fn nothing_is_loaded_and_only_its_own_script_runs() {
        let page = page(&[]);
        assert!(page.contains("default-src 'none'") && page.contains(&hash(SCRIPT)));
        for foreign in [
            "http:",
            "https:",
            "src=",
            "@import",
            "url(",
            "innerHTML",
            "eval(",
        ] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}
