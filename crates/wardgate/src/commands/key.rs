//! `wardgate key`: API keys of applications.

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use wardgate_records::{Key, KeyRequest, NewKey, RecordId};

use super::{Dir, Ended};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Create, list and revoke API keys
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Create an API key, shown once
#[derive(Debug, Args)]
#[command(after_help = CREATE_AFTER_HELP)]
pub(super) struct Create {
    #[command(flatten)]
    dir: Dir,

    /// Application that will use the key
    #[arg(long, value_name = "APP")]
    app: String,

    /// Person that the application acts for with this key
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,

    /// System that the key may call; may be repeated [default: all that policy allows]
    #[arg(long = "system", value_name = "SYSTEM")]
    systems: Vec<String>,

    /// Purpose that the key may state, such as TREAT; may be repeated [default: all that policy allows]
    #[arg(long = "purpose", value_name = "PURPOSE")]
    purposes: Vec<String>,

    /// How long the key lives: days or hours, such as 90d or 12h, at most 400d
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: SignedDuration,
}

/// List the API keys, without their secrets
#[derive(Debug, Args)]
#[command(after_help = LIST_AFTER_HELP)]
pub(super) struct List {
    #[command(flatten)]
    dir: Dir,
}

/// Revoke an API key
#[derive(Debug, Args)]
#[command(after_help = REVOKE_AFTER_HELP)]
pub(super) struct Revoke {
    #[command(flatten)]
    dir: Dir,

    /// Id of the key, as `wardgate key list` shows it
    #[arg(value_name = "ID")]
    id: RecordId,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let runtime = wiring::control_runtime()?;
    match command {
        Command::Create(arguments) => runtime.block_on(create_and_show(arguments, output)),
        Command::List(arguments) => runtime.block_on(list(arguments, output)),
        Command::Revoke(arguments) => runtime.block_on(revoke(arguments, output)),
    }
}

/// What a key is for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    pub(crate) app: &'a str,
    pub(crate) person: Option<&'a str>,
    pub(crate) systems: &'a [String],
    pub(crate) purposes: &'a [String],
    pub(crate) expires: Timestamp,
}

/// Makes keys, beside a server that may run.
pub(crate) async fn create(dir: DataDir, wanted: &[Wanted<'_>]) -> Result<Vec<NewKey>, Failure> {
    let records = Records::open(dir).await?;
    let mut keys = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let request = KeyRequest {
            app: wanted.app,
            person: wanted.person,
            environment: &records.config.node.environment,
            expires: wanted.expires,
            systems: wanted.systems,
            purposes: wanted.purposes,
        };
        keys.push(records.store.create_key(&request, wiring::now()).await?);
    }
    records.finish().await?;
    Ok(keys)
}

async fn create_and_show(arguments: &Create, output: Output) -> Result<Ended, Failure> {
    let expires = wiring::now()
        .checked_add(arguments.expires)
        .map_err(|_| Failure::new("the key would live too long", "use at most `400d`"))?;
    let wanted = Wanted {
        app: &arguments.app,
        person: arguments.person.as_deref(),
        systems: &arguments.systems,
        purposes: &arguments.purposes,
        expires,
    };
    for key in create(arguments.dir.existing()?, &[wanted]).await? {
        let value = serde_json::json!({
            "id": key.id.to_string(),
            "secret": key.secret.expose_secret(),
            "expires": key.expires.to_string(),
        });
        if !output.json {
            output.note(&format!(
                "Key {} for {} expires at {}. It is shown once:",
                key.id, arguments.app, key.expires
            ));
        }
        output.value(&value, || key.secret.expose_secret().to_owned());
    }
    Ok(Ended::Well)
}

async fn list(arguments: &List, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let now = wiring::now();
    let snapshot = records.store.snapshot();
    let mut keys: Vec<_> = snapshot.keys().collect();
    keys.sort_by_key(|key| key.id);
    let value: Vec<_> = keys
        .iter()
        .map(|key| {
            serde_json::json!({
                "id": key.id.to_string(),
                "app": key.app,
                "person": key.person,
                "state": state(key, now),
                "created": key.created.to_string(),
                "expires": key.expires.to_string(),
                "revoked": key.revoked.map(|at| at.to_string()),
                "systems": key.systems,
                "purposes": key.purposes,
            })
        })
        .collect();
    output.value(&value, || {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        table.set_header([
            "Id", "State", "App", "Person", "Expires", "Systems", "Purposes",
        ]);
        for key in &keys {
            let listed = |list: &[String]| match list {
                [] => "all".to_owned(),
                list => list.join(", "),
            };
            table.add_row([
                key.id.to_string(),
                state(key, now).to_owned(),
                key.app.clone(),
                key.person.clone().unwrap_or_default(),
                key.expires.strftime("%Y-%m-%d %H:%M").to_string(),
                listed(&key.systems),
                listed(&key.purposes),
            ]);
        }
        table.to_string()
    });
    records.store.close().await;
    Ok(Ended::Well)
}

async fn revoke(arguments: &Revoke, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let changed = records
        .store
        .revoke_key(arguments.id, wiring::now())
        .await?;
    records.finish().await?;
    let value = serde_json::json!({"id": arguments.id.to_string(), "changed": changed});
    output.value(&value, || {
        let done = if changed {
            "Revoked"
        } else {
            "Already revoked:"
        };
        format!("{done} {}", arguments.id)
    });
    Ok(Ended::Well)
}

fn state(key: &Key, now: Timestamp) -> &'static str {
    if key.revoked.is_some() {
        "revoked"
    } else if key.is_live(now) {
        "live"
    } else {
        "expired"
    }
}

fn lifetime(text: &str) -> Result<SignedDuration, String> {
    let fault = || "use days or hours, such as `90d` or `12h`".to_owned();
    let unit = text.chars().last().ok_or_else(fault)?;
    let count: i64 = text
        .strip_suffix(unit)
        .and_then(|count| count.parse().ok())
        .ok_or_else(fault)?;
    let hours = match unit {
        'd' => count.checked_mul(24),
        'h' => Some(count),
        _ => None,
    };
    let hours = hours.filter(|hours| (1..=HOURS_MAX).contains(hours));
    hours.map(SignedDuration::from_hours).ok_or_else(fault)
}

const HOURS_MAX: i64 = 400 * 24;

const CREATE_AFTER_HELP: &str =
    "The key stands alone on standard output. It is stored nowhere: only its keyed digest is.
An application has at most two live keys for the same person, so that keys can be rotated.

Exit codes: 0 created, 1 failed, 2 wrong use.

Example:
  wardgate key create --app ehr-assistant --person dr.osei --purpose TREAT --expires 90d";

const LIST_AFTER_HELP: &str = "Exit codes: 0 listed, 1 failed, 2 wrong use.

Example:
  wardgate key list --dir /var/lib/wardgate";

const REVOKE_AFTER_HELP: &str = "A running server refuses the key within a second.

Exit codes: 0 revoked, 1 failed, 2 wrong use.

Example:
  wardgate key revoke 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_days_or_hours_within_a_range() {
        assert_eq!(lifetime("90d").unwrap(), SignedDuration::from_hours(2160));
        assert_eq!(lifetime("12h").unwrap(), SignedDuration::from_hours(12));
        for text in [
            "",
            "d",
            "90",
            "0d",
            "401d",
            "-1d",
            "1w",
            "9999999999999999999d",
            "1é",
        ] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }
}
