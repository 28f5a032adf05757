//! The one question before anything is done: may this caller do that?

use wardgate_authz::{Allowed, Forbidden, Operation, Target, operate};
use wardgate_records::people::ADMINISTRATORS_MIN;

use crate::Parts;
use crate::caller::Caller;
use crate::guard::STEP_UP;
use crate::refusal::Refusal;

/// Asks the policies in force. A no is counted for the ledger.
pub(crate) fn allow(
    parts: &Parts,
    caller: &Caller,
    operation: Operation,
    target: &Target<'_>,
) -> Result<Allowed, Refusal> {
    ask(parts, caller, operation, target)
        .map_err(|forbidden| Refusal::forbidden(forbidden, operation, caller.id()))
}

/// Whether it is worth showing: a caller who only has to prove themselves anew may.
pub(crate) fn may(
    parts: &Parts,
    caller: &Caller,
    operation: Operation,
    target: &Target<'_>,
) -> bool {
    match ask(parts, caller, operation, target) {
        Ok(_) => true,
        Err(forbidden) => &*forbidden.code == STEP_UP,
    }
}

fn ask(
    parts: &Parts,
    caller: &Caller,
    operation: Operation,
    target: &Target<'_>,
) -> Result<Allowed, Forbidden> {
    let snapshot = parts.store.snapshot();
    let policies = snapshot.policies();
    let asked = operate(
        &caller.actor(),
        operation,
        target,
        policies,
        (parts.clock)(),
    );
    // Nobody is led to a new proof of identity for what they still could not do after it.
    let proof_at_most = |forbidden: &Forbidden| &*forbidden.code == STEP_UP;
    let permitted = asked.as_ref().err().is_none_or(proof_at_most);
    if permitted && caller.second_missing && !for_one_administrator(operation) {
        return Err(second_missing(operation));
    }
    asked
}

/// What somebody who administers may do while nobody else can: look, bring in people so that there
/// is a second one, and what does not wait, an emergency.
fn for_one_administrator(operation: Operation) -> bool {
    let word = operation.word();
    matches!(operation, Operation::AccountOwn | Operation::BreakGlassOpen)
        || word.starts_with("people.")
        || word.ends_with(".read")
}

fn second_missing(operation: Operation) -> Forbidden {
    Forbidden {
        code: "admin.second_missing".into(),
        message: format!(
            "{} waits until {ADMINISTRATORS_MIN} administrators can sign in",
            operation.word()
        ),
        hint: "enrol a second administrator, on the page of people or with `wardgate admin link`"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_administrator_looks_and_enrols_and_no_more() {
        let may: Vec<&str> = Operation::ALL
            .iter()
            .filter(|operation| for_one_administrator(**operation))
            .map(|operation| operation.word())
            .collect();
        assert_eq!(
            may,
            [
                "account.own",
                "people.read",
                "people.enrol",
                "people.suspend",
                "people.roles",
                "records.read",
                "policy.read",
                "break_glass.open",
                "break_glass.read",
                "consent.read",
                "care_team.read",
                "ledger.read",
                "key.read",
            ]
        );
    }
}
