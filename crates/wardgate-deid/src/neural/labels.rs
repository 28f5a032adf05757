//! The labels of a model: which kind each means, and whether it begins a span.

use serde_json::Value;

use super::fault::{NeuralFault, NeuralFile};
use crate::finding::{Kind, Part};

/// What a `config.json` says that matters here.
#[derive(Debug)]
pub(super) struct Config {
    /// For each output of the model.
    pub(super) labels: Vec<Label>,
    /// Labels that mean nothing here, apart from those for "no entity".
    pub(super) unknown: Vec<String>,
    /// Positions that the model has for tokens.
    pub(super) positions: usize,
    /// The token that fills up a window of a model of fixed length.
    pub(super) pad: i64,
}

/// One output of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) means: Option<(Kind, Part)>,
    /// Whether a word with it stands apart from the word before, by `B-`, `U-` or `S-`.
    pub(super) begins: bool,
}

impl Config {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, NeuralFault> {
        FILE.check_size(bytes)?;
        let config: Value = serde_json::from_slice(bytes)
            .map_err(|error| FILE.fault(format!("it is not JSON: {error}"), COPY_AGAIN))?;
        let names = names(&config)?;
        let labels: Vec<Label> = names.iter().map(|name| label(name)).collect();
        if labels.iter().all(|label| label.means.is_none()) {
            let what = "no label of `id2label` means an identifier";
            return Err(FILE.fault(what, NAME_LABELS));
        }
        let unknown = names.iter().zip(&labels);
        let unknown = unknown
            .filter(|(name, label)| label.means.is_none() && !is_nothing(name))
            .map(|(name, _)| name.clone())
            .collect();
        let number = |key: &str| config.get(key).and_then(Value::as_i64);
        let pad = number("pad_token_id").unwrap_or_default();
        let positions = number("max_position_embeddings").unwrap_or(POSITIONS_USUAL);
        // These families count positions from behind the padding token.
        let shifted = config
            .get("model_type")
            .and_then(Value::as_str)
            .is_some_and(|family| SHIFTED.iter().any(|name| family.contains(name)));
        let positions = if shifted {
            positions.saturating_sub(pad.saturating_add(1))
        } else {
            positions
        };
        Ok(Self {
            labels,
            unknown,
            positions: usize::try_from(positions).unwrap_or_default(),
            pad,
        })
    }
}

/// The names in `id2label`, by number.
fn names(config: &Value) -> Result<Vec<String>, NeuralFault> {
    let missing = || FILE.fault("it has no `id2label` with the names of labels", NAME_LABELS);
    let table = config
        .get("id2label")
        .and_then(Value::as_object)
        .ok_or_else(missing)?;
    if table.is_empty() || table.len() > LABELS_MAX {
        let what = format!("`id2label` must name 1 to {LABELS_MAX} labels");
        return Err(FILE.fault(what, NAME_LABELS));
    }
    let mut names = Vec::with_capacity(table.len());
    for id in 0..table.len() {
        let name = table.get(&id.to_string()).and_then(Value::as_str);
        let Some(name) = name else {
            let what = format!("`id2label` has no name for label {id}");
            return Err(FILE.fault(what, NAME_LABELS));
        };
        names.push(name.to_owned());
    }
    Ok(names)
}

fn label(name: &str) -> Label {
    let (mark, rest) = match name.split_once(['-', '_']) {
        Some((mark, rest)) if mark.len() == 1 => (mark.as_bytes().first().copied(), rest),
        _ => (None, name),
    };
    let (mark, rest) = match mark.map(|mark| mark.to_ascii_uppercase()) {
        Some(mark @ (b'B' | b'I' | b'L' | b'U' | b'E' | b'S')) => (Some(mark), rest),
        _ => (None, name),
    };
    Label {
        means: meaning(rest),
        begins: matches!(mark, Some(b'B' | b'U' | b'S')),
    }
}

/// By the whole word first, then by its parts from the last: `NAME_PATIENT`, `LOCATION-CITY`.
fn meaning(name: &str) -> Option<(Kind, Part)> {
    let letters = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_uppercase).collect()
    };
    let of = |word: &str| {
        let word = letters(word);
        let known = MEANINGS.iter().find(|(words, ..)| {
            let mut words = words.split_ascii_whitespace();
            words.any(|known| known == word)
        });
        known.map(|(_, kind, part)| (*kind, *part))
    };
    if NEUTRAL.contains(&letters(name).as_str()) {
        return None;
    }
    of(name).or_else(|| name.rsplit(['-', '_', ' ', ':', '/', '.']).find_map(of))
}

fn is_nothing(name: &str) -> bool {
    matches!(name, "O" | "o" | "OUT" | "PAD" | "[PAD]" | "X")
}

const FILE: NeuralFile = NeuralFile::Config;
const COPY_AGAIN: &str = "copy `config.json` again from where the model comes from";
const NAME_LABELS: &str = "name the labels in `id2label`, such as `B-PATIENT` or `DATE`; the documentation lists what is understood";
const LABELS_MAX: usize = 1_024;
const POSITIONS_USUAL: i64 = 512;
const SHIFTED: [&str; 4] = ["roberta", "camembert", "longformer", "mpnet"];

/// Labels that hold the name of a kind and are none.
const NEUTRAL: [&str; 2] = ["NAMETITLE", "NAMETITEL"];

