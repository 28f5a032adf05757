//! The invented note that every bench call carries: 4 KB, an invented patient, twelve identifiers.

/// The values that must not reach a model. All invented; numbers pass no check of a real scheme
/// except where a scheme reserves them for examples.
pub(crate) const IDENTIFIERS: [&str; 12] = [
    "Maren Oduya-Linholm",
    "Tobias Linholm",
    "MRN-00834417",
    "1961-07-23",
    "4417 Quarry Hill Road",
    "Eastmere",
    "555-013-8842",
    "maren.linholm@example.org",
    "078-05-1120",
    "https://portal.example.org/p/834417",
    "192.0.2.44",
    "DL-7731-4420-X",
];

/// Size of the note in bytes.
const NOTE_BYTES: usize = 4096;

/// Lines of the note that the mock model answers with: those that hold the identifiers.
pub(crate) const ECHOED_LINES: usize = 14;

const HEAD: &str = "\
Clinical note, cardiology outpatient follow-up
Patient: Maren Oduya-Linholm
Date of birth: 1961-07-23
Record number: MRN-00834417
Address: 4417 Quarry Hill Road
Town: Eastmere
Phone: 555-013-8842
E-mail: maren.linholm@example.org
SSN: 078-05-1120
Portal: https://portal.example.org/p/834417
Remote monitor address: 192.0.2.44
Driver license: DL-7731-4420-X
Contact: Tobias Linholm (husband)
Reason for visit: shortness of breath on exertion, follow-up after stent.
";

const BODY: &str = "\
History: the patient reports two flights of stairs without chest pain, sleeps on one pillow, and has \
gained one kilogram since the last visit. No palpitations, no syncope, no leg swelling in the evening. \
Medication is taken as prescribed; the evening dose of the beta blocker was halved because of fatigue.
Examination: blood pressure 128/76, pulse 62 and regular, oxygen saturation 97 percent on room air. \
Heart sounds are normal, lungs are clear on both sides, there is no peripheral oedema. Weight 81.4 kg.
Findings: the echocardiogram shows an ejection fraction of 52 percent with mild apical hypokinesia. \
Laboratory: haemoglobin 13.2, creatinine 0.9, potassium 4.4, LDL cholesterol 61, troponin not raised.
Plan: continue dual antiplatelet therapy for four more months, then aspirin alone. Statin unchanged. \
Cardiac rehabilitation twice a week. Repeat laboratory in eight weeks and the echocardiogram in a year.
";

/// The note: the lines with identifiers, then plain text up to its size.
pub(crate) fn text() -> String {
    let mut note = String::with_capacity(NOTE_BYTES);
    note.push_str(HEAD);
    note.extend(BODY.chars().cycle().take(NOTE_BYTES - HEAD.len()));
    note
}

/// The request body of a call: unknown fields and numbers as real clients send them.
pub(crate) fn request(model: &str, stream: bool) -> Vec<u8> {
    let value = serde_json::json!({
        "model": model,
        "stream": stream,
        "temperature": 0.2,
        "max_tokens": 512,
        "messages": [
            {"role": "system", "content": "Summarise the clinical note for the ward round."},
            {"role": "user", "content": text()},
        ],
    });
    value.to_string().into_bytes()
}

/// What the mock model answers to a text: its first lines. Counted in lines, the answer is the same
/// part of the note whether the values in it are masked or not.
pub(crate) fn answer(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(ECHOED_LINES).collect();
    format!("Summary of the note:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_holds_every_identifier() {
        assert_eq!(text().len(), NOTE_BYTES);
        let answer = answer(&text());
        for identifier in IDENTIFIERS {
            assert!(answer.contains(identifier), "{identifier}");
        }
    }
}
