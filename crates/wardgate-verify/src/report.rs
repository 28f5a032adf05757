//! What was found, for a person and for a program.

use std::fmt::Write;

/// Why something does not verify.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: &'static str,
    index: Option<u64>,
}

impl Failure {
    pub(crate) fn new(message: String, hint: &'static str) -> Self {
        Self {
            message,
            hint,
            index: None,
        }
    }

    pub(crate) fn at(self, index: Option<u64>) -> Self {
        Self { index, ..self }
    }
}

/// One thing that a person and a program both want to know.
#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    Number(u64),
}

/// What verified, or why it did not.
#[derive(Debug)]
pub(crate) struct Outcome {
    verified: Result<Vec<(&'static str, Value)>, Failure>,
    /// What a reader must know to judge the answer.
    notes: Vec<String>,
}

impl Outcome {
    pub(crate) fn new(verified: Result<Vec<(&'static str, Value)>, Failure>) -> Self {
        let notes = Vec::new();
        Self { verified, notes }
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(crate) fn exit_code(&self) -> u8 {
        u8::from(self.verified.is_err())
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match &self.verified {
            Ok(facts) => {
                text.push_str("verified\n");
                for (name, value) in facts {
                    let name = name.replace('_', " ");
                    // Writing to a string does not fail.
                    let _ = match value {
                        Value::Text(value) => writeln!(text, "  {name:<17} {value}"),
                        Value::Number(value) => writeln!(text, "  {name:<17} {value}"),
                    };
                }
            }
            Err(failure) => {
                let _ = writeln!(text, "not verified: {}", failure.message);
                let _ = writeln!(text, "hint: {}", failure.hint);
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let mut members = vec![format!("\"verified\":{}", self.verified.is_ok())];
        match &self.verified {
            Ok(facts) => members.extend(facts.iter().map(|(name, value)| match value {
                Value::Text(value) => format!("\"{name}\":{}", quoted(value)),
                Value::Number(value) => format!("\"{name}\":{value}"),
            })),
            Err(failure) => {
                let index = failure.index.map(|index| index.to_string());
                let index = index.unwrap_or_else(|| "null".to_owned());
                members.push(format!("\"first_bad_entry\":{index}"));
                members.push(format!("\"message\":{}", quoted(&failure.message)));
                members.push(format!("\"hint\":{}", quoted(failure.hint)));
            }
        }
        let notes: Vec<String> = self.notes.iter().map(|note| quoted(note)).collect();
        members.push(format!("\"notes\":[{}]", notes.join(",")));
        format!("{{{}}}\n", members.join(","))
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_as_json() {
        let nasty = "a\"b\\c\nd\u{7f}ä\u{1}";
        let failure = Failure::new(nasty.to_owned(), "look").at(Some(7));
        let mut outcome = Outcome::new(Err(failure));
        outcome.note(nasty.to_owned());
        let read: serde_json::Value = serde_json::from_str(&outcome.json()).unwrap();
        let expected = serde_json::json!({
            "verified": false,
            "first_bad_entry": 7,
            "message": nasty,
            "hint": "look",
            "notes": [nasty],
        });
        assert_eq!(read, expected);
        assert_eq!(outcome.exit_code(), 1);
        let outcome = Outcome::new(Ok(vec![
            ("origin", Value::Text(nasty.to_owned())),
            ("entries", Value::Number(5)),
        ]));
        let read: serde_json::Value = serde_json::from_str(&outcome.json()).unwrap();
        let expected = serde_json::json!({
            "verified": true,
            "origin": nasty,
            "entries": 5,
            "notes": [],
        });
        assert_eq!(read, expected);
        assert_eq!(outcome.exit_code(), 0);
    }
}
