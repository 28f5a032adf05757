//! An invented patient and invented notes.

use wardgate_deid::{Address, KnownIdentifiers, PatientIdentifiers, PersonName, PlaceholderKey};

pub(crate) const CALL: [u8; 32] = [5; 32];

pub(crate) fn key() -> PlaceholderKey {
    PlaceholderKey::new([42; 32])
}

pub(crate) fn name(given: &[&str], family: &str) -> PersonName {
    PersonName {
        given: given.iter().map(|g| (*g).to_owned()).collect(),
        family: family.to_owned(),
    }
}

pub(crate) fn patient() -> PatientIdentifiers {
    let mut patient = PatientIdentifiers::default();
    patient.names = vec![
        name(&["Maria", "Elisabeth"], "Schönfeld"),
        name(&["Maria"], "O'Hallorane"),
    ];
    patient.contacts = vec![
        name(&["Jürgen"], "Schönfeld"),
        name(&["An"], "Vandermeer"),
        name(&["Will"], "Young"),
    ];
    patient.birth_dates = vec!["1957-03-04".to_owned()];
    patient.record_numbers = vec!["WG-0044127".to_owned(), "88 1234 5567".to_owned()];
    patient.phones = vec!["+1 (503) 555-0142".to_owned(), "+49 30 9018203".to_owned()];
    patient.emails = vec!["m.schoenfeld57@example.org".to_owned()];
    patient.addresses = vec![Address {
        lines: vec![
            "12 Alder Grove Road".to_owned(),
            "Lindenblütenstraße 7b".to_owned(),
        ],
        city: "Tillamook".to_owned(),
        postal_code: "97141".to_owned(),
    }];
    patient
}

pub(crate) fn known() -> KnownIdentifiers {
    KnownIdentifiers::compile(&patient())
}

/// Clinical text without any identifier.
pub(crate) const CLEAN: &[&str] = &[
    "BP 120/80 mmHg, HR 72 bpm, RR 16, Temp 98.6 F (37.0 C), SpO2 97% on 2 L.",
    "Metoprolol 25 mg PO BID, lisinopril 10 mg daily, insulin glargine 12 units at bedtime.",
    "WBC 11.2 (4.5-11.0), Hgb 10.1, Plt 250, Na 138, K 4.1, Cl 102, CO2 24, BUN 18, Cr 1.1.",
    "Glucose 140-180 mg/dL; HbA1c 7.2 %. Troponin <0.01 ng/mL x 3.",
    "ICD-10 E11.9, I10; LOINC 4548-4; NDC 0002-8215-01; CPT 99213; SNOMED 44054006.",
    "Patient is a 67-year-old male with a 3-day history of chest pain, 7/10 in severity.",
    "Strength 5/5 in all extremities. Reflexes 2+. Visual acuity 20/40.",
    "Take 1-2 tablets every 4-6 hours as needed for pain, maximum 8 per day.",
    "Echo: EF 55-60 %, LVEDD 4.8 cm, no wall motion abnormality.",
    "The patient denies fever. Mother: Hypertension. Father: CAD, MI at 54.",
    "Will follow up in 2 weeks. She may walk as tolerated.",
    "Gravida 3 para 2. Weight 82.5 kg, height 172 cm, BMI 27.9.",
    "Treated with 1.2.840 protocol version 2.1.3 for 10 days.",
    "Alzheimer disease, Parkinson disease and Crohn disease were discussed.",
    "Assessment and Plan: 1. Sepsis, improving. 2. Acute kidney injury, creatinine 1.4 from 2.1.",
    "Apply cream 3 times a day for 14 days; recheck in 6 months.",
    "Vancomycin trough 15-20 mcg/mL; next level before the 4th dose.",
    "He smoked 1 pack per day for 20 years and quit 10 years ago.",
];
