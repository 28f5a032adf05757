//! The one question before anything is done: may this caller do that?

use wardgate_authz::{Allowed, Forbidden, Operation, Target, operate};

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
    operate(
        &caller.actor(),
        operation,
        target,
        policies,
        (parts.clock)(),
    )
}
