//! Every refusal code that the gateway itself can say. Codes of policies stand beside the policies.

use super::{Code, Gate};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $gate:ident, $status:literal, $sentence:literal, $hint:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: Code = Code {
            text: $text, gate: Gate::$gate, status: $status, sentence: $sentence, hint: $hint,
        };)*
        /// All codes of the gateway, in the order of the path.
        pub const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    VAULT_SEALED = "vault.sealed", Accept, 503,
        "this node has no keys and refuses every call", "try again later; the operator sees the cause in the log and with `wardgate doctor`";
    ROUTE_UNKNOWN = "route.unknown", Accept, 404,
        "there is no such route", "use /v1/chat/completions, /v1/embeddings or /v1/models";
    METHOD_NOT_ALLOWED = "request.method_not_allowed", Accept, 405,
        "this route does not take that method", "use POST for calls and GET for /v1/models";
    CONTENT_TYPE = "request.content_type", Accept, 415,
        "the body must be `application/json`", "set `content-type: application/json`";
    CONTENT_ENCODING = "request.content_encoding", Accept, 415,
        "the body's content encoding is not supported", "send the body as it is, or with `content-encoding: gzip`";
    BODY_TOO_LARGE = "request.too_large", Accept, 413,
        "the body is larger than this gate takes", "send less text in one call, or raise `gate.body_bytes_max`";
    BODY_TIMEOUT = "request.timeout", Accept, 408,
        "the body did not arrive in time", "send the whole body without long pauses";
    BODY_BROKEN = "request.incomplete", Accept, 400,
        "the body ended before it was complete", "send the whole body";
    JSON_INVALID = "request.invalid_json", Accept, 400,
        "the body is not valid JSON", "check the body at the offset named";
    BODY_INVALID = "request.invalid", Accept, 400,
        "the body does not have the shape of this route", "see the field named in the message";
    HEADER_INVALID = "request.header_invalid", Accept, 400,
        "a header of the call cannot be understood", "see the header named in the message";
    KEY_MISSING = "identity.key_missing", Identify, 401,
        "the call carries no API key", "send `authorization: Bearer wg_...`";
    KEY_INVALID = "identity.key_invalid", Identify, 401,
        "the API key is not valid", "check the key, or ask for a new one with `wardgate key create`";
    KEY_EXPIRED = "identity.key_expired", Identify, 401,
        "the API key has expired or was revoked", "create a new key with `wardgate key create`";
    TOKEN_INVALID = "identity.token_invalid", Identify, 401,
        "the token is not valid here", "ask for a new token for this gate; the ledger says what was wrong with this one";
    TOKEN_EXPIRED = "identity.token_expired", Identify, 401,
        "the token has expired", "ask for a new token";
    KEYS_UNAVAILABLE = "identity.keys_unavailable", Identify, 503,
        "the token cannot be checked now", "try again later; the issuer's keys are not known or too old";
    CERTIFICATE_OTHER = "identity.certificate_other", Identify, 403,
        "the client certificate belongs to another application than the key or token", "use the certificate of the calling application";
    ON_BEHALF_OF_INVALID = "identity.on_behalf_of_invalid", Identify, 403,
        "`wardgate-on-behalf-of` does not prove a person that this application may act for", "send the person's own token, issued to this application for this gate";
    TOO_MANY_FAILURES = "identity.too_many_failures", Identify, 429,
        "too many failed attempts from this network", "wait, then try again with a valid key";
    SCOPE_PURPOSE = "scope.purpose", Identify, 403,
        "the API key does not cover this purpose", "use a key whose scopes include the purpose";
    SCOPE_CALL = "scope.call", Identify, 403,
        "the token does not cover calls", "ask for a token with the scope `wardgate/call`, or the one agreed for the issuer";
    SCOPE_PATIENT = "scope.patient", Identify, 403,
        "the token is for another patient than the call names", "leave `wardgate-patient` out, or use a token for the patient";
    PURPOSE_REQUIRED = "purpose.required", Identify, 400,
        "the call states no purpose", "set `wardgate-purpose`, for example to TREAT";
    RATE_LIMITED = "limits.rate", Limits, 429,
        "the caller has reached its rate limit", "wait as long as `retry-after` says";
    CONCURRENCY = "limits.concurrency", Limits, 429,
        "the caller has too many calls under way", "wait for earlier calls to end";
    MODEL_UNKNOWN = "model.not_found", Facts, 404,
        "no system of that name may be used by this caller", "list the systems with GET /v1/models";
    PATIENT_REQUIRED = "patient.required", Facts, 403,
        "this system takes only calls that name their patient", "set `wardgate-patient`, for example to Patient/123";
    APP_SUSPENDED = "app.suspended", Identify, 403,
        "the calling application is suspended", "ask the security lead to reactivate the application";
    PERSON_SUSPENDED = "person.suspended", Identify, 403,
        "the person that the key acts for may not act", "ask the security lead to reactivate the person";
    CONTENT_UNCHECKED = "deid.content_unchecked", Deidentify, 403,
        "the call carries images, audio or files, which this gate cannot check", "send text only";
    IDENTIFIER_IN_KEY = "deid.identifier_in_key", Deidentify, 403,
        "an object key of the body holds an identifier of the patient", "carry identifiers in string values, where they are replaced";
    IDENTIFIER_IN_NUMBER = "deid.identifier_in_number", Deidentify, 403,
        "a number of the body holds an identifier of the patient", "carry identifiers in string values, where they are replaced";
    RESIDUE = "deid.residue", Deidentify, 403,
        "an identifier is left in the body after de-identification", "write identifiers in a usual form, or leave them out";
    DEID_FAILED = "deid.failed", Deidentify, 403,
        "the call could not be de-identified", "send a smaller or simpler body";
    DEID_BUSY = "deid.busy", Deidentify, 503,
        "the model that looks for identifiers has no time for the call", "try again, or send a shorter body";
    INJECTION = "screen.injection", Screen, 403,
        "a tool result or document tries to instruct the model", "remove the passage at the position named";
    LEDGER_UNAVAILABLE = "ledger.unavailable", Ledger, 503,
        "the call cannot be recorded, so it is not made", "run `wardgate doctor`; the disk may be full or failing";
    UPSTREAM_UNREACHABLE = "upstream.unreachable", Send, 502,
        "the system cannot be reached", "try again; the operator sees the cause in the log";
    UPSTREAM_CIRCUIT = "upstream.circuit_open", Send, 503,
        "the system failed repeatedly and is given time to recover", "try again as `retry-after` says";
    UPSTREAM_TIMEOUT = "upstream.timeout", Send, 504,
        "the system did not answer in time", "try again, or ask for a shorter answer";
    UPSTREAM_REFUSED = "upstream.error", Send, 502,
        "the system answered with an error", "try again; the operator sees the cause in the log";
    UPSTREAM_BUSY = "upstream.busy", Send, 429,
        "the system is at its own limit", "wait as long as `retry-after` says";
    ANSWER_INVALID = "answer.invalid", Inspect, 502,
        "the system's answer is not valid", "try again; the operator sees the cause in the log";
    ANSWER_TOO_LARGE = "answer.too_large", Inspect, 502,
        "the system's answer is larger than this gate takes", "ask for a shorter answer, or raise `gate.answer_bytes_max`";
    ANSWER_BROKEN = "answer.broken_off", Inspect, 502,
        "the system broke off in the middle of its answer", "try again";
}
