//! Surrogates: the same for one patient, in another patient's texts others, and never a real name of the text.

use proptest::prelude::*;
use wardgate_deid::{
    Action, DateReading, Deidentifier, Engine, Kind, Language, NameHints, Part, Profile,
    PseudonymKey, Pseudonyms, Sex,
};

use crate::sample::{CALL, key};

fn hints(language: Language) -> NameHints {
    NameHints {
        language,
        ..NameHints::default()
    }
}

fn fold(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() > 1)
        .map(str::to_lowercase)
        .collect()
}

const GIVEN: [&str; 16] = [
    "Maria", "James", "Wei", "Aisha", "Jürgen", "José", "Olga", "Kwame", "Anna", "John", "Thuy",
    "Mohammed", "Lucía", "Hans", "Priya", "Zoë",
];
const FAMILY: [&str; 16] = [
    "Smith", "García", "Müller", "Nguyen", "Okafor", "O'Brien", "Schmidt", "Kowalski", "Lopez",
    "Johnson", "Chen", "Haddad", "Singh", "Weber", "Rossi", "Quirk",
];

#[test]
fn all_forms_of_a_name_have_the_matching_form() {
    for seed in 0..60 {
        let key = PseudonymKey::new([seed; 32]);
        for (given, family) in GIVEN.iter().zip(FAMILY) {
            let mut of = Pseudonyms::new(&key);
            let hints = hints(Language::English);
            of.avoid(&format!("{given} {family}"), &hints);
            let full = of.name(&format!("{given} {family}"), &hints);
            let (new_given, new_family) = full.split_once(' ').unwrap();
            let initial = |name: &str| name.chars().next().unwrap();
            for (written, expected) in [
                (
                    format!("{family}, {given}"),
                    format!("{new_family}, {new_given}"),
                ),
                (format!("{family}'s"), format!("{new_family}'s")),
                (family.to_owned(), new_family.to_owned()),
                ((*given).to_owned(), new_given.to_owned()),
                (given.to_uppercase(), new_given.to_uppercase()),
                (
                    format!("{} {}", given.to_lowercase(), family.to_lowercase()),
                    full.to_lowercase(),
                ),
                (
                    format!("{given}\n{family}"),
                    format!("{new_given}\n{new_family}"),
                ),
                (
                    format!("{family}, {}.", initial(given)),
                    format!("{new_family}, {}.", plain(initial(new_given))),
                ),
                (
                    format!("{}. {family}", initial(given)),
                    format!("{}. {new_family}", plain(initial(new_given))),
                ),
                (
                    format!("Dr. {given} {family} Jr."),
                    format!("Dr. {new_given} {new_family} Jr."),
                ),
            ] {
                assert_eq!(
                    of.name(&written, &hints),
                    expected,
                    "{written} of {given} {family}"
                );
            }
        }
    }
}

/// Initials are written without accents.
fn plain(letter: char) -> char {
    match letter {
        'Á' => 'A',
        'É' => 'E',
        'Í' => 'I',
        'Ó' => 'O',
        'Ú' | 'Ü' => 'U',
        'Ö' => 'O',
        'Ä' => 'A',
        letter => letter,
    }
}

#[test]
fn given_names_keep_their_sex_and_language() {
    let women = ["maria", "anna", "lucía", "mary", "elizabeth", "claudia"];
    let men = ["james", "john", "jürgen", "josé", "hans", "robert"];
    for seed in 0..40 {
        let key = PseudonymKey::new([seed; 32]);
        let sex_of = |name: &str| {
            let mut of = Pseudonyms::new(&key);
            let drawn = of.name(name, &hints(Language::English));
            // What a name is drawn for says its sex again: men's and women's lists share no name.
            drawn
        };
        let women: Vec<String> = women.iter().map(|name| sex_of(name)).collect();
        let men: Vec<String> = men.iter().map(|name| sex_of(name)).collect();
        assert!(women.iter().all(|name| !men.contains(name)));
    }
    let key = PseudonymKey::new([9; 32]);
    let drawn = |sex| {
        Pseudonyms::new(&key).name(
            "Xanthippus",
            &NameHints {
                sex,
                part: Some(wardgate_deid::NamePart::Given),
                ..NameHints::default()
            },
        )
    };
    assert_ne!(drawn(Some(Sex::Female)), drawn(Some(Sex::Male)));
}

