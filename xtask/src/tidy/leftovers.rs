//! What must not stay behind: unfinished marks, silenced lints, ignored tests, traces of a machine.

use super::{Fault, File, line_of, words};

/// Written in two halves, so that this file does not find itself.
const UNFINISHED: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Paths that exist on one machine only.
const MACHINE_PATHS: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/tmp", "/wg"),
];

/// Where packages come from is for the client's configuration to say.
const REGISTRY_HOSTS: [&str; 7] = [
    concat!("py", "pi.org"),
    concat!("pythonho", "sted.org"),
    concat!("registry.np", "mjs.org"),
    concat!("registry.yar", "npkg.com"),
    concat!("index.cra", "tes.io"),
    concat!("static.cra", "tes.io"),
    concat!("arti", "factory"),
];

/// Texts of notes, where a masked number may look like an unfinished mark.
const NOTES: &str = "crates/wardgate-notes/writers";

/// Leftovers in tracked files.
pub(super) fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files {
        if !file.path.starts_with(NOTES) {
            faults.extend(unfinished(file));
        }
        faults.extend(machine_paths(file));
        faults.extend(registry_hosts(file));
        if file.is_rust() {
            faults.extend(attributes(file));
        }
    }
    faults
}

/// Marks of unfinished work.
fn unfinished(file: &File) -> Vec<Fault> {
    let found = UNFINISHED
        .iter()
        .flat_map(|mark| words(&file.text, mark).map(move |at| (mark, at)));
    let fault = |(mark, at)| {
        let line = line_of(&file.text, at);
        Fault::new(
            "unfinished",
            &file.path,
            line,
            format!("`{mark}` marks unfinished work"),
        )
    };
    found.map(fault).collect()
}

/// Absolute paths of a machine; a path inside a longer one is something else.
fn machine_paths(file: &File) -> Vec<Fault> {
    let inside = |c: char| c.is_alphanumeric() || "_-.}/*$".contains(c);
    // SCIM has a resource of the name that one system gives to the folders of people.
    let of_scim = |path: &str| path == MACHINE_PATHS[2] && file.text.contains("scim");
    let mut faults = Vec::new();
    for path in MACHINE_PATHS.into_iter().filter(|path| !of_scim(path)) {
        for (at, _) in file.text.match_indices(path) {
            let before = file
                .text
                .get(..at)
                .and_then(|rest| rest.chars().next_back());
            if !before.is_some_and(inside) {
                let message = format!("`{path}` is a path of some machine");
                faults.push(Fault::new(
                    "machine-path",
                    &file.path,
                    line_of(&file.text, at),
                    message,
                ));
            }
        }
    }
    faults
}

/// Names of package registries.
fn registry_hosts(file: &File) -> Vec<Fault> {
    let hosts = REGISTRY_HOSTS.iter();
    let found = hosts.flat_map(|host| file.text.match_indices(host));
    let fault = |(at, host)| {
        let line = line_of(&file.text, at);
        Fault::new(
            "registry-host",
            &file.path,
            line,
            format!("names the registry host `{host}`"),
        )
    };
    found.map(fault).collect()
}

/// Attributes that silence a lint or switch off a test.
fn attributes(file: &File) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, _) in file
        .blanked
        .match_indices("#[")
        .chain(file.blanked.match_indices("#!["))
    {
        let rest = file.blanked.get(at..).unwrap_or("");
        let attribute = rest.split_once(']').map_or(rest, |(inside, _)| inside);
        let line = line_of(&file.blanked, at);
        if words(attribute, "allow").next().is_some() {
            let message = "silences a lint; use `expect` with a reason";
            faults.push(Fault::new("silenced-lint", &file.path, line, message));
        }
        for (word, message) in [
            ("ignore", "an ignored test shows nothing"),
            ("should_panic", "assert on the error instead"),
        ] {
            if words(attribute, word).next().is_some() {
                faults.push(Fault::new("ignored-test", &file.path, line, message));
            }
        }
    }
    faults
}
