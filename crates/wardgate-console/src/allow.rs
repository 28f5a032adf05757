//! The one question before anything is done: may this caller do that?

use wardgate_authz::{Allowed, Forbidden, Operation, Target, operate};

use crate::Parts;
use crate::caller::Caller;

/// Asks the policies in force.
pub(crate) fn allow(
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
