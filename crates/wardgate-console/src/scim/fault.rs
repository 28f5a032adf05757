//! A no, as SCIM tells it (RFC 7644, 3.12).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use wardgate_records::RecordsError;
use wardgate_records::directory::DirectoryError;

use super::resource::scim;
use crate::refusal::Refusal;

/// A no.
#[derive(Debug)]
pub(crate) struct ScimFault {
    status: StatusCode,
    kind: Option<&'static str>,
    detail: String,
}

impl ScimFault {
    pub(super) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: Some(kind),
            detail: detail.into(),
        }
    }

    pub(super) fn syntax(detail: &str) -> Self {
        Self::bad("invalidSyntax", detail)
    }

    pub(super) fn value(detail: &str) -> Self {
        Self::bad("invalidValue", detail)
    }

    pub(super) fn not_found() -> Self {
        Self::of(StatusCode::NOT_FOUND, "there is no such resource")
    }

    pub(super) fn not_implemented() -> Self {
        Self::of(
            StatusCode::NOT_IMPLEMENTED,
            "users and groups are not searched together; ask for `/Users` or `/Groups`",
        )
    }

    pub(super) fn stranger() -> Self {
        Self::of(
            StatusCode::UNAUTHORIZED,
            "send an access token or an API key of an application: `Authorization: Bearer ...`",
        )
    }

    pub(super) fn refused(refusal: &Refusal) -> Self {
        Self::of(refusal.status, &refusal.message)
    }

    fn of(status: StatusCode, detail: &str) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.to_owned(),
        }
    }
}

impl From<DirectoryError> for ScimFault {
    fn from(error: DirectoryError) -> Self {
        let detail = error.to_string();
        match error {
            DirectoryError::Unknown => Self::not_found(),
            DirectoryError::Taken(_) => Self {
                status: StatusCode::CONFLICT,
                kind: Some("uniqueness"),
                detail,
            },
            DirectoryError::Changed => Self::of(StatusCode::PRECONDITION_FAILED, &detail),
            DirectoryError::Unfit(_) => Self::value(&detail),
            DirectoryError::TooMany(_) => Self::bad("tooMany", detail),
            DirectoryError::Store(RecordsError::AccountRefused { .. }) => {
                Self::of(StatusCode::CONFLICT, &detail)
            }
            error => {
                tracing::error!(%error, "an order of the directory failed");
                Self::of(StatusCode::INTERNAL_SERVER_ERROR, "this failed; try again")
            }
        }
    }
}

impl IntoResponse for ScimFault {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let (Some(kind), Some(members)) = (self.kind, body.as_object_mut()) {
            members.insert("scimType".to_owned(), kind.into());
        }
        let mut response = scim(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = header::HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}
