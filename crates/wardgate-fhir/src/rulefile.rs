//! Rule files of Microsoft's FHIR anonymizer: read whole, or refused with the number of the rule.
//!
//! The format is that of the project "Tools for Health Data Anonymization": `fhirPathRules` with `path` and `method`,
//! and `parameters`. The first rule that is met decides, as there. What no rule is for is not kept as it is, but
//! treated by our own table; and what stands for a value comes from the project's key, not from a key in the file.

mod cases;
mod path;

use serde_json::{Map, Value};
use wardgate_deid::RecordFault;

use crate::overlay::{Method, Overlay, Partial, Path, Rule};
use crate::schema::FhirVersion;

/// A rule file that was understood wholly.
#[derive(Debug)]
pub struct RuleFile {
    pub(crate) overlay: Overlay,
    version: FhirVersion,
    remarks: Vec<&'static str>,
}

impl RuleFile {
    /// Reads a rule file; comments may stand in it as in those of its makers.
    ///
    /// # Errors
    /// With the number of the first rule, or the name of the first parameter, that cannot be done: a method, a path
    /// or a setting that is unknown or is not supported (`encrypt`, keys in the file, functions of FHIRPath beyond
    /// those that `docs/records/fhir.md` lists).
    pub fn parse(text: &str) -> Result<Self, RecordFault> {
        if text.len() > FILE_BYTES_MAX {
            return Err(fault(format!(
                "the rule file has more than {} KiB",
                FILE_BYTES_MAX >> 10
            )));
        }
        let plain = without_comments(text);
        let file: Value = serde_json::from_str(&plain).map_err(|error| {
            fault(format!(
                "the rule file is not JSON at line {}",
                error.line()
            ))
        })?;
        let Value::Object(file) = file else {
            return Err(fault("the rule file is not a JSON object".to_owned()));
        };
        let mut read = Self {
            overlay: Overlay::default(),
            version: FhirVersion::R4,
            remarks: Vec::new(),
        };
        for (key, value) in &file {
            match key.as_str() {
                "fhirVersion" => read.version = version(value)?,
                "processingErrors" => read.processing(value)?,
                "fhirPathRules" => {}
                "parameters" => read.parameters(value)?,
                other => {
                    return Err(fault(format!(
                        "the rule file has the unknown member `{other}`"
                    )));
                }
            }
        }
        let rules = file.get("fhirPathRules").and_then(Value::as_array);
        let rules =
            rules.ok_or_else(|| fault("the rule file has no list `fhirPathRules`".to_owned()))?;
        if rules.is_empty() || rules.len() > RULES_MAX {
            return Err(fault(format!(
                "`fhirPathRules` must hold 1 to {RULES_MAX} rules"
            )));
        }
        for (index, rule) in rules.iter().enumerate() {
            read.rule(rule)
                .map_err(|what| fault(format!("rule {}: {what}", index + 1)))?;
        }
        Ok(read)
    }

    /// The version of FHIR that the file is for.
    #[must_use]
    pub fn version(&self) -> FhirVersion {
        self.version
    }

    /// Where what is done differs, by the words of the file, from what its makers' tool does.
    #[must_use]
    pub fn remarks(&self) -> &[&'static str] {
        &self.remarks
    }

