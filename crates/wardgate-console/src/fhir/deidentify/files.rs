//! Files by their addresses, as `darts-operation-data-urls-parameter` of the guide writes them.

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::fhir::outcome::Outcome;

/// A file that is to be fetched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SentFile {
    /// The type of its resources.
    pub(super) kind: String,
    pub(super) address: Url,
}

#[derive(Deserialize)]
struct FileUrls {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(default)]
    parameter: Vec<FileParameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileParameter {
    name: String,
    value_code: Option<String>,
    value_string: Option<String>,
    value_url: Option<String>,
    value_uri: Option<String>,
    #[serde(default)]
    part: Vec<FileParameter>,
}

/// Reads the value of `identifiableDataFileUrls`.
pub(super) fn read(json: &str) -> Result<Vec<SentFile>, Outcome> {
    let urls = serde_json::from_str::<FileUrls>(json).ok();
    let urls = urls.filter(|urls| urls.resource_type == "Parameters");
    let urls = urls.ok_or_else(|| {
        Outcome::invalid(
            "the `resource` of `identifiableDataFileUrls` is not Parameters with `format` and `data`",
        )
    })?;
    let mut files = Vec::new();
    for parameter in &urls.parameter {
        match parameter.name.as_str() {
            "format" => parameter.check_format()?,
            "data" => files.push(parameter.file(files.len() + 1)?),
            // A name that is not known is not repeated: it may be anything.
            _ => {
                return Err(Outcome::not_supported(
                    "a parameter of `identifiableDataFileUrls` is not one of the guide; these are \
                     `format` and `data`",
                ));
            }
        }
        if files.len() > FILES_MAX {
            return Err(Outcome::invalid(format!(
                "there are more than {FILES_MAX} files; ask for less at once"
            )));
        }
    }
    if files.is_empty() {
        return Err(Outcome::required(
            "`identifiableDataFileUrls` names no file: add `data` with `resourceType` and `resourceUrl`",
        ));
    }
    Ok(files)
}

impl FileParameter {
    fn text(&self) -> Option<&str> {
        let values = [
            &self.value_code,
            &self.value_url,
            &self.value_uri,
            &self.value_string,
        ];
        values.into_iter().find_map(|value| value.as_deref())
    }

    fn check_format(&self) -> Result<(), Outcome> {
        let ndjson = |format: &str| {
            let format = format.strip_prefix("application/").unwrap_or(format);
            ["fhir+ndjson", "ndjson", "x-ndjson"].contains(&format)
        };
        if self.text().is_some_and(ndjson) {
            return Ok(());
        }
        Err(Outcome::not_supported(
            "`format` can be `fhir+ndjson` only: one resource a line",
        ))
    }

    /// The file of a `data`, which is the one of a number.
    fn file(&self, number: usize) -> Result<SentFile, Outcome> {
        let part = |name: &str| {
            let mut found = self.part.iter().filter(|part| part.name == name);
            match (found.next(), found.next()) {
                (Some(part), None) => part.text(),
                _ => None,
            }
        };
        let kind = part("resourceType").filter(|kind| is_type(kind));
        let kind = kind.ok_or_else(|| {
            Outcome::required(format!(
                "file {number} has no `resourceType` that is the name of a type"
            ))
        })?;
        let address = part("resourceUrl").and_then(|address| Url::parse(address).ok());
        let address = address.ok_or_else(|| {
            Outcome::required(format!(
                "file {number} has no `resourceUrl` that is an absolute address"
            ))
        })?;
        Ok(SentFile {
            kind: kind.to_owned(),
            address,
        })
    }
}

/// Types and addresses in the form in which they are sent.
pub(super) fn resource(files: impl Iterator<Item = (String, String)>) -> Value {
    let mut parameter = vec![json!({"name": "format", "valueCode": "fhir+ndjson"})];
    parameter.extend(files.map(|(kind, address)| {
        json!({"name": "data", "part": [
            {"name": "resourceType", "valueCode": kind},
            {"name": "resourceUrl", "valueUrl": address},
        ]})
    }));
    json!({"resourceType": "Parameters", "parameter": parameter})
}

fn is_type(kind: &str) -> bool {
    kind.len() <= 64
        && kind.starts_with(|first: char| first.is_ascii_uppercase())
        && kind.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Files that are fetched for one request.
const FILES_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn data(kind: &str, address: &str) -> Value {
        let urls = resource([(kind.to_owned(), address.to_owned())].into_iter());
        urls["parameter"][1].clone()
    }

    fn of(parameter: &[Value]) -> Result<Vec<SentFile>, Outcome> {
        read(&json!({"resourceType": "Parameters", "parameter": parameter}).to_string())
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let format = json!({"name": "format", "valueCode": "fhir+ndjson"});
        let one = data("Patient", "https://a.example/Patient.ndjson");
        let other = data("Observation", "https://a.example/o?part=1");
        let files = of(&[format, one, other]).unwrap();
        let kinds: Vec<_> = files.iter().map(|file| file.kind.as_str()).collect();
        assert_eq!(kinds, ["Patient", "Observation"]);
        assert_eq!(files[1].address.as_str(), "https://a.example/o?part=1");
    }

    #[test]
    fn what_the_guide_does_not_have_is_refused() {
        let good = data("Patient", "https://a.example/Patient.ndjson");
        assert!(of(std::slice::from_ref(&good)).is_ok());
        let mut doubled = good.clone();
        let part = doubled["part"][1].clone();
        doubled["part"].as_array_mut().unwrap().push(part);
        for bad in [
            vec![],
            vec![
                json!({"name": "format", "valueCode": "fhir+xml"}),
                good.clone(),
            ],
            vec![
                json!({"name": "inputSource", "valueUri": "https://a.example"}),
                good.clone(),
            ],
            vec![data("patient", "https://a.example/Patient.ndjson")],
            vec![data("Patient!", "https://a.example/Patient.ndjson")],
            vec![data("Patient", "Patient.ndjson")],
            vec![json!({"name": "data"})],
            vec![doubled],
            vec![good; 101],
        ] {
            assert!(of(&bad).is_err(), "{bad:?}");
        }
        assert!(read("{\"resourceType\":\"Bundle\"}").is_err());
        assert!(read("[]").is_err());
    }
}