/// The words that models use, in capitals without signs.
const MEANINGS: [(&str, Kind, Part); 24] = [
    (
        "NAME PER PERSON PERS PATIENT DOCTOR STAFF HCW PHYSICIAN NURSE USERNAME RELATIVE FAMILYMEMBER \
         FIRSTNAME LASTNAME GIVENNAME SURNAME MIDDLENAME PATIENTNAME DOCTORNAME PERSONNAME FULLNAME \
         NOMBRE NOMBRESUJETOASISTENCIA NOMBREPERSONALSANITARIO FAMILIARESSUJETOASISTENCIA INITIALS",
        Kind::Name,
        Part::Whole,
    ),
    (
        "LOC LOCATION PLACE ADDRESS LOCATIONOTHER GEO ORT TERRITORIO COUNTY",
        Kind::Location,
        Part::Whole,
    ),
    (
        "STREET STREETADDRESS BUILDINGNUMBER CALLE STRASSE",
        Kind::Location,
        Part::Street,
    ),
    ("CITY TOWN STADT", Kind::Location, Part::City),
    (
        "ZIP ZIPCODE POSTALCODE POSTCODE PLZ",
        Kind::Location,
        Part::Zip,
    ),
    ("STATE REGION", Kind::Location, Part::State),
    ("COUNTRY PAIS LAND", Kind::Location, Part::Country),
    (
        "HOSPITAL HOSP FACILITY ORG ORGANIZATION ORGANISATION INSTITUTION INSTITUCION CLINIC PATORG \
         VENDOR CENTROSALUD ROOM",
        Kind::Facility,
        Part::Whole,
    ),
    (
        "DATE DATES FECHAS FECHA DATUM DOB BIRTHDATE DATEOFBIRTH DATEBIRTH TIMESTAMP",
        Kind::Date,
        Part::Whole,
    ),
    ("YEAR", Kind::Date, Part::Year),
    (
        "AGE EDADSUJETOASISTENCIA EDAD ALTER",
        Kind::Age,
        Part::Whole,
    ),
    (
        "PHONE PHONENUMBER TELEPHONE TELEPHONENUMBER TEL CONTACT PAGER NUMEROTELEFONO MOBILE",
        Kind::Phone,
        Part::Whole,
    ),
    ("FAX FAXNUMBER NUMEROFAX", Kind::Fax, Part::Whole),
    (
        "EMAIL EMAILADDRESS CORREOELECTRONICO",
        Kind::Email,
        Part::Whole,
    ),
    ("URL WEBSITE URLWEB", Kind::Url, Part::Whole),
    (
        "IP IPADDR IPADDRESS DIRECCPROTINTERNET",
        Kind::Ip,
        Part::Whole,
    ),
    ("SSN SOCIALSECURITYNUMBER", Kind::Ssn, Part::Whole),
    (
        "MRN MEDICALRECORD MEDICALRECORDNUMBER",
        Kind::Mrn,
        Part::Whole,
    ),
    (
        "HEALTHPLAN HEALTHPLANNUMBER PLAN INSURANCE IDASEGURAMIENTO",
        Kind::HealthPlan,
        Part::Whole,
    ),
    (
        "ACCOUNT ACCOUNTNUMBER CREDITCARD IBAN",
        Kind::Account,
        Part::Whole,
    ),
    (
        "LICENSE LICENCE CERTIFICATE IDTITULACIONPERSONALSANITARIO",
        Kind::License,
        Part::Whole,
    ),
    (
        "VEHICLE VEHICLEID LICENSEPLATE IDENTIFVEHICULOSNRSERIEPLACAS",
        Kind::Vehicle,
        Part::Whole,
    ),
    (
        "DEVICE DEVICEID IDENTIFDISPOSITIVOSNRSERIE",
        Kind::Device,
        Part::Whole,
    ),
    (
        "ID IDNUM IDENTIFIER BIOID OTHERPHI PHI IDSUJETOASISTENCIA IDCONTACTOASISTENCIAL \
         IDEMPLEOPERSONALSANITARIO PASSWORD",
        Kind::Id,
        Part::Whole,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_of_labels_are_understood() {
        let cases = [
            ("O", None, false),
            ("B-PER", Some(Kind::Name), true),
            ("I-PER", Some(Kind::Name), false),
            ("L-PATIENT", Some(Kind::Name), false),
            ("U-HOSP", Some(Kind::Facility), true),
            ("S_DATE", Some(Kind::Date), true),
            ("DOCTOR", Some(Kind::Name), false),
            ("B-NAME_PATIENT", Some(Kind::Name), true),
            ("B-NAME_TITLE", None, true),
            ("I-LOCATION-CITY", Some(Kind::Location), false),
            ("medical_record_number", Some(Kind::Mrn), false),
            ("B-NUMERO_TELEFONO", Some(Kind::Phone), true),
            ("B-PROFESSION", None, true),
            ("LABEL_0", None, false),
            ("U.S.", None, false),
        ];
        for (name, kind, begins) in cases {
            let label = label(name);
            assert_eq!(label.means.map(|(kind, _)| kind), kind, "{name}");
            assert_eq!(label.begins, begins, "{name}");
        }
    }

    #[test]
    fn a_configuration_without_known_labels_is_refused() {
        for config in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"id2label":{}}"#,
            r#"{"id2label":{"0":"O","2":"B-PER"}}"#,
            r#"{"id2label":{"0":"LABEL_0","1":"LABEL_1"}}"#,
            r#"{"id2label":{"0":7}}"#,
        ] {
            assert!(Config::read(config.as_bytes()).is_err(), "{config}");
        }
    }

    #[test]
    fn unknown_labels_are_told_and_positions_shifted() {
        let config =
            br#"{"id2label":{"0":"O","1":"B-PER","2":"B-MISC"},"max_position_embeddings":514,
            "pad_token_id":1,"model_type":"xlm-roberta"}"#;
        let config = Config::read(config).unwrap();
        assert_eq!(config.unknown, ["B-MISC"]);
        assert_eq!((config.positions, config.pad), (512, 1));
    }
}