    fn processing(&mut self, value: &Value) -> Result<(), RecordFault> {
        match value.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("raise") => Ok(()),
            Some("skip" | "keep") => {
                self.remark("a resource that cannot be processed is always refused and reported");
                Ok(())
            }
            _ => Err(fault(
                "`processingErrors` is neither `raise` nor `skip`".to_owned(),
            )),
        }
    }

    fn parameters(&mut self, value: &Value) -> Result<(), RecordFault> {
        let Some(parameters) = value.as_object() else {
            return Err(fault("`parameters` is not an object".to_owned()));
        };
        let mut partial = Partial::default();
        for (key, value) in parameters {
            let flag = || {
                let flag = value.as_bool();
                flag.ok_or_else(|| {
                    fault(format!("the parameter `{key}` is neither true nor false"))
                })
            };
            let empty = value.is_null() || value.as_str() == Some("");
            match key.as_str() {
                "enablePartialDatesForRedact" => partial.dates = flag()?,
                "enablePartialAgesForRedact" => partial.ages = flag()?,
                "enablePartialZipCodesForRedact" => partial.zip_codes = flag()?,
                "restrictedZipCodeTabulationAreas" => partial.small_areas = areas(value)?,
                "dateShiftKey" | "cryptoHashKey" | "encryptKey" | "dateShiftFixedOffsetInDays"
                    if empty => {}
                "encryptKey" => {}
                "dateShiftKey" | "cryptoHashKey" => {
                    return Err(fault(format!(
                        "the parameter `{key}` holds a key; stand-ins and shifts come from the project's key: leave it empty"
                    )));
                }
                "dateShiftScope" => match value.as_str().unwrap_or_default() {
                    "" | "resource" | "file" | "folder" => {
                        self.remark("dates move by the shift of their patient, in whatever resource or file they stand");
                    }
                    _ => {
                        return Err(fault(
                            "`dateShiftScope` is not `resource`, `file` or `folder`".to_owned(),
                        ));
                    }
                },
                "customSettings" if empty || value.as_object().is_some_and(Map::is_empty) => {}
                other => return Err(fault(format!("the parameter `{other}` is not supported"))),
            }
        }
        self.overlay.partial = partial;
        Ok(())
    }

    fn rule(&mut self, rule: &Value) -> Result<(), String> {
        let rule = rule.as_object().ok_or("it is not an object")?;
        let text = |key: &str| rule.get(key).and_then(Value::as_str);
        let path = text("path").ok_or("it has no `path`")?;
        let name = text("method").ok_or("it has no `method`")?;
        let method = self.method(&name.to_ascii_lowercase(), rule)?;
        let paths = path::parse(path)?;
        let index = self.overlay.rules.len();
        self.overlay.rules.push(Rule { method });
        for (start, steps) in paths {
            self.overlay.paths.push(Path {
                rule: index,
                start,
                steps,
            });
        }
        Ok(())
    }

    fn method(&mut self, name: &str, rule: &Map<String, Value>) -> Result<Method, String> {
        let (method, own): (Method, &[&str]) = match name {
            "redact" => (Method::Redact, &[]),
            "keep" => (Method::Keep, &[]),
            "dateshift" => (Method::DateShift, &[]),
            "cryptohash" => {
                self.remark("hashes are stand-ins by the project's key, of ids and references those that all others have");
                (Method::Hash, &[])
            }
            "substitute" => {
                let with = rule
                    .get("replaceWith")
                    .ok_or("`substitute` needs `replaceWith`")?;
                if with.is_null() || with.is_array() {
                    return Err("`replaceWith` must be a value or an object".to_owned());
                }
                (Method::Substitute(with.to_string()), &["replaceWith"])
            }
            "perturb" => (perturb(rule)?, &["span", "rangeType", "roundTo"]),
            "generalize" => (cases::generalise(rule)?, &["cases", "otherValues"]),
            "encrypt" => {
                return Err("the method `encrypt` is not supported: what can be turned back must not be in released data; use `cryptoHash`".to_owned());
            }
            _ => return Err("its method is unknown".to_owned()),
        };
        for key in rule.keys() {
            if !["path", "method"].contains(&key.as_str()) && !own.contains(&key.as_str()) {
                return Err(format!("its setting `{key}` is not supported"));
            }
        }
        Ok(method)
    }

    fn remark(&mut self, remark: &'static str) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }
}

fn version(value: &Value) -> Result<FhirVersion, RecordFault> {
    match value.as_str() {
        Some("") => Ok(FhirVersion::R4),
        Some(name) => match FhirVersion::named(name) {
            Some(version) => Ok(version),
            None => Err(fault(
                "the rule file is for a version of FHIR that is not supported".to_owned(),
            )),
        },
        None => Err(fault("`fhirVersion` is not a string".to_owned())),
    }
}

