//! A no in FHIR: the OperationOutcome.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use wardgate_deid::RecordFault;
use wardgate_records::{ConsentError, ConsentIssue, IssueKind};

use super::answer::FHIR_JSON;
use crate::refusal::Refusal;

/// Why something is not done, as FHIR tells it. Holds no value of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    status: StatusCode,
    issues: Vec<Issue>,
    header: Option<(HeaderName, &'static str)>,
    /// What it was made of: whoever dresses the answer counts the denial in it.
    refusal: Option<Box<Refusal>>,
}

/// One reason.
#[derive(Clone, Debug)]
struct Issue {
    /// The issue type of FHIR.
    code: &'static str,
    diagnostics: String,
    expression: Option<String>,
    /// The line of the body, from 1.
    line: Option<u64>,
}

/// A record that was refused, and where it stood.
#[derive(Debug)]
pub(super) struct RefusedRecord {
    /// The file, from 1, of a request for files.
    pub(super) file: Option<usize>,
    pub(super) line: Option<u64>,
    pub(super) fault: RecordFault,
}

impl Outcome {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        diagnostics: impl Into<String>,
    ) -> Self {
        Self {
            status,
            issues: vec![Issue {
                code,
                diagnostics: diagnostics.into(),
                expression: None,
                line: None,
            }],
            header: None,
            refusal: None,
        }
    }

    /// The request is not one that is understood.
    pub(super) fn invalid(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", diagnostics)
    }

    /// Something that must be there is not.
    pub(super) fn required(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "required", diagnostics)
    }

    /// Something of ours failed.
    pub(super) fn failed() -> Self {
        Refusal::internal().into()
    }

    /// Records of the request were refused, and so is all of it.
    pub(super) fn of_records(refused: &[RefusedRecord]) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            issues: refused.iter().map(Issue::from).collect(),
            header: None,
            refusal: None,
        }
    }

    /// It is understood, and this server does not do it.
    pub(super) fn not_supported(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "not-supported", diagnostics)
    }

    /// There is no such resource.
    pub(super) fn not_found(kind: &str) -> Self {
        let diagnostics = format!("there is no such {kind}; check the id");
        Self::new(StatusCode::NOT_FOUND, "not-found", diagnostics)
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The same of one entry of a Bundle.
    pub(super) fn of_entry(mut self, at: usize) -> Self {
        for issue in &mut self.issues {
            let element = issue.expression.as_deref().unwrap_or_default();
            let within = element.strip_prefix("Consent").unwrap_or_default();
            issue.expression = Some(format!("Bundle.entry[{at}].resource{within}"));
        }
        self
    }

    pub(super) fn resource(&self) -> Value {
        let issues: Vec<Value> = self.issues.iter().map(Issue::json).collect();
        json!({"resourceType": "OperationOutcome", "issue": issues})
    }
}

impl Issue {
    fn json(&self) -> Value {
        let mut issue = json!({
            "severity": "error",
            "code": self.code,
            "diagnostics": self.diagnostics,
        });
        if let (Some(expression), Some(issue)) = (&self.expression, issue.as_object_mut()) {
            issue.insert("expression".to_owned(), json!([expression]));
        }
        if let (Some(line), Some(issue)) = (self.line, issue.as_object_mut()) {
            let extension = json!([{"url": LINE_EXTENSION, "valueInteger": line}]);
            issue.insert("extension".to_owned(), extension);
        }
        issue
    }
}

impl From<&ConsentIssue> for Issue {
    fn from(issue: &ConsentIssue) -> Self {
        Self {
            code: match issue.kind {
                IssueKind::Required => "required",
                IssueKind::Value => "value",
                IssueKind::TooLong => "too-long",
                _ => "structure",
            },
            diagnostics: issue.message.clone(),
            expression: Some(issue.element.to_owned()),
            line: None,
        }
    }
}

impl From<&RefusedRecord> for Issue {
    fn from(refused: &RefusedRecord) -> Self {
        let RefusedRecord { file, line, fault } = refused;
        let file = file.map_or_else(String::new, |file| format!("file {file}, "));
        let place = match (line, fault.byte()) {
            (Some(line), Some(byte)) => format!("line {line}, byte {byte}: "),
            (Some(line), None) => format!("line {line}: "),
            (None, Some(byte)) => format!("byte {byte} of the Bundle: "),
            (None, None) => String::new(),
        };
        Self {
            code: match fault.code() {
                "fhir.json" | "fhir.duplicate_key" => "structure",
                "fhir.depth" | "fhir.size" => "too-long",
                "fhir.unknown_resource" => "not-supported",
                _ => "processing",
            },
            diagnostics: format!("{file}{place}{fault}; {}", fault.hint()),
            expression: None,
            line: *line,
        }
    }
}

impl From<ConsentError> for Outcome {
    fn from(error: ConsentError) -> Self {
        match &error {
            ConsentError::Unknown => Self::not_found("consent"),
            ConsentError::Conflict { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "conflict",
                format!("the consent has version {current} by now; read it and send it again"),
            ),
            ConsentError::Invalid(issues) => Self {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                issues: issues.iter().map(Issue::from).collect(),
                header: None,
                refusal: None,
            },
            ConsentError::UnknownPatient
            | ConsentError::OtherPatient
            | ConsentError::TooMany
            | ConsentError::NotComputable { .. }
            | ConsentError::NothingToSettle => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "business-rule",
                format!("{error}; {}", error.hint()),
            ),
            _ => {
                tracing::error!(%error, "a request for consents failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "exception",
                    "this could not be done because something failed here; try again",
                )
            }
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.status {
            StatusCode::UNAUTHORIZED => "login",
            StatusCode::FORBIDDEN => "forbidden",
            StatusCode::NOT_FOUND => "not-found",
            StatusCode::PAYLOAD_TOO_LARGE => "too-long",
            StatusCode::TOO_MANY_REQUESTS => "throttled",
            status if status.is_server_error() => "exception",
            _ => "invalid",
        };
        let diagnostics = format!("{}; {}", refusal.message, refusal.hint);
        Self {
            header: (refusal.status == StatusCode::UNAUTHORIZED)
                .then_some((header::WWW_AUTHENTICATE, "Bearer")),
            ..Self::new(refusal.status, code, diagnostics)
        }
        .made_of(refusal)
    }
}

impl Outcome {
    fn made_of(self, refusal: Refusal) -> Self {
        Self {
            refusal: Some(Box::new(refusal)),
            ..self
        }
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let body = self.resource().to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, FHIR_JSON)], body).into_response();
        if let Some(refusal) = self.refusal {
            response.extensions_mut().insert(*refusal);
        }
        if let Some((name, value)) = self.header {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// There is nothing at this address.
pub(super) async fn no_route() -> Outcome {
    Outcome::new(
        StatusCode::NOT_FOUND,
        "not-supported",
        "there is no such resource type or operation; see `/fhir/metadata`",
    )
}

/// The address does not take this method.
pub(super) async fn no_method() -> Outcome {
    Outcome::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "not-supported",
        "this address does not take this method; see `/fhir/metadata`",
    )
}

/// Where an issue stands in what was sent, as the standard's extension says it.
const LINE_EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line";
