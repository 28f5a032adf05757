//! Tells the ledger about the calls of a process that ended before it could.

use wardgate_ledger::Ledger;
use wardgate_records::RecordId;
use wardgate_records::events::{
    CallOutcome, Event, GatewayStarted, GatewayStopped, Token, open_intents,
};
use wardgate_vault::Vault;

use super::now;
use crate::failure::Failure;

/// Closes every open intent and writes that a gateway starts. Returns the id of the start and
/// how many calls were closed.
pub(super) async fn begin(
    ledger: &Ledger,
    vault: &Vault,
    policy_hash: [u8; 32],
) -> Result<(RecordId, u64), Failure> {
    let open = open_intents(ledger).map_err(|fault| {
        Failure::new(
            fault.to_string(),
            "verify the ledger with `wardgate ledger verify`",
        )
    })?;
    for intent in &open {
        let outcome = CallOutcome::unknown_after_restart(intent.call);
        append(ledger, vault, &Event::CallOutcome(outcome)).await?;
    }
    let recovered = u64::try_from(open.len()).unwrap_or(u64::MAX);
    let boot = RecordId::new(now(), vault.random());
    let started = GatewayStarted {
        boot,
        version: Token::or_unfit(env!("CARGO_PKG_VERSION")),
        policy_hash,
        recovered,
    };
    append(ledger, vault, &Event::GatewayStarted(started)).await?;
    Ok((boot, recovered))
}

/// Writes that a gateway stopped in order.
pub(super) async fn end(ledger: &Ledger, vault: &Vault, boot: RecordId) -> Result<(), Failure> {
    append(
        ledger,
        vault,
        &Event::GatewayStopped(GatewayStopped { boot }),
    )
    .await
}

/// Writes one event of the node itself.
pub(super) async fn append(
    ledger: &Ledger,
    vault: &Vault,
    event: &Event<'_>,
) -> Result<(), Failure> {
    let at = now();
    let leaf = event
        .leaf(RecordId::new(at, vault.random()), at)
        .map_err(|error| {
            Failure::new(
                error.to_string(),
                "report this with the version of the build",
            )
        })?;
    ledger.append([0; 32], leaf).await?;
    Ok(())
}
