//! Who the caller is taken for, and what they may do.

use serde::Serialize;
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};

use super::route::{Answer, Api, Ask, Route};
use crate::allow::may;
use crate::caller::Named;
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default().route(
        Route::get(
            "/api/me",
            Operation::AccountOwn,
            "Say who the caller is taken for.",
        )
        .gives::<Me>(),
        me,
    )
}

/// Who the caller is taken for.
#[derive(Serialize, ToSchema)]
struct Me {
    /// `person` or `app`.
    kind: &'static str,
    id: String,
    roles: Vec<String>,
    /// 0 none, 1 one factor, 2 two factors, 3 phishing-resistant.
    mfa_level: u8,
    /// How many seconds ago it was last proved.
    mfa_age_s: u64,
    /// What the caller may do, if need be after proving themselves anew.
    operations: Vec<&'static str>,
}

async fn me(ask: Ask) -> Result<Answer, Refusal> {
    let own = Target {
        kind: "account",
        id: ask.caller.id(),
        made_by: Some(ask.caller.id()),
    };
    let allowed = ask.allow(&own)?;
    let (kind, roles) = match &ask.caller.who {
        Named::Person { roles, .. } => ("person", roles.clone()),
        Named::App { .. } => ("app", Vec::new()),
    };
    let can = |operation| {
        let target = if operation == Operation::AccountOwn {
            own
        } else {
            OF_ANOTHER
        };
        may(&ask.parts, &ask.caller, operation, &target)
    };
    let operations = Operation::ALL.iter().copied();
    let operations = operations
        .filter(|operation| can(*operation))
        .map(Operation::word);
    let me = Me {
        kind,
        id: ask.caller.id().to_owned(),
        roles,
        mfa_level: ask.caller.mfa_level,
        mfa_age_s: ask.caller.mfa_age_s,
        operations: operations.collect(),
    };
    Ok(Answer::of(allowed, &me))
}

/// Something that somebody else made: of one's own, a person may do less.
const OF_ANOTHER: Target<'static> = Target {
    kind: "any",
    id: "any",
    made_by: Some("-"),
};
