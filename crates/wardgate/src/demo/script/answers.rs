//! Calls that pass: masked on their way out, restored on their way back.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::stage::{Call, Sides, Stage, Stated};
use crate::failure::Failure;

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let placeholder = summary(stage).await?;
    stream(stage).await?;
    conversation(stage).await?;
    second_caller(stage, &placeholder).await?;
    tool_call(stage).await?;
    tool_history(stage).await?;
    embeddings(stage).await?;
    every_note(stage).await
}

/// The first call, shown from three sides. Returns a placeholder that the model saw.
async fn summary(stage: &mut Stage<'_>) -> Result<String, Failure> {
    let stated = Stated {
        part: PART,
        tried: "summarise a discharge note",
        expected: "the model sees no identifier, the app gets all back",
    };
    stage.progress.tell(stated.tried);
    let text = format!("{QUESTION}\n\n{}", stage.hospital.note("vasquez"));
    let call = Call::ask("osei", "ward-chat", "vasquez", &text);
    let (answer, seen) = stage.send(&call).await?;
    let saw = seen
        .first()
        .map(|seen| seen.last_message().to_owned())
        .unwrap_or_default();
    let planted = stage.identifiers_in("vasquez", &text);
    let leaked: usize = seen
        .iter()
        .map(|seen| stage.identifiers_in("vasquez", &seen.text()))
        .sum();
    let restored = stage.is_restored(&call, &answer);
    let as_stated = answer.status == 200 && seen.len() == 1 && leaked == 0 && restored;
    let word = if restored { "restored" } else { "not restored" };
    let happened = format!("{leaked} of {planted} identifiers leaked; answer {word}");
    stage.keep(
        stated,
        happened,
        answer.status.to_string(),
        answer.took,
        as_stated,
    );
    let placeholder = placeholders(&saw).find(|found| found.starts_with("[NAME"));
    let placeholder = placeholder.unwrap_or_default().to_owned();
    stage.sides = Some(Sides {
        app_sent: text,
        model_saw: saw,
        app_got: answer.text(),
    });
    Ok(placeholder)
}

async fn stream(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let stated = Stated {
        part: PART,
        tried: "the same as a stream",
        expected: "restored; one event out per event in",
    };
    stage.progress.tell(stated.tried);
    let text = format!("{QUESTION}\n\n{}", stage.hospital.note("okonkwo"));
    let mut call = Call::ask("lindqvist", "ward-chat", "okonkwo", &text);
    insert(&mut call.body, "stream", json!(true));
    let (answer, seen) = stage.send(&call).await?;
    let sent: usize = seen.iter().map(|seen| seen.events).sum();
    let got = answer.events().count();
    let leaked: usize = seen
        .iter()
        .map(|seen| stage.identifiers_in("okonkwo", &seen.text()))
        .sum();
    let restored = stage.is_restored(&call, &answer);
    let happened = match restored {
        true => format!("{sent} events in, {got} out; restored"),
        false => format!("{sent} events in, {got} out; not restored"),
    };
    let as_stated = sent > 3 && got == sent && leaked == 0 && restored;
    stage.keep(
        stated,
        happened,
        answer.status.to_string(),
        answer.took,
        as_stated,
    );
    Ok(())
}

/// The same value has the same placeholder within a conversation, and another one elsewhere.
async fn conversation(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let stated = Stated {
        part: PART,
        tried: "two questions in one conversation",
        expected: "same placeholder; another one in another conversation",
    };
    stage.progress.tell(stated.tried);
    let mut names = Vec::new();
    let mut took = Duration::ZERO;
    for conversation in ["round-1", "round-1", "round-2"] {
        let text = "Is Mr. Petrov fit for rehab?";
        let mut call = Call::ask("osei", "ward-chat", "petrov", text);
        call.conversation = Some(conversation);
        let (answer, seen) = stage.send(&call).await?;
        let saw = seen
            .first()
            .map(|seen| seen.last_message().to_owned())
            .unwrap_or_default();
        names.push(placeholders(&saw).next().unwrap_or_default().to_owned());
        took = answer.took;
    }
    let (as_stated, happened) = match names.as_slice() {
        [first, second, third] if !first.is_empty() => {
            let same = first == second && first != third;
            (
                same,
                format!("{} twice, then {}", short(first), short(third)),
            )
        }
        _ => (false, "no placeholder was seen".to_owned()),
    };
    stage.keep(stated, happened, "200".to_owned(), took, as_stated);
    Ok(())
}

