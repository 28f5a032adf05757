//! `wardgate reference`: the pages that are made from the program itself.

mod events;

use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use wardgate_authz::Policies;

use super::{Cli, Ended};
use crate::config::Config;
use crate::failure::Failure;
use crate::output::Output;

/// Write the reference pages: refusal codes, configuration, commands, ledger events
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Directory to write into
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = &arguments.dir;
    fs::create_dir_all(dir).map_err(|error| Failure::file("make", dir, &error))?;
    let pages = [
        ("refusals.md", refusals()?),
        ("configuration.md", configuration()),
        ("commands.md", commands()),
        ("events.md", events::page()?),
        ("events.schema.json", events::schema()),
        ("events.examples.ndjson", events::example_lines()?),
    ];
    let mut written = Vec::new();
    for (name, text) in pages {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|error| Failure::file("write", &path, &error))?;
        written.push(path.display().to_string());
    }
    output.value(&written, || written.join("\n"));
    Ok(Ended::Well)
}

/// Every refusal code, from the gateway and from the policies.
fn refusals() -> Result<String, Failure> {
    let policies = Policies::built_in().map_err(|_| {
        Failure::new(
            "the built-in policies do not read",
            "report this with the version of the build",
        )
    })?;
    let mut page = String::from(
        "# Refusal codes\n\nMade by `wardgate reference`; do not edit.\n\n## Of the gateway\n\n\
         | Code | Gate | Status | Sentence | What to do |\n|---|---|---|---|---|\n",
    );
    for code in wardgate_gateway::refusal::CODES {
        page.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            code.text,
            code.gate.name(),
            code.status,
            cell(code.sentence),
            cell(code.hint)
        ));
    }
    page.push_str(
        "\n## Of facts, policies and consents\n\nThese travel with status 403, `fact.stale` with 503.\n\n\
         | Code | Sentence | What to do | Policies |\n|---|---|---|---|\n",
    );
    push_codes(&mut page, &policies.catalogue());
    page.push_str(
        "\n## Of operations on the console and its interfaces\n\nThese travel with status 403.\n\n\
         | Code | Sentence | What to do | Policies |\n|---|---|---|---|\n",
    );
    push_codes(&mut page, &policies.operation_catalogue());
    Ok(page)
}

fn push_codes(page: &mut String, codes: &[wardgate_authz::Code]) {
    for code in codes {
        for (sentence, hint) in &code.sentences {
            page.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                code.code,
                cell(sentence),
                cell(hint),
                code.policies.join(", ")
            ));
        }
    }
}

/// Every setting with its default.
fn configuration() -> String {
    let mut page = String::from(
        "# Configuration\n\nMade by `wardgate reference`; do not edit. The file is `wardgate.yaml` in the data directory.\n\
         Unknown settings are refused, and every fault is told at once with its line.\n",
    );
    let mut section = "";
    for setting in Config::settings() {
        if setting.section != section {
            section = setting.section;
            page.push_str(&format!(
                "\n## {section}\n\n| Setting | Default | Takes | What |\n|---|---|---|---|\n"
            ));
        }
        let default = match setting.default.as_str() {
            "" => "-".to_owned(),
            default => format!("`{default}`"),
        };
        page.push_str(&format!(
            "| `{}` | {default} | {} | {} |\n",
            setting.name,
            cell(&setting.takes),
            cell(setting.what)
        ));
    }
    page
}

/// Every command's help.
fn commands() -> String {
    let mut page = String::from("# Commands\n\nMade by `wardgate reference`; do not edit.\n");
    let mut cli = Cli::command().term_width(100);
    cli.build();
    add_help(&mut cli, "wardgate", &mut page);
    page
}

fn add_help(command: &mut clap::Command, path: &str, page: &mut String) {
    let help = command.render_long_help().to_string();
    page.push_str(&format!(
        "\n## {path}\n\n```text\n{}\n```\n",
        help.trim_end()
    ));
    for below in command.get_subcommands_mut() {
        let path = format!("{path} {}", below.get_name());
        add_help(below, &path, page);
    }
}

/// Text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const AFTER_HELP: &str = "Exit codes: 0 written, 1 failed, 2 wrong use.

Example:
  wardgate reference docs/reference";
