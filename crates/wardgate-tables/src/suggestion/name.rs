//! What the name of a column says.

/// What a column's name says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Identifier,
    Age,
    Date,
    Place,
    Trait,
    Sensitive,
}

impl Meaning {
    /// What a name says; nothing for a name that says nothing.
    pub(super) fn of(name: &str) -> Option<Self> {
        let words = words(name);
        let joined = words.concat();
        let has = |known: &[&str]| {
            known.iter().any(|known| {
                words.iter().any(|word| word == known)
                    || (known.len() > 4 && joined.contains(known))
            })
        };
        // A date of birth is no name, a postal code no number of a person: what is told apart comes first.
        if has(DATES) {
            return Some(Self::Date);
        }
        if has(PLACES) {
            return Some(Self::Place);
        }
        if has(IDENTIFIERS) || (words.last().is_some_and(|word| word == "id") && words.len() <= 3) {
            return Some(Self::Identifier);
        }
        if has(SENSITIVE) {
            return Some(Self::Sensitive);
        }
        if has(AGES) {
            return Some(Self::Age);
        }
        has(TRAITS).then_some(Self::Trait)
    }

    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Identifier => "a direct identifier",
            Self::Age => "an age",
            Self::Date => "a date in somebody's life",
            Self::Place => "a place",
            Self::Trait => "a trait that others may know",
            Self::Sensitive => "something that nobody may learn of a person",
        }
    }
}

/// The words of a name: `birthDate`, `birth_date` and `Birth Date` are two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The eighteen identifiers of 45 CFR 164.514(b)(2) that name a person by themselves, as tables call them.
const IDENTIFIERS: &[&str] = &[
    "name",
    "firstname",
    "lastname",
    "surname",
    "forename",
    "fullname",
    "givenname",
    "familyname",
    "maiden",
    "nachname",
    "vorname",
    "apellido",
    "nombre",
    "prenom",
    "mrn",
    "patientid",
    "patientnumber",
    "recordnumber",
    "medicalrecord",
    "nhs",
    "ssn",
    "socialsecurity",
    "insurancenumber",
    "memberid",
    "policynumber",
    "beneficiary",
    "accountnumber",
    "account",
    "iban",
    "licence",
    "license",
    "passport",
    "nationalid",
    "taxid",
    "phone",
    "telephone",
    "mobile",
    "cell",
    "fax",
    "email",
    "mail",
    "url",
    "website",
    "ip",
    "ipaddress",
    "mac",
    "device",
    "serial",
    "serialnumber",
    "vin",
    "plate",
    "username",
    "login",
    "address",
    "street",
    "strasse",
    "photo",
    "fingerprint",
    "biometric",
    "uuid",
    "guid",
    "accession",
    "accessionnumber",
];
const DATES: &[&str] = &[
    "dob",
    "birth",
    "birthdate",
    "birthday",
    "dateofbirth",
    "geburtsdatum",
    "death",
    "deathdate",
    "dod",
    "admission",
    "admitted",
    "admitdate",
    "discharge",
    "dischargedate",
    "visitdate",
    "encounterdate",
    "date",
    "datum",
    "fecha",
    "timestamp",
];
const PLACES: &[&str] = &[
    "zip",
    "zipcode",
    "postcode",
    "postal",
    "postalcode",
    "plz",
    "city",
    "town",
    "county",
    "state",
    "province",
    "region",
    "country",
    "district",
    "latitude",
    "longitude",
    "lat",
    "lon",
    "lng",
    "birthplace",
    "nativecountry",
    "citizenship",
];
const AGES: &[&str] = &["age", "alter", "edad", "ageyears", "ageatdiagnosis"];
const TRAITS: &[&str] = &[
    "sex",
    "gender",
    "geschlecht",
    "race",
    "ethnicity",
    "marital",
    "maritalstatus",
    "religion",
    "language",
    "nationality",
    "education",
    "occupation",
    "profession",
    "job",
    "employer",
    "workclass",
    "height",
    "weight",
    "bmi",
    "insurance",
    "payer",
    "household",
    "children",
    "salary",
    "income",
    "veteran",
    "hospital",
    "ward",
    "provider",
    "physician",
];
const SENSITIVE: &[&str] = &[
    "diagnosis",
    "diagnoses",
    "disease",
    "condition",
    "icd",
    "icd10",
    "icd9",
    "snomed",
    "hiv",
    "medication",
    "drug",
    "procedure",
    "treatment",
    "therapy",
    "result",
    "outcome",
    "mutation",
    "genotype",
    "psychiatric",
    "substance",
    "pregnancy",
    "cause",
    "symptom",
    "finding",
    "lab",
    "allergy",
];

#[cfg(test)]
mod tests {
    use super::Meaning;

    #[test]
    fn names_are_read_word_by_word() {
        for (name, meaning) in [
            ("patientName", Some(Meaning::Identifier)),
            ("MRN", Some(Meaning::Identifier)),
            ("person_id", Some(Meaning::Identifier)),
            ("Birth Date", Some(Meaning::Date)),
            ("zip_code", Some(Meaning::Place)),
            ("age", Some(Meaning::Age)),
            ("stage", None),
            ("marital-status", Some(Meaning::Trait)),
            ("primary_diagnosis", Some(Meaning::Sensitive)),
            ("x17", None),
        ] {
            assert_eq!(Meaning::of(name), meaning, "{name}");
        }
    }
}
