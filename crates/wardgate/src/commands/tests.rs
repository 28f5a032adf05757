//! Every help text is a snapshot, and follows the same rules.

use clap::{Command, CommandFactory};

use super::Cli;

/// The commands that do something, by their full names.
fn leaves(command: &Command, path: &str) -> Vec<(String, Command)> {
    let mut found = Vec::new();
    for below in command.get_subcommands() {
        let path = format!("{path} {}", below.get_name());
        found.extend(leaves(below, &path));
        // A command that only groups others does nothing by itself.
        if !below.has_subcommands() || !below.is_subcommand_required_set() {
            found.push((path, below.clone()));
        }
    }
    found
}

#[test]
fn help_texts() {
    let mut cli = Cli::command().term_width(100);
    cli.build();
    insta::assert_snapshot!("wardgate", cli.clone().render_long_help().to_string());
    for (path, mut command) in leaves(&cli, "wardgate") {
        let help = command.render_long_help().to_string();
        insta::assert_snapshot!(path.replace(' ', "-"), help);
    }
}

#[test]
fn every_command_says_its_exit_codes_and_gives_one_example() {
    for (path, mut command) in leaves(&Cli::command(), "wardgate") {
        let help = command.render_long_help().to_string();
        assert!(help.contains("Exit codes: 0"), "{path}");
        assert_eq!(help.matches("\nExample:\n").count(), 1, "{path}");
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(
            about.chars().next().is_some_and(char::is_uppercase),
            "{path}: {about}"
        );
        assert!(!about.ends_with('.'), "{path}: {about}");
    }
}

#[test]
fn the_arguments_fit_together() {
    Cli::command().debug_assert();
}
