//! `wardgate admin`: who administers, and the ways back in for those who can not sign in.
//!
//! Whoever may run it has the keys of the host: it is the root of trust for people.

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use wardgate_records::PersonState;
use wardgate_records::people::{ADMINISTRATOR, ADMINISTRATORS_MIN, LINK_HOURS, LinkPurpose};

use super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// List administrators, and make one-time links for people who can not sign in
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(List),
    Link(Link),
    Recover(Recover),
}

/// List the administrators, and whether each can sign in
#[derive(Debug, Args)]
#[command(after_help = LIST_AFTER_HELP)]
pub(super) struct List {
    #[command(flatten)]
    dir: Dir,
}

/// Make a one-time link by which a person adds a way to sign in
#[derive(Debug, Args)]
#[command(after_help = LINK_AFTER_HELP)]
pub(super) struct Link {
    #[command(flatten)]
    dir: Dir,

    /// Person on file
    #[arg(value_name = "PERSON")]
    person: String,
}

/// End a person's sessions and make a one-time link that replaces all their ways to sign in
#[derive(Debug, Args)]
#[command(after_help = RECOVER_AFTER_HELP)]
pub(super) struct Recover {
    #[command(flatten)]
    dir: Dir,

    /// Person on file
    #[arg(value_name = "PERSON")]
    person: String,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let runtime = wiring::control_runtime()?;
    match command {
        Command::List(arguments) => runtime.block_on(list(arguments, output)),
        Command::Link(arguments) => {
            let purpose = LinkPurpose::Enrol;
            runtime.block_on(link(&arguments.dir, &arguments.person, purpose, output))
        }
        Command::Recover(arguments) => {
            let purpose = LinkPurpose::Recover;
            runtime.block_on(link(&arguments.dir, &arguments.person, purpose, output))
        }
    }
}

async fn list(arguments: &List, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let administrators = administrators(&records).await?;
    records.store.close().await;
    let value: Vec<_> = administrators
        .iter()
        .map(|(id, active, enrolled)| {
            serde_json::json!({"id": id, "active": active, "enrolled": enrolled})
        })
        .collect();
    output.value(&value, || text(&administrators));
    Ok(Ended::Well)
}

/// Everybody with the role: the id, whether they may act, whether they can sign in.
async fn administrators(records: &Records) -> Result<Vec<(String, bool, bool)>, Failure> {
    let enrolled = records.store.enrolled_administrators().await?;
    let mut all: Vec<_> = records
        .store
        .snapshot()
        .people()
        .filter(|person| person.roles.iter().any(|role| role == ADMINISTRATOR))
        .map(|person| {
            let active = person.state == PersonState::Active;
            (person.id.clone(), active, enrolled.contains(&person.id))
        })
        .collect();
    all.sort();
    Ok(all)
}

fn text(administrators: &[(String, bool, bool)]) -> String {
    if administrators.is_empty() {
        return "Nobody has the role `administrator`.".to_owned();
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Person", "May act", "Can sign in"]);
    let said = |yes: bool| if yes { "yes" } else { "no" };
    for (id, active, enrolled) in administrators {
        table.add_row([id.as_str(), said(*active), said(*enrolled)]);
    }
    let enrolled = administrators
        .iter()
        .filter(|(.., enrolled)| *enrolled)
        .count();
    if enrolled >= ADMINISTRATORS_MIN {
        return table.to_string();
    }
    format!(
        "{table}\n{ADMINISTRATORS_MIN} must be able to sign in before changes can be made on the console: \
         `wardgate admin link PERSON`"
    )
}

async fn link(
    dir: &Dir,
    person: &str,
    purpose: LinkPurpose,
    output: Output,
) -> Result<Ended, Failure> {
    let records = Records::open(dir.existing()?).await?;
    let now = wiring::now();
    let token = match purpose {
        LinkPurpose::Enrol => {
            let issued = records.store.issue_link(person, purpose, None, now);
            issued.await?
        }
        LinkPurpose::Recover => records.store.recover_person(person, now).await?,
    };
    let origin = records.config.console.settings.origin.clone();
    records.finish().await?;
    let link = format!("{origin}/enrol/{}", token.expose_secret());
    let value = serde_json::json!({
        "person": person,
        "purpose": purpose.as_str(),
        "link": link,
        "hours": LINK_HOURS,
    });
    output.value(&value, || {
        let what = match purpose {
            LinkPurpose::Enrol => format!("For `{person}`"),
            LinkPurpose::Recover => format!(
                "Every session of `{person}` has ended. New ways to sign in, in place of all earlier ones"
            ),
        };
        format!("{what}, once, within {LINK_HOURS} hours:\n{link}")
    });
    Ok(Ended::Well)
}

const LIST_AFTER_HELP: &str = "Exit codes: 0 listed, 1 failed, 2 wrong use.

Example:
  wardgate admin list --dir /var/lib/wardgate";

const LINK_AFTER_HELP: &str = "An earlier link of the person is good no more. The link is recorded in the ledger, without its secret.

Exit codes: 0 made, 1 failed, 2 wrong use.

Example:
  wardgate admin link dr.osei";

const RECOVER_AFTER_HELP: &str = "For a person who lost every way to sign in, or whose ways are in wrong hands. It works beside a
running server, on the host only, and is recorded in the ledger.

Exit codes: 0 made, 1 failed, 2 wrong use.

Example:
  wardgate admin recover admin";
