//! Answers of models that do not copy placeholders exactly.

use wardgate_deid::{Deidentifier, Engine, Escape, RestoreMap};

use crate::sample::{CALL, key};

/// The placeholder of a value, without brackets, and the map that knows it.
fn masked(text: &str) -> (String, RestoreMap) {
    let (engine, key) = (Engine::new(), key());
    let (body, map) = Deidentifier::new(&engine, &key, None)
        .text(CALL, text)
        .into_parts();
    let body = String::from_utf8(body).unwrap();
    (body.trim_matches(['[', ']']).to_owned(), map)
}

#[test]
fn placeholders_are_restored_however_models_write_them() {
    let (p, map) = masked("ann@example.org");
    let spaced = p.replace('_', " ");
    let dashed = p.replace('_', "-");
    let escaped = p.replace('_', "\\_");
    let token = p.split('_').nth(1).unwrap().to_owned();
    for (answer, expected) in [
        (format!("[{p}]"), "ann@example.org"),
        (format!("[{}]", p.to_lowercase()), "ann@example.org"),
        (format!("**[{p}]**"), "**ann@example.org**"),
        (format!("**{p}**"), "**ann@example.org**"),
        (format!("_{p}_"), "_ann@example.org_"),
        (format!("`[{p}]`"), "`ann@example.org`"),
        (format!("\\[{escaped}\\]"), "ann@example.org"),
        (format!("[{escaped}]"), "ann@example.org"),
        (format!("[{dashed}]"), "ann@example.org"),
        (format!("[{spaced}]"), "ann@example.org"),
        (format!("[ {p} ]"), "ann@example.org"),
        (format!("{p}'s"), "ann@example.org's"),
        (format!("{p}]"), "ann@example.org"),
        (format!("[{p} wrote"), "ann@example.org wrote"),
        (format!("({p})"), "(ann@example.org)"),
        (format!("[see {p}]"), "[see ann@example.org]"),
        (format!("[{p}, {p}]"), "ann@example.org, ann@example.org"),
        (format!("[[{p}]](url)"), "[ann@example.org](url)"),
        (format!("[{token}]"), "ann@example.org"),
        (format!("Email: {token}."), "Email: ann@example.org."),
        (format!("\\[{p}] x"), "\\ann@example.org x"),
        (format!("[{p}][{p}]"), "ann@example.organn@example.org"),
    ] {
        assert_eq!(map.restore(&answer), expected, "{answer}");
    }
}

#[test]
fn what_is_no_live_placeholder_stays() {
    let (p, map) = masked("ann@example.org");
    let wrong = format!(
        "{}{}",
        &p[..p.len() - 1],
        if p.ends_with('7') { '8' } else { '7' }
    );
    for answer in [
        format!("[{wrong}]"),
        "[EMAIL_1]".to_owned(),
        "[NAME_XAAAAAAAAAAAAA]".to_owned(),
        p[..p.len() - 1].to_owned(),
        "Max fixed [the] box_x [X]".to_owned(),
    ] {
        assert_eq!(map.restore(&answer), answer);
    }
}

#[test]
fn a_lost_variant_gives_the_same_value_and_a_reckoned_day_none() {
    let (engine, key) = (Engine::new(), key());
    let (body, map) = Deidentifier::new(&engine, &key, None)
        .text(CALL, "ANN@EXAMPLE.ORG 12 March 2024")
        .into_parts();
    let body = String::from_utf8(body).unwrap();
    let email = body.split(' ').next().unwrap();
    let cut = format!("{}]", &email[..email.rfind("_V").unwrap()]);
    assert_eq!(map.restore(&cut), "ANN@EXAMPLE.ORG");
    let date = body.split(' ').nth(1).unwrap();
    let day = date.find("_D").unwrap() + 2;
    let undated = format!("{}]", &date[..day - 2]);
    assert_eq!(map.restore(&undated), "12 March 2024");
    let reckoned = format!("{}1_D5]", &date[..day]);
    assert_eq!(map.restore(&reckoned), reckoned);
}

#[test]
fn nothing_but_a_possible_placeholder_is_held_back() {
    let (p, map) = masked("ann@example.org");
    let mut restorer = map.stream(Escape::None);
    let mut out = String::new();
    for (piece, held) in [
        ("The address is ", 0),
        ("[", 1),
        ("EM", 3),
        ("IT]", 0),
        (" next", 0),
        (" [", 1),
        ("1] Max", 0),
        (" E", 1),
        ("ar, x", 1),
        (" \\", 1),
        ("n", 0),
    ] {
        restorer.push(piece, &mut out);
        assert_eq!(restorer.held_bytes(), held, "behind {piece:?}");
    }
    restorer.push(&format!("[{p}"), &mut out);
    assert_eq!(restorer.held_bytes(), p.len() + 1);
    restorer.push("]", &mut out);
    assert_eq!(restorer.held_bytes(), 0);
    restorer.finish(&mut out);
    assert_eq!(
        out,
        "The address is [EMIT] next [1] Max Ear, x \\nann@example.org"
    );
    assert_eq!(restorer.restored(), 1);
}

#[test]
fn values_are_escaped_in_json_text() {
    let (engine, key) = (Engine::new(), key());
    let text = "at 12 Elm Grove Road,\nSpringfield, IL 62704";
    let (body, address) = Deidentifier::new(&engine, &key, None)
        .text(CALL, text)
        .into_parts();
    let body = String::from_utf8(body).unwrap();
    let mut restorer = address.stream(Escape::Json);
    let mut out = String::new();
    restorer.push(&format!("{{\"a\": \"{body}\"}}"), &mut out);
    restorer.finish(&mut out);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&out).unwrap()["a"],
        text
    );
}
