//! Consents in files: one, a list, a Bundle, or one on each line.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::failure::Failure;

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "resourceType")]
    kind: Option<&'a str>,
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow, default)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))
}

/// The consents of a file, each as its own text. What is in the place of a consent and is none
/// is kept: it will refuse.
pub(super) fn consents(path: &Path) -> Result<Vec<String>, Failure> {
    let text = read(path)?;
    let texts = split(&text).ok_or_else(|| {
        Failure::new(
            format!("`{}` holds no consents", path.display()),
            "give a FHIR Consent, a Bundle or a list of them as JSON, or one consent on each line",
        )
    })?;
    Ok(texts.into_iter().map(str::to_owned).collect())
}

fn split(text: &str) -> Option<Vec<&str>> {
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return Some(list.into_iter().map(RawValue::get).collect());
    }
    if let Ok(Kind { kind }) = serde_json::from_str::<Kind<'_>>(text) {
        if kind != Some("Bundle") {
            return Some(vec![text]);
        }
        let bundle: Bundle<'_> = serde_json::from_str(text).ok()?;
        let resources = bundle.entry.into_iter().filter_map(|entry| entry.resource);
        let is_consent = |resource: &&RawValue| {
            serde_json::from_str::<Kind<'_>>(resource.get())
                .is_ok_and(|one| one.kind == Some("Consent"))
        };
        return Some(resources.filter(is_consent).map(RawValue::get).collect());
    }
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let readable = lines
        .iter()
        .all(|line| serde_json::from_str::<Kind<'_>>(line).is_ok());
    (!lines.is_empty() && readable).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_list_a_bundle_and_lines_are_read() {
        let one = r#"{"resourceType":"Consent","id":"a"}"#;
        assert_eq!(split(one), Some(vec![one]));
        assert_eq!(split(&format!("[{one},{one}]")), Some(vec![one, one]));
        assert_eq!(split(&format!("{one}\n\n{one}\n")), Some(vec![one, one]));
        let bundle = format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{one}}},{{"resource":{{"resourceType":"Patient"}}}},{{}}]}}"#
        );
        assert_eq!(split(&bundle), Some(vec![one]));
        assert_eq!(split("no json"), None);
        assert_eq!(split(""), None);
    }
}