/// A caller who got hold of another's placeholder.
async fn second_caller(stage: &mut Stage<'_>, placeholder: &str) -> Result<(), Failure> {
    let stated = Stated {
        part: PART,
        tried: "another caller sends that placeholder",
        expected: "obtains nothing",
    };
    stage.progress.tell(stated.tried);
    let text = format!("Who is {placeholder}?");
    let call = Call::ask("lindqvist", "ward-chat", "vasquez", &text);
    let (answer, _) = stage.send(&call).await?;
    let obtained = stage.identifiers_in("vasquez", &answer.text());
    let as_stated = !placeholder.is_empty() && obtained == 0 && answer.text().contains(placeholder);
    let happened = format!("{obtained} identifiers obtained");
    stage.keep(
        stated,
        happened,
        answer.status.to_string(),
        answer.took,
        as_stated,
    );
    Ok(())
}

/// The model asks for a tool; the application gets usable arguments.
async fn tool_call(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let stated = Stated {
        part: PART,
        tried: "the model calls a tool",
        expected: "its arguments are restored",
    };
    stage.progress.tell(stated.tried);
    let text = "Book Siobhan O'Connell for a blood pressure check.";
    let mut call = Call::ask("bot", "front-desk", "oconnell", text);
    insert(&mut call.body, "tools", tools());
    let (answer, seen) = stage.send(&call).await?;
    let leaked: usize = seen
        .iter()
        .map(|seen| stage.identifiers_in("oconnell", &seen.text()))
        .sum();
    let body = answer.json();
    let arguments = body.pointer("/choices/0/message/tool_calls/0/function/arguments");
    let arguments = arguments.and_then(Value::as_str).unwrap_or("");
    let parsed: Value = serde_json::from_str(arguments).unwrap_or_default();
    let as_stated = leaked == 0 && parsed.get("patient") == Some(&json!("Siobhan O'Connell"));
    let happened = format!("patient: {}", parsed.get("patient").unwrap_or(&Value::Null));
    stage.keep(
        stated,
        happened,
        answer.status.to_string(),
        answer.took,
        as_stated,
    );
    Ok(())
}

/// Identifiers in the history: arguments of an earlier tool call, and what the tool said.
async fn tool_history(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let stated = Stated {
        part: PART,
        tried: "identifiers in tool arguments and results",
        expected: "caught there too",
    };
    stage.progress.tell(stated.tried);
    let arguments =
        json!({"patient": "O'Connell, Siobhan", "mrn": "LM-0046620", "callback": "207-555-0133"});
    let function = json!({"name": "book_visit", "arguments": arguments.to_string()});
    let mut call = Call::ask("bot", "front-desk", "oconnell", "");
    call.body = json!({
        "user": "siobhan.oc@example.org",
        "tools": tools(),
        "messages": [
            {"role": "user", "content": "Book Siobhan for a blood pressure check."},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "Booked for O'Connell on 26 Nov, text sent to (207) 555-0133."},
        ],
    });
    let planted = stage.identifiers_in("oconnell", &flat(&call.body));
    let (answer, seen) = stage.send(&call).await?;
    let leaked: usize = seen
        .iter()
        .map(|seen| stage.identifiers_in("oconnell", &seen.text()))
        .sum();
    let digits = seen.iter().any(|seen| seen.text().contains("555-0133"));
    let as_stated = seen.len() == 1 && leaked == 0 && !digits && stage.is_restored(&call, &answer);
    let happened = format!("{leaked} of {planted} identifiers leaked");
    stage.keep(
        stated,
        happened,
        answer.status.to_string(),
        answer.took,
        as_stated,
    );
    Ok(())
}