#[test]
fn one_key_gives_the_same_in_every_text_and_another_key_others() {
    let (a, b) = (
        PseudonymKey::derive(&[1; 32], b"patient-1"),
        PseudonymKey::derive(&[1; 32], b"patient-2"),
    );
    let again = PseudonymKey::derive(&[1; 32], b"patient-1");
    let reading = DateReading::of(Language::English);
    let all = |key: &PseudonymKey| {
        let mut of = Pseudonyms::new(key);
        vec![
            of.name("Maria Schmidt", &hints(Language::English)),
            of.place(
                "12 Alder Grove Road, Tillamook, OR 97141",
                Part::Whole,
                Language::English,
            ),
            of.facility("Mercy General Hospital", Language::English),
            of.identifier(Kind::Mrn, "WG-0044127"),
            of.identifier(Kind::Phone, "(503) 867-5309"),
            of.identifier(Kind::Email, "maria.schmidt@clinic.com"),
            of.date("March 12, 2024", &reading).unwrap(),
        ]
    };
    assert_eq!(all(&a), all(&again));
    for (one, other) in all(&a).iter().zip(all(&b)) {
        assert_ne!(*one, other);
    }
    // The order of the values changes nothing.
    let mut of = Pseudonyms::new(&a);
    let late = of.identifier(Kind::Mrn, "WG-0044127");
    assert_eq!(
        of.name("Schmidt", &hints(Language::English)),
        all(&a)[0].split(' ').nth(1).unwrap()
    );
    assert_eq!(late, all(&a)[3]);
    let projects = (
        PseudonymKey::derive(&[1; 32], b"p"),
        PseudonymKey::derive(&[2; 32], b"p"),
    );
    assert_ne!(all(&projects.0), all(&projects.1));
    // An e-mail address follows the name it is made of.
    assert_eq!(
        all(&a)[5],
        format!(
            "{}@example.org",
            all(&a)[0].to_lowercase().replace(' ', ".")
        )
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_surrogate_is_a_real_name_and_no_two_share_one(seed in any::<[u8; 32]>(), people in prop::collection::btree_set((0usize..16, 0usize..16), 1..10)) {
        let key = PseudonymKey::new(seed);
        let mut of = Pseudonyms::new(&key);
        let names: Vec<String> = people.iter().map(|(g, f)| format!("{} {}", GIVEN[*g], FAMILY[*f])).collect();
        for name in &names {
            of.avoid(name, &hints(Language::English));
        }
        let drawn: Vec<String> = names.iter().map(|name| of.name(name, &hints(Language::English))).collect();
        let real: Vec<String> = names.iter().flat_map(|name| fold(name)).collect();
        for (index, new) in drawn.iter().enumerate() {
            prop_assert!(fold(new).iter().all(|word| !real.contains(word)), "{new} of {names:?}");
            prop_assert!(!drawn[..index].contains(new), "{drawn:?}");
        }
    }

    #[test]
    fn names_keep_their_case_signs_and_spaces(seed in any::<[u8; 32]>(), given in 0usize..16, family in 0usize..16, form in 0usize..5, case in 0usize..3) {
        let (given, family) = (GIVEN[given], FAMILY[family]);
        let written = match form {
            0 => format!("{given} {family}"),
            1 => format!("{family}, {given}"),
            2 => format!("{family},{given} M."),
            3 => format!("{given}-{given} {family}"),
            _ => format!("J. {family}"),
        };
        let written = match case {
            0 => written,
            1 => written.to_uppercase(),
            _ => written.to_lowercase(),
        };
        let key = PseudonymKey::new(seed);
        let new = Pseudonyms::new(&key).name(&written, &hints(Language::English));
        let signs = |text: &str| text.replace("O'", "").replace("o'", "").chars().filter(|c| !c.is_alphabetic()).collect::<String>();
        prop_assert_eq!(signs(&new), signs(&written));
        prop_assert_eq!(new.chars().any(char::is_lowercase), written.chars().any(char::is_lowercase));
        prop_assert_eq!(new.chars().any(char::is_uppercase), written.chars().any(char::is_uppercase));
    }

    #[test]
    fn a_shift_keeps_intervals_and_weekdays_if_asked(seed in any::<[u8; 32]>(), a in 0i64..30_000, apart in 0i64..9_000, form in 0usize..6, weekday in any::<bool>()) {
        let key = PseudonymKey::new(seed);
        let of = Pseudonyms::new(&key).keep_weekday(weekday);
        let days = of.shift_days();
        prop_assert!((1..=364).contains(&days.abs()));
        prop_assert!(!weekday || days % 7 == 0);
        let reading = DateReading::of(Language::English);
        for day in [a, a + apart] {
            let (written, expected) = (spelled(day, form), spelled(day + days, form));
            prop_assert_eq!(of.date(&written, &reading), Some(expected));
        }
    }

    #[test]
    fn any_text_has_a_surrogate_of_the_same_kind(seed in any::<[u8; 32]>(), text in any::<String>()) {
        let key = PseudonymKey::new(seed);
        let mut of = Pseudonyms::new(&key);
        let _ = of.name(&text, &NameHints::default());
        let _ = of.place(&text, Part::Whole, Language::German);
        let _ = of.facility(&text, Language::Spanish);
        let _ = of.date(&text, &DateReading::default());
        for kind in Kind::ALL {
            let _ = of.identifier(kind, &text);
        }
    }
}

/// A day of the calendar in one of the forms of notes.
fn spelled(day: i64, form: usize) -> String {
    let (mut year, mut left) = (1940, day);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    while left < 0 {
        year -= 1;
        left += 365 + i64::from(leap(year));
    }
    let lens = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 0;
    while left >= lens[month] {
        left -= lens[month];
        month += 1;
    }
    let names = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (day, name, month) = (left + 1, names[month], month + 1);
    match form {
        0 => format!("{year}-{month:02}-{day:02}"),
        1 => format!("{month:02}/{day:02}/{year}"),
        2 => format!("{day:02}.{month:02}.{year}"),
        3 => format!("{name} {day}, {year}"),
        4 => format!("{year}{month:02}{day:02}"),
        _ => format!("{day} {} {year}", name.to_uppercase()),
    }
}

#[test]
fn texts_come_out_the_same_however_they_are_split_among_threads() {
    let notes: Vec<String> = (0..48)
        .map(|i| format!("Dr. {} {} saw Mrs. {} on {} at 12 Alder Grove Road, Tillamook, OR 97141. MRN: WG-00441{i:02}.", GIVEN[i % 16], FAMILY[i % 7], FAMILY[(i * 5) % 16], spelled(20_000 + i64::try_from(i).unwrap(), i % 6)))
        .collect();
    let (engine, key, patient) = (Engine::new(), key(), PseudonymKey::new([4; 32]));
    let profile = Profile::gdpr_pseudonymise().replacing(Action::Surrogate);
    let one = |note: &String| {
        let done = Deidentifier::new(&engine, &key, None)
            .pseudonyms(&patient)
            .profile(&profile)
            .text(CALL, note);
        assert!(!done.residue().is_strong());
        let (body, map) = done.into_parts();
        assert!(map.is_empty());
        String::from_utf8(body).unwrap()
    };
    let alone: Vec<String> = notes.iter().map(one).collect();
    assert!(
        alone
            .iter()
            .zip(&notes)
            .all(|(new, old)| new != old && !new.contains("Alder"))
    );
    for threads in [2, 5] {
        let together: Vec<String> = std::thread::scope(|scope| {
            let handles: Vec<_> = notes
                .chunks(notes.len().div_ceil(threads))
                .map(|part| scope.spawn(|| part.iter().map(one).collect::<Vec<_>>()))
                .collect();
            handles
                .into_iter()
                .flat_map(|handle| handle.join().unwrap())
                .collect()
        });
        assert_eq!(together, alone);
    }
}

#[test]
fn a_note_reads_on_as_one_story() {
    let (engine, key, patient) = (Engine::new(), key(), PseudonymKey::new([6; 32]));
    let profile = Profile::safe_harbor().replacing(Action::Surrogate);
    let note = "PATIENT: OKAFOR, JOHN. Mr. Okafor was seen on 03/12/2024. Dr. Maria Schmidt wrote: Mr. Okafor's pain began 03/02/2024. Signed by M. Schmidt, MD.";
    let done = Deidentifier::new(&engine, &key, None)
        .pseudonyms(&patient)
        .profile(&profile)
        .text(CALL, note);
    let text = String::from_utf8(done.body().to_vec()).unwrap();
    let family = text
        .split("PATIENT: ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let title: String = family
        .chars()
        .enumerate()
        .flat_map(|(i, c)| {
            if i == 0 {
                vec![c]
            } else {
                c.to_lowercase().collect()
            }
        })
        .collect();
    assert_eq!(text.matches(&format!("Mr. {title}")).count(), 2, "{text}");
    assert!(
        !text.to_lowercase().contains("okafor")
            && !text.contains("Schmidt")
            && !text.contains("03/12/2024"),
        "{text}"
    );
    let doctor = text
        .split("Dr. ")
        .nth(1)
        .unwrap()
        .split(" wrote")
        .next()
        .unwrap();
    let (given, family) = doctor.split_once(' ').unwrap();
    assert!(
        text.contains(&format!(
            "Signed by {}. {family}, MD",
            given.chars().next().unwrap()
        )),
        "{text}"
    );
}

#[test]
fn a_number_beside_a_name_is_no_part_of_it() {
    let (engine, key, patient) = (Engine::new(), key(), PseudonymKey::new([3; 32]));
    let profile = Profile::safe_harbor().replacing(Action::Surrogate);
    let mut on_file = wardgate_deid::PatientIdentifiers::default();
    on_file.names = vec![
        crate::sample::name(&["Øyvind"], "de la Peñaranda"),
        crate::sample::name(&["Harriet"], "Peñaranda"),
    ];
    on_file.record_numbers = vec!["H-724/15.6A".to_owned()];
    let known = wardgate_deid::KnownIdentifiers::compile(&on_file);
    for text in [
        "duplicate of de la Peñaranda, Øyvind H-724/15.6A",
        "duplicate of Peñaranda H-724/15.6A here",
        "H-724/15.6A Øyvind Peñaranda",
    ] {
        let (body, _) = Deidentifier::new(&engine, &key, Some(&known))
            .pseudonyms(&patient)
            .profile(&profile)
            .text(CALL, text)
            .into_parts();
        let out = String::from_utf8(body).unwrap();
        for left in ["724", "15.6", "Peñaranda", "Øyvind"] {
            assert!(!out.contains(left), "{text}: {out}");
        }
    }
    let mut of = Pseudonyms::new(&patient);
    let name = of.name("Ana 0044127 Lima", &hints(Language::English));
    assert!(!name.contains("0044127"), "{name}");
}

#[test]
fn units_are_no_part_of_a_name() {
    let (engine, key) = (Engine::new(), key());
    for (text, kept) in [
        (
            "TSH 2.15 mIU/L. Born de la Peñaranda; works here.",
            "2.15 mIU/L.",
        ),
        ("Sodium 139 mmol/L. Smith was seen.", "139 mmol/L."),
        ("BP 142/88 mmHg Pacífico", "142/88 mmHg"),
    ] {
        let (body, _) = Deidentifier::new(&engine, &key, None)
            .text(CALL, text)
            .into_parts();
        let out = String::from_utf8(body).unwrap();
        assert!(out.contains(kept), "{out}");
    }
}
