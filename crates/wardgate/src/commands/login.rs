//! `wardgate login`: a session of the command line, let in by its person in a browser.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Answer, Login, Remote};
use crate::wiring;

/// Sign in to a console from afar
///
/// Shows a code and an address. Open the address in a browser, sign in, and say yes to the code.
/// The token is kept in `wardgate/login.json` below your folder of settings, readable by you
/// alone, and ends after 8 hours.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Address of the console, such as https://wardgate.example.org
    #[arg(long, value_name = "URL")]
    server: String,

    /// Certificate of the authority that the console's certificate comes from, beside those of the machine
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Codes {
    device_code: String,
    user_code: String,
    page: String,
    expires_in_s: u64,
    interval_s: u64,
}

#[derive(Deserialize)]
struct Token {
    token: String,
    person: String,
    expires: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    wiring::control_runtime()?.block_on(login(arguments, output))
}

async fn login(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let remote = Remote::stranger(&arguments.server, arguments.ca.as_deref())?;
    let codes: Codes = remote
        .post("/api/login", &json!({"about": about()}))
        .await?;
    output.note(&format!(
        "Open this address, sign in, and say yes to the code {}:\n\n  {}\n",
        codes.user_code, codes.page
    ));
    let token = wait(&remote, &codes).await?;
    let ca = arguments.ca.as_deref().map(std::path::absolute).transpose();
    let login = Login {
        server: remote.origin().to_owned(),
        ca: ca.map_err(|error| Failure::new(error.to_string(), "check the path of `--ca`"))?,
        person: token.person,
        expires: token.expires,
        token: SecretString::from(token.token),
    };
    let path = login.write()?;
    let value = json!({
        "server": login.server,
        "person": login.person,
        "expires": login.expires,
        "file": path.to_string_lossy(),
    });
    output.value(&value, || {
        format!(
            "Signed in to {} as {} until {}",
            login.server, login.person, login.expires
        )
    });
    Ok(Ended::Well)
}

/// Asks until the person has answered.
async fn wait(remote: &Remote, codes: &Codes) -> Result<Token, Failure> {
    let interval_s = codes.interval_s.clamp(1, 60);
    let body = json!({"device_code": codes.device_code}).to_string();
    for _ in 0..codes.expires_in_s / interval_s {
        tokio::time::sleep(Duration::from_secs(interval_s)).await;
        match remote
            .answer("POST", "/api/login/token", Some(body.clone().into_bytes()))
            .await?
        {
            Answer::Good(value) => {
                return serde_json::from_value(value).map_err(|_| {
                    Failure::new(
                        "the answer of the console can not be read",
                        "check that the address is a console of this version",
                    )
                });
            }
            Answer::Refused(refused) if refused.code == "login.waiting" => {}
            Answer::Refused(refused) => return Err(refused.into()),
        }
    }
    Err(Failure::new(
        "nobody said yes in time",
        "run `wardgate login` again",
    ))
}

/// What the person reads about this program.
fn about() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match machine.trim() {
        "" => "wardgate command line".to_owned(),
        machine => format!("wardgate command line on {machine}"),
    }
}

const AFTER_HELP: &str = "Exit codes: 0 signed in, 1 failed or refused, 2 wrong use.

Example:
  wardgate login --server https://wardgate.example.org";
