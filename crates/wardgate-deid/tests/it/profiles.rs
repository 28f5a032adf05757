//! What each profile lets stand, and what each action makes of each kind.

use proptest::prelude::*;
use wardgate_deid::{
    Action, Deidentifier, Engine, Kind, Language, Part, PlaceholderKey, Profile, PseudonymKey,
};

use crate::sample::{CALL, key, known};

/// The text as a profile leaves it, with nothing that could be restored unless `reversible`.
fn under(profile: &Profile, text: &str) -> String {
    let (engine, key, patient) = (Engine::new(), key(), PseudonymKey::new([3; 32]));
    let done = Deidentifier::new(&engine, &key, Some(&known()))
        .pseudonyms(&patient)
        .profile(profile)
        .text(CALL, text);
    assert_eq!(done.report().profile(), Some(profile.id()));
    let (body, map) = done.into_parts();
    let body = String::from_utf8(body).unwrap();
    assert_eq!(map.restore(&body) == body, map.is_empty());
    body
}

fn custom(rules: &str) -> Profile {
    Profile::parse(&format!("profile = test\n{rules}")).unwrap()
}

const NOTE: &str = "Mrs. Schönfeld, a 92-year-old woman, was seen on March 12, 2024 at 12 Alder Grove Road, Tillamook, OR 97141. \
     Her son is 54 years old. Diagnosed in 1998. MRN: WG-0044127, call (503) 555-0142.";

#[test]
fn safe_harbor_lets_years_ages_and_states_stand() {
    let text = under(&Profile::safe_harbor().replacing(Action::Redact), NOTE);
    for stays in ["54 years", "in 1998", "OR 971.", "90+-year-old"] {
        assert!(text.contains(stays), "{stays}: {text}");
    }
    for gone in [
        "Schönfeld",
        "March",
        "2024",
        "Alder",
        "Tillamook",
        "97141",
        "0044127",
        "555-0142",
        "92",
    ] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
}