fn areas(value: &Value) -> Result<Vec<String>, RecordFault> {
    let texts = value
        .as_array()
        .into_iter()
        .flatten()
        .map(|area| area.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    let texts = texts.filter(|texts| {
        texts
            .iter()
            .all(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    });
    texts.ok_or_else(|| fault("`restrictedZipCodeTabulationAreas` is no list of digits".to_owned()))
}

fn perturb(rule: &Map<String, Value>) -> Result<Method, String> {
    let span = match rule.get("span") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_f64(),
        None => None,
    };
    let span = span
        .filter(|span| span.is_finite() && *span > 0.0)
        .ok_or("`perturb` needs a `span` above 0")?;
    let proportional = match rule
        .get("rangeType")
        .map(|kind| kind.as_str().map(str::to_ascii_lowercase))
    {
        None => false,
        Some(Some(kind)) if kind == "fixed" => false,
        Some(Some(kind)) if kind == "proportional" => true,
        _ => return Err("`rangeType` is neither `fixed` nor `proportional`".to_owned()),
    };
    let decimals = match rule.get("roundTo") {
        None => DECIMALS_USUAL,
        Some(Value::String(text)) => text.parse().map_err(|_| "`roundTo` is no number")?,
        Some(value) => value.as_u64().ok_or("`roundTo` is no number")?,
    };
    if decimals > DECIMALS_MAX {
        return Err(format!("`roundTo` is above {DECIMALS_MAX}"));
    }
    Ok(Method::Perturb {
        span,
        proportional,
        decimals: usize::try_from(decimals).unwrap_or_default(),
    })
}

/// The text without `//` and `/* */` outside of strings; line ends stay, so that lines keep their numbers.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}').chars().peekable();
    let mut quoted = false;
    while let Some(c) = rest.next() {
        match (quoted, c, rest.peek()) {
            (true, '\\', Some(_)) => {
                out.push(c);
                out.extend(rest.next());
            }
            (_, '"', _) => {
                quoted = !quoted;
                out.push(c);
            }
            (false, '/', Some('/')) => while rest.next_if(|c| *c != '\n').is_some() {},
            (false, '/', Some('*')) => {
                let mut before = ' ';
                rest.next();
                for c in rest.by_ref() {
                    if c == '\n' {
                        out.push(c);
                    }
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            _ => out.push(c),
        }
    }
    out
}

fn fault(what: String) -> RecordFault {
    RecordFault::new(
        "fhir.rule_file",
        what,
        "nothing was processed; write the rule another way, or leave it to the profile",
    )
}

const FILE_BYTES_MAX: usize = 1 << 20;
const RULES_MAX: usize = 1_000;
const DECIMALS_USUAL: u64 = 2;
const DECIMALS_MAX: u64 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(text: &str) -> String {
        RuleFile::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn files_are_read_with_their_comments() {
        let file = RuleFile::parse(
            r#"{
              // what it is for
              "fhirVersion": "R4", /* and
              more */ "processingErrors": "raise",
              "fhirPathRules": [
                {"path": "nodesByType('HumanName')", "method": "redact"},
                {"path": "Patient.identifier.where(system = 'http://a//b').value | Patient.photo", "method": "cryptoHash"},
                {"path": "Condition.onset as Age", "method": "keep"},
                {"path": "Resource", "method": "redact"}
              ],
              "parameters": {"dateShiftKey": "", "dateShiftScope": "resource", "cryptoHashKey": "",
                "enablePartialAgesForRedact": true, "restrictedZipCodeTabulationAreas": ["036"]}
            }"#,
        )
        .unwrap();
        assert_eq!(file.version(), FhirVersion::R4);
        assert_eq!(file.overlay.rules.len(), 4);
        assert_eq!(file.overlay.paths.len(), 5);
        assert!(file.overlay.partial.ages && !file.overlay.partial.dates);
        assert_eq!(file.remarks().len(), 2);
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_rule() {
        let rules = |rule: &str| {
            format!(r#"{{"fhirPathRules": [{{"path": "Resource.id", "method": "keep"}}, {rule}]}}"#)
        };
        for rule in [
            r#"{"path": "Patient.name", "method": "encrypt"}"#,
            r#"{"path": "Patient.name", "method": "shred"}"#,
            r#"{"path": "Patient.name.first()", "method": "redact"}"#,
            r#"{"path": "Patient.nmae", "method": "redact"}"#,
            r#"{"path": "Nobody.name", "method": "redact"}"#,
            r#"{"path": "Patient.name.where(given.count() > 1)", "method": "redact"}"#,
            r#"{"path": "Bundle.entry.resource.id", "method": "redact"}"#,
            r#"{"path": "Patient.name", "method": "redact", "when": "always"}"#,
            r#"{"path": "Patient.name", "method": "substitute"}"#,
            r#"{"path": "Observation.value", "method": "perturb", "span": -1}"#,
            r#"{"path": "Observation.value", "method": "generalize", "cases": {"$this.length() > 2": "1"}}"#,
        ] {
            let fault = fault_of(&rules(rule));
            assert!(fault.starts_with("rule 2: "), "{rule}: {fault}");
        }
        let keyed = r#"{"fhirPathRules": [{"path": "Resource", "method": "keep"}], "parameters": {"cryptoHashKey": "x"}}"#;
        assert!(fault_of(keyed).contains("cryptoHashKey"));
        let old =
            r#"{"fhirVersion": "STU3", "fhirPathRules": [{"path": "Resource", "method": "keep"}]}"#;
        assert!(fault_of(old).contains("version"));
        assert!(fault_of("{").contains("line 1"));
    }
}
