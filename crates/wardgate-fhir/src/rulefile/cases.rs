//! The cases of `generalize`: comparisons of a value, and what stands for it where they hold.

use serde_json::{Map, Value};

use super::path::split;
use crate::overlay::{Compare, Method, Order};

pub(super) fn generalise(rule: &Map<String, Value>) -> Result<Method, String> {
    let parsed;
    let written = match rule.get("cases") {
        Some(Value::String(text)) => {
            parsed = serde_json::from_str::<Value>(text).map_err(|_| "`cases` is not JSON")?;
            &parsed
        }
        Some(value) => value,
        None => return Err("`generalize` needs `cases`".to_owned()),
    };
    let written = written.as_object().ok_or("`cases` is not an object")?;
    let mut cases = Vec::new();
    for (condition, becomes) in written {
        let becomes = result(becomes)?;
        for all in split(condition, &[" or ", " OR "])? {
            let all = split(all, &[" and ", " AND "])?;
            let all: Result<Vec<Compare>, String> =
                all.into_iter().map(|one| compare(one.trim())).collect();
            cases.push((all?, becomes.clone()));
        }
    }
    let otherwise_kept = match rule
        .get("otherValues")
        .map(|value| value.as_str().map(str::to_ascii_lowercase))
    {
        None => false,
        Some(Some(word)) if word == "redact" => false,
        Some(Some(word)) if word == "keep" => true,
        _ => return Err("`otherValues` is neither `redact` nor `keep`".to_owned()),
    };
    Ok(Method::Generalise {
        cases,
        otherwise_kept,
    })
}

fn compare(text: &str) -> Result<Compare, String> {
    let rest = text
        .strip_prefix("$this")
        .ok_or(NOT_SUPPORTED)?
        .trim_start();
    let signs = [
        (">=", Order::AtLeast),
        ("<=", Order::AtMost),
        ("!=", Order::Differs),
        (">", Order::More),
        ("<", Order::Less),
        ("=", Order::Equal),
    ];
    let found = signs
        .iter()
        .find_map(|(sign, order)| rest.strip_prefix(sign).map(|rest| (*order, rest.trim())));
    let (order, value) = found.ok_or(NOT_SUPPORTED)?;
    if let Ok(number) = value.parse::<f64>() {
        return Ok(Compare::Number(order, number));
    }
    // Dates are in order as texts are.
    if let Some(date) = value.strip_prefix('@') {
        return Ok(Compare::Text(order, date.to_owned()));
    }
    let text = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''));
    match text {
        Some(text) if !text.contains('\'') => Ok(Compare::Text(order, text.to_owned())),
        _ => Err(NOT_SUPPORTED.to_owned()),
    }
}

/// What stands for a value: a number, a date or a text, not an expression over it.
fn result(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::Number(number) => return Ok(number.to_string()),
        Value::String(text) => text.trim(),
        _ => return Err(NOT_SUPPORTED.to_owned()),
    };
    let quoted = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''));
    let plain = quoted.or_else(|| text.strip_prefix('@')).unwrap_or(text);
    match plain.contains(['$', '(', '\'']) {
        true => Err(NOT_SUPPORTED.to_owned()),
        false => Ok(plain.to_owned()),
    }
}

const NOT_SUPPORTED: &str = "its cases have an expression that is not supported";