#[test]
fn a_limited_data_set_keeps_dates_and_places() {
    let text = under(&Profile::limited_data_set().replacing(Action::Redact), NOTE);
    for stays in [
        "March 12, 2024",
        "Tillamook, OR 97141",
        "92-year-old",
        "1998",
        "54",
    ] {
        assert!(text.contains(stays), "{stays}: {text}");
    }
    for gone in ["Schönfeld", "Alder", "0044127", "555-0142"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
}

#[test]
fn the_gdpr_takes_years_and_ages_too() {
    let text = under(
        &Profile::gdpr_pseudonymise().replacing(Action::Redact),
        NOTE,
    );
    for stays in ["50-59 years old", "1990-1999", "90+"] {
        assert!(text.contains(stays), "{stays}: {text}");
    }
    for gone in [
        "Schönfeld",
        "March",
        "2024",
        "Tillamook",
        " OR ",
        "97141",
        "54 years",
        "1998",
    ] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert_eq!(Profile::of(Language::English), Profile::safe_harbor());
    assert_eq!(Profile::of(Language::German), Profile::gdpr_pseudonymise());
    assert_eq!(Profile::of(Language::Spanish), Profile::gdpr_pseudonymise());
}

#[test]
fn the_gate_makes_all_of_it_restorable() {
    let (engine, key) = (Engine::new(), key());
    for language in [None, Some(Language::English), Some(Language::German)] {
        let mut call = Deidentifier::new(&engine, &key, None);
        if let Some(language) = language {
            call = call.language(language);
        }
        let (body, map) = call.text(CALL, NOTE).into_parts();
        let body = String::from_utf8(body).unwrap();
        assert_eq!(map.restore(&body), NOTE);
        assert_eq!(
            body.contains("54 years"),
            language != Some(Language::German),
            "{body}"
        );
    }
}

/// A text with one identifier of each kind, and that identifier.
const EACH: [(Kind, &str, &str); 17] = [
    (Kind::Name, "Seen by Dr. ", "Okafor"),
    (Kind::Location, "She lives at ", "12 Alder Grove Road"),
    (Kind::Facility, "Admitted to ", "Mercy General Hospital"),
    (Kind::Date, "Seen on ", "March 12, 2024"),
    (Kind::Age, "She is aged ", "92"),
    (Kind::Phone, "Call ", "(503) 555-0142"),
    (Kind::Fax, "Fax: ", "(503) 555-0143"),
    (Kind::Email, "Write to ", "ann@example.net"),
    (Kind::Url, "See ", "https://portal.example.net/p/12"),
    (Kind::Ip, "Logged in from ", "10.20.30.40"),
    (Kind::Ssn, "SSN ", "219-09-9999"),
    (Kind::Mrn, "MRN: ", "88123456"),
    (Kind::HealthPlan, "Medicare number ", "1EG4-TE5-MK73"),
    (Kind::Account, "Account number: ", "7712345678"),
    (Kind::License, "License number: ", "D1234567"),
    (Kind::Vehicle, "VIN ", "1HGCM82633A004352"),
    (Kind::Device, "Serial number: ", "SN8812345"),
];

#[test]
fn each_action_does_its_own_to_each_kind() {
    let rest = |text: &str, prefix: &str| {
        text.strip_prefix(prefix)
            .unwrap()
            .strip_suffix(" today.")
            .unwrap()
            .to_owned()
    };
    for (kind, prefix, value) in EACH {
        let text = format!("{prefix}{value} today.");
        let (engine, found) = (Engine::new(), Engine::new().detect(&text, None));
        drop(engine);
        let Some(found) = found.iter().find(|f| text[f.range()].contains(value)) else {
            panic!("{kind:?} is not found in {text:?}: {found:?}");
        };
        let label = format!("[{}", found.kind.label());
        let outcome = |action: &str| {
            rest(
                &under(
                    &custom(&format!(
                        "default = {action}\nage = {action}\nlocation.zip = {action}"
                    )),
                    &text,
                ),
                prefix,
            )
        };
        assert_eq!(outcome("redact"), format!("{label}]"), "{text}");
        assert!(
            outcome("placeholder").starts_with(&format!("{label}_X")),
            "{text}"
        );
        let hash = outcome("hash 16");
        assert!(
            hash.starts_with(&format!("{label}:")) && hash.len() == label.len() + 18,
            "{hash}"
        );
        let mask = outcome("mask X");
        let shape: String = value
            .chars()
            .map(|c| if c.is_alphanumeric() { 'X' } else { c })
            .collect();
        assert_eq!(mask, shape);
        let surrogate = outcome("surrogate");
        assert_ne!(surrogate, value);
        assert!(
            !surrogate.is_empty() && !surrogate.contains('['),
            "{surrogate}"
        );
        assert_eq!(surrogate, outcome("surrogate"));
    }
    let kept = custom("default = redact\nphone = keep\nemail = keep");
    assert_eq!(
        under(&kept, "Call (503) 555-0142 or ann@example.net today."),
        "Call (503) 555-0142 or ann@example.net today."
    );
}

#[test]
fn dates_are_generalised_or_shifted() {
    let year = custom("date = generalise");
    assert_eq!(
        under(&year, "Seen on March 12, 2024 and on 03/14."),
        "Seen on 2024 and on [DATE]."
    );
    // Born ninety years before the visit: the year would tell the age.
    let text = under(
        &year,
        "DOB: 03/12/1931. Seen 03/12/2024, 04/01/2024 and 05/01/2024.",
    );
    assert_eq!(text, "DOB: [DATE]. Seen 2024, 2024 and 2024.");
    let shifted = under(
        &custom("date = shift keep-weekday"),
        "Seen 2024-03-11, again 2024-03-18.",
    );
    let days: Vec<&str> = shifted
        .split([' ', ','])
        .filter(|word| word.starts_with('2'))
        .collect();
    assert_eq!(days.len(), 2, "{shifted}");
    assert!(!shifted.contains("2024-03-11"), "{shifted}");
}

#[test]
fn addresses_are_made_as_coarse_as_a_profile_says() {
    let text = "She lives at 12 Alder Grove Road, Tillamook, OR 97141.";
    let coarse = custom("location = generalise\nlocation.state = keep");
    assert_eq!(under(&coarse, text), "She lives at OR 971.");
    let mixed = custom("location.street = redact\nlocation.city = keep\nlocation.zip = mask");
    assert_eq!(
        under(&mixed, text),
        "She lives at [LOCATION], Tillamook, OR *****."
    );
}

#[test]
fn digests_tell_profiles_apart() {
    let digests: Vec<[u8; 32]> = [
        Profile::safe_harbor(),
        Profile::limited_data_set(),
        Profile::gdpr_pseudonymise(),
        Profile::safe_harbor().reversible(),
        custom("name = redact"),
    ]
    .iter()
    .map(Profile::digest)
    .collect();
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest));
    }
    assert_eq!(
        custom("name = redact").digest(),
        custom("# note\n\nname=redact").digest()
    );
    assert_eq!(
        Profile::safe_harbor().action(Kind::Location, Part::Zip),
        Action::Generalise { band: 10 }
    );
}

