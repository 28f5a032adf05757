//! Labels and values, one under the other or in lines.

use super::vocabulary::{Field, Vocabulary};
use crate::random::Random;

/// How one sheet puts a value beside its label.
#[derive(Debug, Clone, Copy)]
struct Layout {
    between: &'static str,
    /// Labels are padded to this width.
    width: usize,
    /// What a label's letters are.
    case: Case,
    /// Fields on one line, at most.
    across: usize,
    apart: &'static str,
    bullet: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Case {
    AsIs,
    Upper,
    Lower,
    Snake,
}

/// A sheet of labels and values, now and then in a wire format.
pub(super) fn face_sheet(random: &mut Random, words: &Vocabulary) -> String {
    let layout = Layout::own(random);
    let count = 5 + random.below(16);
    let chosen = choose(random, words, count);
    let mut text = String::new();
    if random.percent(70) {
        text.push_str(random.of(words.titles));
        text.push_str(random.of("\n|\n\n|\n=====\n|\n-----------------------------\n"));
    }
    match random.below(12) {
        0 => return text + &tagged(random, &chosen),
        1 => return text + &object(random, &chosen),
        2 => return text + &wire(random),
        _ => {}
    }
    let mut on_line = 0;
    for field in chosen {
        let label = layout.label(random.of(field.labels));
        let value = value(random, field);
        let line = format!("{}{label}{}{value}", layout.bullet, layout.between);
        if on_line > 0 && on_line < layout.across && random.percent(75) {
            text.push_str(layout.apart);
            on_line += 1;
        } else {
            if on_line > 0 {
                text.push('\n');
            }
            on_line = 1;
        }
        text.push_str(&line);
    }
    text
}

/// Labels and values in running text.
pub(super) fn inline(random: &mut Random, words: &Vocabulary) -> String {
    let apart = random.of("; |, | / | - |. |  ");
    let between = random.of(": |: | |= |:|# ");
    let count = 3 + random.below(6);
    let chosen = choose(random, words, count);
    let mut parts = Vec::new();
    for field in chosen {
        let label = random.of(field.labels);
        let value = value(random, field);
        parts.push(format!("{label}{between}{value}"));
    }
    parts.join(apart)
}

impl Layout {
    fn own(random: &mut Random) -> Self {
        let padded = random.percent(35);
        let case = [
            (12, Case::AsIs),
            (6, Case::Upper),
            (2, Case::Lower),
            (2, Case::Snake),
        ];
        Self {
            between: random.of(": |: |: |:|:\t| : | = | ¦ |\t|  |: \\_\\_|.....|\n| - |:  |# "),
            width: if padded { 14 + random.below(14) } else { 0 },
            case: random.weighted(&case, Case::AsIs),
            across: random.weighted(&[(6, 1), (3, 2), (2, 3), (1, 5)], 1),
            apart: random.of("    |  |\t| ¦ |; |   |, |        "),
            bullet: random.of("||||||- |* |• "),
        }
    }

    fn label(self, label: &str) -> String {
        let label = match self.case {
            Case::AsIs => label.to_string(),
            Case::Upper => label.to_uppercase(),
            Case::Lower => label.to_lowercase(),
            Case::Snake => label.to_lowercase().replace([' ', '/'], "_"),
        };
        format!("{label:<width$}", width = self.width)
    }
}

/// Some fields, each once: identifiers mostly, and what does not identify between them.
fn choose<'a>(random: &mut Random, words: &'a Vocabulary, count: usize) -> Vec<&'a Field> {
    let mut chosen: Vec<&Field> = Vec::new();
    for _ in 0..count * 2 {
        let list = if random.percent(68) {
            &words.fields
        } else {
            &words.plain
        };
        if let Some(field) = random.pick(list)
            && !chosen.iter().any(|known| std::ptr::eq(*known, field))
        {
            chosen.push(field);
        }
        if chosen.len() == count {
            break;
        }
    }
    chosen
}

/// A value; now and then there is none.
fn value(random: &mut Random, field: &Field) -> &'static str {
    match random.below(40) {
        0 => random.of("N/A|Unknown|none|--|same|n/a|[blank]|Not on file"),
        _ => random.of(field.values),
    }
}

/// As XML.
fn tagged(random: &mut Random, fields: &[&Field]) -> String {
    let mut text = String::from("<patient>\n");
    for field in fields {
        let tag = random.of(field.labels).to_lowercase();
        let tag: String = tag.chars().filter(|c| c.is_alphanumeric()).collect();
        let value = value(random, field);
        text.push_str(&format!("  <{tag}>{value}</{tag}>\n"));
    }
    text + "</patient>"
}

/// As JSON.
fn object(random: &mut Random, fields: &[&Field]) -> String {
    let apart = random.of(",\n  |, ");
    let parts = fields.iter().map(|field| {
        let label = random
            .of(field.labels)
            .to_lowercase()
            .replace([' ', '/'], "_");
        let value = value(random, field);
        format!("\"{label}\": \"{value}\"")
    });
    let parts: Vec<String> = parts.collect();
    format!("\\{{{}\\}}", parts.join(apart))
}

/// As segments of HL7 version 2, or a resource of FHIR.
fn wire(random: &mut Random) -> String {
    random.of(WIRE).to_string()
}

/// Messages as interfaces send them.
const WIRE: &str = "\
MSH¦^~\\\\&¦LAB¦{hospital}¦EHR¦¦{date.compact}0815¦¦ORU^R01¦{ID~\\D\\d\\d\\d\\d\\d}¦P¦2.5\n\
PID¦1¦¦{mrn}^^^MR¦¦{patient.last}^{patient.first}¦¦{dob.compact}¦M¦¦¦{street}^^{city}^{state.abbr}^{zip}¦¦{phone}\n\
PV1¦1¦I¦4W^412^A¦¦¦¦{npi}^{doctor.last}^{doctor.first}|\
PID¦¦{ssn}¦{mrn}¦¦{patient.last}^{patient.first}^{NAME~\\A}¦{relative.last}¦{dob.compact}¦F\n\
NK1¦1¦{relative.last}^{relative.first}¦SPO¦{street}^^{city}¦{phone}\n\
OBX¦1¦NM¦718-7^Hgb^LN¦¦11.2¦g/dL¦12.0-16.0¦L¦¦¦F|\
\\{\"resourceType\":\"Patient\",\"identifier\":[ \\{\"value\":\"{mrn}\"\\} ],\"name\":[ \\{\"family\":\"{patient.last}\",\"given\":[\"{patient.first}\"]\\} ],\"birthDate\":\"{dob.iso}\",\"telecom\":[ \\{\"value\":\"{phone}\"\\} ]\\}|\
ISA*00*GS*HC~NM1*IL*1*{patient.last}*{patient.first}****MI*{health_plan}~N3*{street}~N4*{city}*{state.abbr}*{zip}~DMG*D8*{dob.compact}*M~";
