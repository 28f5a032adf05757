//! What the stand-in says: quotations of what it was given, and numbers made of words.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What the model says to a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    Text(String),
    /// It wants a tool to be called.
    Tool {
        name: String,
        arguments: String,
    },
}

/// The answer to a chat request, by its last message.
pub(crate) fn say(request: &Value) -> Said {
    let messages = request.get("messages").and_then(Value::as_array);
    let last = messages
        .and_then(|messages| messages.last())
        .unwrap_or(&Value::Null);
    let text = content(last);
    if last.get("role") == Some(&json!("tool")) {
        return Said::Text(format!("The tool reported: {text}"));
    }
    let tool = request
        .pointer("/tools/0/function/name")
        .and_then(Value::as_str);
    match (tool, text.split_once("Book ")) {
        (Some(name), Some((_, wish))) => Said::Tool {
            name: name.to_owned(),
            arguments: arguments(wish),
        },
        _ => Said::Text(summary(&text)),
    }
}

/// A whole answer of the protocol.
pub(super) fn completion(request: &Value) -> Value {
    let (message, reason) = match say(request) {
        Said::Text(text) => (json!({"role": "assistant", "content": text}), "stop"),
        Said::Tool { name, arguments } => {
            let function = json!({"name": name, "arguments": arguments});
            let call = json!({"id": "call_1", "type": "function", "function": function});
            let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
            (message, "tool_calls")
        }
    };
    json!({
        "id": "chatcmpl-stand-in",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "system_fingerprint": FINGERPRINT,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    })
}

/// Vectors of unit length: each word adds what its hash says.
pub(super) fn embeddings(request: &Value) -> Value {
    let inputs = match request.get("input") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text.as_str()],
        _ => Vec::new(),
    };
    let packed = request.get("encoding_format") == Some(&json!("base64"));
    let data: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(text);
            let embedding = if packed {
                let bytes: Vec<u8> = vector
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect();
                json!(STANDARD.encode(bytes))
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    json!({
        "object": "list",
        "model": "stand-in-embedding",
        "data": data,
        "usage": {"prompt_tokens": 0, "total_tokens": 0},
    })
}

/// Quotes the beginning, the lines with measurements, and the plan. Which lines these are does not
/// depend on who the patient is.
fn summary(text: &str) -> String {
    let (question, note) = text.split_once("\n\n").unwrap_or(("", text));
    let lines: Vec<&str> = note
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let mut summary = format!("[{FINGERPRINT}] ");
    if !question.is_empty() {
        summary.push_str(&format!("You asked: {}\n", question.trim()));
    }
    summary.push_str("It begins:\n");
    for line in lines.iter().take(2) {
        summary.push_str(&format!("> {line}\n"));
    }
    let findings: Vec<_> = lines
        .iter()
        .skip(2)
        .filter(|line| UNITS.iter().any(|unit| line.contains(unit)) && !line.contains("Plan:"))
        .collect();
    if !findings.is_empty() {
        summary.push_str("Findings:\n");
        findings
            .iter()
            .for_each(|line| summary.push_str(&format!("- {line}\n")));
    }
    if let Some(plan) = note.find("Plan:").and_then(|at| note.get(at..)) {
        summary.push_str(&format!("{}\n", plan.trim()));
    }
    summary.trim_end().to_owned()
}

/// `Ms. Okonkwo for an inhaler check on Friday` as the arguments of a tool.
fn arguments(wish: &str) -> String {
    let (patient, visit) = wish.split_once(" for ").unwrap_or((wish, "a visit"));
    json!({"patient": patient.trim(), "visit": visit.trim_end_matches('.')}).to_string()
}

/// The text of a message, also when it comes in parts.
fn content(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<_> = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str))
                .collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for word in text.split_whitespace() {
        let hash = digest::digest(&digest::SHA256, word.to_lowercase().as_bytes());
        for (number, byte) in vector.iter_mut().zip(hash.as_ref()) {
            *number += f32::from(*byte) / 127.5 - 1.0;
        }
    }
    let length = vector
        .iter()
        .map(|number| number * number)
        .sum::<f32>()
        .sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    }
    vector
}

pub(super) const MODEL: &str = "stand-in-chat";
pub(super) const FINGERPRINT: &str = "stand-in model of the Wardgate demo";
/// As many as a SHA-256 has bytes.
const DIMENSIONS: usize = 32;
/// None of them can stand in a placeholder, which has no spaces and no small letters.
const UNITS: [&str; 12] = [
    " mg",
    "mmol",
    "pg/mL",
    "ng/L",
    " %",
    " BP ",
    "Peak flow",
    "SpO2",
    " MRI ",
    " TSH ",
    " WBC ",
    "eGFR",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_quotes_what_it_was_given() {
        let request = json!({"messages": [{"role": "user", "content":
            "Summarise this note.\n\nDISCHARGE\nPatient: [NAME_X1]\nPotassium 3.3 mmol/L.\nPlan: rest until [DATE_X2]."}]});
        let Said::Text(text) = say(&request) else {
            panic!()
        };
        for quoted in [
            "Summarise this note.",
            "[NAME_X1]",
            "3.3 mmol/L",
            "[DATE_X2]",
        ] {
            assert!(text.contains(quoted), "{text}");
        }
    }

    #[test]
    fn a_booking_becomes_a_tool_call() {
        let request = json!({
            "messages": [{"role": "user", "content": "Book [NAME_X1] for an inhaler check."}],
            "tools": [{"type": "function", "function": {"name": "book", "parameters": {}}}],
        });
        let arguments = r#"{"patient":"[NAME_X1]","visit":"an inhaler check"}"#.to_owned();
        assert_eq!(
            say(&request),
            Said::Tool {
                name: "book".to_owned(),
                arguments
            }
        );
    }
}
