//! The reference of ledger events: page, JSON Schema and one example of each kind.

use wardgate_records::events::{
    EventKind, Form, KindEntry, LEAF_BYTES_MAX, Member, SCHEMA_VERSION, catalogue, examples,
    json_schema,
};

use super::cell;
use crate::failure::Failure;

/// The page for people.
pub(super) fn page() -> Result<String, Failure> {
    let mut page = introduction();
    for (entry, example) in catalogue().iter().zip(whole_examples()?) {
        page.push_str(&format!(
            "\n## {}\n\n{} Since version {}.\n\n| Member | Holds | Unit | | Says |\n|---|---|---|---|---|\n",
            entry.kind,
            entry.meaning,
            entry.kind.since(),
        ));
        members(entry.members, "", &mut page);
        page.push_str(&format!("\n```json\n{example}\n```\n"));
    }
    Ok(page)
}

/// The schema for machines.
pub(super) fn schema() -> String {
    // Maps with text keys always serialise.
    let mut text = serde_json::to_string_pretty(&json_schema()).unwrap_or_default();
    text.push('\n');
    text
}

/// Every kind twice, one leaf a line: with all its members, and with the required ones.
pub(super) fn example_lines() -> Result<String, Failure> {
    let mut lines = String::new();
    for whole in [true, false] {
        for leaf in examples(whole).map_err(too_large)? {
            lines.push_str(&String::from_utf8_lossy(&leaf));
            lines.push('\n');
        }
    }
    Ok(lines)
}

fn whole_examples() -> Result<Vec<String>, Failure> {
    let leaves = examples(true).map_err(too_large)?;
    let texts = leaves.iter().map(|leaf| String::from_utf8_lossy(leaf));
    Ok(texts.map(std::borrow::Cow::into_owned).collect())
}

fn too_large(fault: impl std::fmt::Display) -> Failure {
    Failure::new(
        fault.to_string(),
        "report this with the version of the build",
    )
}

fn introduction() -> String {
    let mut page = format!(
        "# Ledger events

Made by `wardgate reference`; do not edit. The same as a JSON Schema (draft 2020-12) stands in
`events.schema.json`, with two examples of each kind in `events.examples.ndjson`.

A leaf of the ledger is one JSON object in RFC 8785 canonical form, at most {LEAF_BYTES_MAX} bytes:

| Member | Holds | Says |
|---|---|---|
| `at` | time | When it happened. |
| `data` | object | What happened; see the kinds below. Members that are not listed are never written. |
| `id` | id | The id of the event; of a `call.intent`, also the record id of the call. |
| `type` | word | The kind. |
| `v` | integer | The oldest version of this schema that has the kind and all members of the leaf. |

This program writes and reads versions 1 to {SCHEMA_VERSION}. A kind never changes its meaning and never
loses a member; a later version adds kinds and optional members. A program that meets a version or
a kind that it does not know says so and shows the leaf as it is.

## What can stand in a leaf

| Form | What it is |
|---|---|
"
    );
    for (form, what) in FORMS {
        page.push_str(&format!("| {form} | {what} |\n"));
    }
    page.push_str(
        "
No form takes free text, so names, notes, prompts and answers have no place in the ledger. A
patient is a random handle, a consent a keyed digest, a request or an answer an HMAC commitment
whose key is sealed apart. The types of the program keep this: a leaf is written from typed fields
only, and a text that is not a token is replaced by `unfit`.

## Kinds

| Kind | Since | Written when |
|---|---|---|
",
    );
    for KindEntry { kind, meaning, .. } in catalogue() {
        page.push_str(&format!(
            "| [`{kind}`](#{}) | {} | {meaning} |\n",
            anchor(kind),
            kind.since()
        ));
    }
    page
}

fn anchor(kind: EventKind) -> String {
    kind.as_str().replace('.', "")
}

fn members(members: &[Member], within: &str, page: &mut String) {
    for member in members {
        let name = format!("{within}{}", member.name);
        let (holds, unit, below) = form(member.form);
        let presence = match (member.optional, member.since) {
            (false, _) => "always".to_owned(),
            (true, None) => "may be absent".to_owned(),
            (true, Some(since)) => format!("may be absent, since version {since}"),
        };
        page.push_str(&format!(
            "| `{name}` | {} | {unit} | {presence} | {} |\n",
            cell(&holds),
            cell(member.meaning)
        ));
        let list = if holds.starts_with("list") { "[]" } else { "" };
        self::members(below, &format!("{name}{list}."), page);
    }
}

/// The form in words, its unit, and the members within.
fn form(form: Form) -> (String, &'static str, &'static [Member]) {
    let plain = |word: &str| (word.to_owned(), "", [].as_slice());
    match form {
        Form::Token => plain("token"),
        Form::Words => plain("words"),
        Form::Time => plain("time"),
        Form::Id => plain("id"),
        Form::Digest => plain("digest"),
        Form::Patient => plain("patient"),
        Form::Integer(unit) => ("integer".to_owned(), unit, &[]),
        Form::Boolean => plain("boolean"),
        Form::OneOf(words) => plain(&format!("`{}`", words.join("`, `"))),
        Form::List(item) => {
            let (holds, unit, below) = self::form(*item);
            (format!("list of {holds}s"), unit, below)
        }
        Form::Object(members) => ("object".to_owned(), "", members),
        _ => plain("other"),
    }
}

const FORMS: [(&str, &str); 8] = [
    (
        "token",
        "1 to 200 printable ASCII characters without space, quote or backslash: an id, a code, a name in the configuration",
    ),
    (
        "words",
        "tokens parted by single spaces; written only for the value of a fact, which is a code, a number, a time or a set of codes from the records",
    ),
    (
        "time",
        "RFC 3339 in UTC, with up to nine digits of a second",
    ),
    ("id", "UUID in lower case; version 7 for events"),
    ("digest", "32 bytes in lower-case hexadecimal"),
    (
        "patient",
        "16 random bytes in lower-case hexadecimal that stand for a patient",
    ),
    (
        "integer",
        "0 to 9007199254740991; larger counts are written as that number",
    ),
    ("boolean", "`true` or `false`"),
];
