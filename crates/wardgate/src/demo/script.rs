//! The scripted calls, each with what is stated about it.

mod answers;
mod ledger;
mod refusals;

use super::stage::Stage;
use crate::failure::Failure;

/// Plays everything.
pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    answers::play(stage).await?;
    refusals::play(stage).await?;
    ledger::play(stage).await
}

/// How many scenes there are, for the progress.
pub(super) const SCENES: u64 = 32;
