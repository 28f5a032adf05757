//! A no of the console, and how it is told: as JSON to programs, as a page to people.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wardgate_authz::{Forbidden, Operation};
use wardgate_records::{ProposalFault, RecordsError};

use crate::denials::Denial;

/// Why something is not done. A handler returns it, and [`dress`](crate::guard::dress) makes a
/// page of it where a person asked.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// The stable code.
    pub(crate) code: Arc<str>,
    /// What happened.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Arc<str>,
    /// What the policies denied, for the ledger.
    pub(crate) denial: Option<Denial>,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        code: &str,
        message: impl Into<String>,
        hint: &str,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            hint: hint.into(),
            denial: None,
        }
    }

    /// The policies do not permit it.
    pub(crate) fn forbidden(forbidden: Forbidden, operation: Operation, who: &str) -> Self {
        let denial = Denial {
            code: forbidden.code.clone(),
            operation,
            who: Some(who.to_owned()),
        };
        Self {
            status: StatusCode::FORBIDDEN,
            code: forbidden.code,
            message: forbidden.message,
            hint: forbidden.hint,
            denial: Some(denial),
        }
    }

    /// Nobody was identified.
    pub(crate) fn stranger() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "identity.required",
            "this needs somebody who is known",
            "sign in, or send a valid token in `Authorization: Bearer`",
        )
    }

    /// What was sent can not be read as what was asked for.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "request.invalid",
            message,
            "see `/api/openapi.json` for what is expected",
        )
    }

    /// There is no such thing, or none that this caller may know of.
    pub(crate) fn not_found(kind: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "record.not_found",
            format!("there is no such {kind}"),
            "check the id",
        )
    }

    /// There is no such page.
    pub(crate) fn no_such_page() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "page.not_found",
            "there is no such page",
            "check the address",
        )
    }

    /// It can not be done as things are.
    pub(crate) fn conflict(code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self::new(StatusCode::CONFLICT, code, message, hint)
    }

    /// Something of ours failed. The cause is in the log, which not everybody may read.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "console.failed",
            "this could not be done because something failed here",
            "try again; if it lasts, look at the log of the node",
        )
    }
}

impl From<RecordsError> for Refusal {
    fn from(error: RecordsError) -> Self {
        match &error {
            RecordsError::Unknown { kind, .. } => Self::not_found(kind),
            RecordsError::UnknownPatient | RecordsError::AmbiguousPatient => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "patient.not_resolved",
                "this reference does not mean one patient on file",
                "use `Patient/<id>`, or an identifier with its system",
            ),
            RecordsError::Proposal(fault) => of_proposal(*fault),
            RecordsError::KeyRefused { .. }
            | RecordsError::HoldRefused { .. }
            | RecordsError::AccountRefused { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "request.refused",
                error.to_string(),
                error.hint(),
            ),
            _ => {
                tracing::error!(%error, hint = error.hint(), "a request to the console failed");
                Self::internal()
            }
        }
    }
}

/// Why a proposal is not made or decided as asked.
fn of_proposal(fault: ProposalFault) -> Refusal {
    let status = match fault {
        ProposalFault::Own | ProposalFault::NotOwn | ProposalFault::PersonNotActive => {
            StatusCode::FORBIDDEN
        }
        ProposalFault::TooLarge | ProposalFault::Reason => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    };
    Refusal::new(status, fault.code(), fault.to_string(), fault.hint())
}

/// A refusal, as programs read it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What a refusal says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// The stable code.
    code: String,
    /// What happened.
    message: String,
    /// What to do about it.
    hint: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            error: ErrorDetail {
                code: self.code.to_string(),
                message: self.message.clone(),
                hint: self.hint.to_string(),
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
