//! `wardgate logout`: ends the session of the command line.

use clap::Args;
use serde_json::json;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Answer, Login, Remote, Server};
use crate::wiring;

/// Sign out from the console that was signed in to
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, output: Output) -> Result<Ended, Failure> {
    wiring::control_runtime()?.block_on(logout(output))
}

async fn logout(output: Output) -> Result<Ended, Failure> {
    let Some(login) = Login::read()? else {
        output.value(&json!({"signed_out": false}), || {
            "Nobody was signed in".to_owned()
        });
        return Ok(Ended::Well);
    };
    let server = Server {
        server: Some(login.server.clone()),
        ca: login.ca.clone(),
    };
    let remote = Remote::signed_in(&server)?;
    // A session that is over already needs no end.
    let ended = remote.answer("DELETE", "/api/me/session", None).await;
    Login::forget()?;
    match ended? {
        Answer::Refused(refused) if refused.status != 401 => Err(refused.into()),
        _ => {
            let value = json!({"signed_out": true, "server": login.server});
            output.value(&value, || format!("Signed out from {}", login.server));
            Ok(Ended::Well)
        }
    }
}

const AFTER_HELP: &str = "Exit codes: 0 signed out, 1 failed, 2 wrong use.

Example:
  wardgate logout";