async fn embeddings(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let stated = Stated {
        part: PART,
        tried: "embed two notes, no patient on file",
        expected: "identifiers found by rules alone",
    };
    stage.progress.tell(stated.tried);
    let notes = [
        "Patient: Harold Quimby, MRN: 4471093, phone 207-555-0112, seen for gout.",
        "Mrs. Elaine Prescott (e.prescott@example.org), DOB 04/12/1951, knee replacement.",
    ];
    let call = Call {
        key: "haddad",
        model: "note-search",
        purpose: "HRESCH",
        patient: None,
        conversation: None,
        body: json!({"input": notes}),
    };
    let (answer, seen) = stage.send(&call).await?;
    let saw: String = seen.iter().map(|seen| seen.text()).collect();
    let planted = [
        "Quimby",
        "4471093",
        "207-555-0112",
        "Prescott",
        "e.prescott@example.org",
        "04/12/1951",
    ];
    let leaked = planted.iter().filter(|value| saw.contains(**value)).count();
    let body = answer.json();
    let vectors = body
        .get("data")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let as_stated = answer.status == 200 && vectors == 2 && leaked == 0;
    let happened = format!(
        "{vectors} vectors; {leaked} of {} identifiers leaked",
        planted.len()
    );
    stage.keep(
        stated,
        happened,
        answer.status.to_string(),
        answer.took,
        as_stated,
    );
    Ok(())
}

/// All notes of patients who permit it.
async fn every_note(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let stated = Stated {
        part: PART,
        tried: "the notes of all who permit it",
        expected: "no identifier leaks, every answer is restored",
    };
    let (mut notes, mut planted, mut leaked, mut unrestored) = (0, 0, 0, 0);
    let mut took = Duration::ZERO;
    for note in stage.hospital.notes() {
        if REFUSING.contains(&note.patient.as_str()) {
            continue;
        }
        stage
            .progress
            .tell(&format!("note {} of all patients", notes + 1));
        let text = format!("{QUESTION}\n\n{}", note.text.trim_end());
        let call = Call::ask("osei", "ward-chat", &note.patient, &text);
        let (answer, seen) = stage.send(&call).await?;
        notes += 1;
        planted += stage.identifiers_in(&note.patient, &text);
        leaked += seen
            .iter()
            .map(|seen| stage.identifiers_in(&note.patient, &seen.text()))
            .sum::<usize>();
        unrestored += usize::from(!stage.is_restored(&call, &answer));
        took += answer.took;
    }
    let happened = format!(
        "{notes} notes; {leaked} of {planted} identifiers leaked; {} restored",
        notes - unrestored
    );
    let as_stated = notes > 0 && leaked == 0 && unrestored == 0;
    stage.keep(stated, happened, "200".to_owned(), took, as_stated);
    Ok(())
}

fn tools() -> Value {
    json!([{"type": "function", "function": {
        "name": "book_visit",
        "description": "Books a visit",
        "parameters": {"type": "object", "properties": {
            "patient": {"type": "string"}, "visit": {"type": "string"}}},
    }}])
}

/// The placeholders in a text.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('[').filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        let found = rest.get(..=rest.find(']')?)?;
        let inside = found.trim_matches(['[', ']']);
        let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        (inside.contains("_X") && inside.chars().all(fits)).then_some(found)
    })
}

/// Enough of a placeholder to tell it from others.
fn short(placeholder: &str) -> String {
    let start: String = placeholder.chars().take(PLACEHOLDER_CHARS_SHOWN).collect();
    format!("{start}..]")
}

fn flat(value: &Value) -> String {
    value.to_string().replace("\\\"", "\"")
}

fn insert(body: &mut Value, name: &str, value: Value) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), value);
    }
}

const PLACEHOLDER_CHARS_SHOWN: usize = 12;
const PART: &str = "Answers";
const QUESTION: &str = "Summarise this note for the ward round.";
/// Patients whose consent does not permit treatment with AI, or who have none.
const REFUSING: [&str; 5] = ["kowalczyk", "jefferson", "castellanos", "begay", "abramov"];