#[test]
fn json_strings_stay_strings_whatever_is_written() {
    let (engine, key) = (Engine::new(), PlaceholderKey::new([1; 32]));
    let profile = Profile::safe_harbor().replacing(Action::Mask { with: '*' });
    let inner =
        serde_json::json!({ "q": "Seen by Dr. Ann\n\"Okafor\" on March\t12, 2024" }).to_string();
    let body = serde_json::json!({ "a": inner }).to_string();
    let start = body.find(":\"").unwrap() + 2;
    let part = wardgate_deid::JsonPart {
        at: start..body.len() - 2,
        treat: wardgate_deid::Treat::NestedJson,
    };
    let done = Deidentifier::new(&engine, &key, None)
        .profile(&profile)
        .json(CALL, body.as_bytes(), &[part])
        .unwrap();
    let outer: serde_json::Value = serde_json::from_slice(done.body()).unwrap();
    let inner: serde_json::Value = serde_json::from_str(outer["a"].as_str().unwrap()).unwrap();
    assert!(
        inner["q"].as_str().unwrap().starts_with("Seen by Dr. ***"),
        "{inner}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_text_is_a_profile_or_a_list_of_faults(text in "[a-z0-9=.# \n-]{0,120}", any in any::<String>(), actions in prop::collection::vec(0usize..9, 0..25)) {
        for text in [&text, &any, &format!("profile = a\n{text}")] {
            match Profile::parse(text) {
                Ok(profile) => prop_assert_eq!(Profile::parse(&profile.to_string()), Ok(profile)),
                Err(faults) => prop_assert!(faults.iter().all(|f| f.line > 0 && !f.message.is_empty() && !f.hint.is_empty())),
            }
        }
        let written = Profile::safe_harbor().to_string();
        let keys: Vec<&str> = written.lines().skip(1).map(|line| line.split(" = ").next().unwrap()).collect();
        let all = ["keep", "placeholder", "surrogate", "shift", "generalise 5", "mask X", "hash 8", "redact", "shift keep-weekday"];
        let lines: Vec<String> = keys.iter().zip(&actions).map(|(key, action)| format!("{key} = {}", all[*action])).collect();
        let text = format!("profile = a\n{}", lines.join("\n"));
        match Profile::parse(&text) {
            Ok(profile) => for line in &lines {
                prop_assert!(profile.to_string().lines().any(|said| said == line), "{line}");
            },
            Err(faults) => prop_assert!(faults.iter().all(|f| lines[f.line - 2].contains("shift") || lines[f.line - 2].contains("generalise"))),
        }
    }
}
