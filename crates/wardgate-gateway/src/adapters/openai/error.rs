//! Refusals in the protocol's own error shape, so that official clients raise their own types.

use serde::Serialize;

use crate::refusal::Refusal;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: String,
    r#type: &'static str,
    param: Option<&'a str>,
    code: &'a str,
    gate: &'a str,
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    record: Option<String>,
}

/// The body of a refusal. The hint stands in the message too: most programs show nothing else.
pub(crate) fn error_body(refusal: &Refusal) -> Vec<u8> {
    let envelope = Envelope {
        error: Body {
            message: format!("{} (hint: {})", refusal.message(), refusal.hint()),
            r#type: kind(refusal.status().as_u16()),
            param: None,
            code: refusal.code(),
            gate: refusal.gate().name(),
            hint: refusal.hint(),
            source: refusal.source(),
            record: refusal.record().map(|record| record.to_string()),
        },
    };
    // Strings and options of strings always serialise.
    serde_json::to_vec(&envelope).unwrap_or_else(|_| FALLBACK.to_vec())
}

fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

const FALLBACK: &[u8] =
    br#"{"error":{"message":"refused","type":"permission_error","param":null,"code":"refused"}}"#;
