//! What the types of a gold standard mean here.

use std::collections::BTreeMap;
use std::path::Path;

use wardgate_deid::Kind;
use wardgate_deid::score::Mark;

use crate::failure::{Failure, FileFault};

/// What a type means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Meaning {
    Kind(Kind),
    /// Neither right nor wrong to find.
    Neutral,
}

/// Types and their meanings: those of known sets, and those of a file before them.
#[derive(Debug, Default)]
pub(in super::super) struct Meanings {
    own: BTreeMap<String, Meaning>,
}

impl Meanings {
    /// Reads a file of lines `THEIRS = OURS`; `ignore` as ours makes a type neutral.
    pub(in super::super) fn read(path: &Path) -> Result<Self, Failure> {
        let text =
            std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        let (mut own, mut faults) = (BTreeMap::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let read = line.split_once('=').and_then(|(theirs, ours)| {
                let ours = ours.trim();
                let ignored = ours == "ignore";
                let meaning = if ignored {
                    Some(Meaning::Neutral)
                } else {
                    ours_named(ours)
                };
                Some((theirs.trim(), meaning?))
            });
            match read {
                Some((theirs, meaning)) => {
                    own.insert(folded(theirs), meaning);
                }
                None => faults.push(FileFault {
                    file: path.to_owned(),
                    line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                    column: 0,
                    message: "this does not say what a type means".to_owned(),
                    hint: format!("write `THEIRS = OURS`; ours are {}, ignore", names()),
                }),
            }
        }
        match faults.is_empty() {
            true => Ok(Self { own }),
            false => Err(Failure::in_files(
                "the map of types can not be read",
                faults,
            )),
        }
    }

    pub(super) fn of(&self, name: &str) -> Option<Meaning> {
        let name = folded(name);
        let own = self.own.get(&name).copied();
        own.or_else(|| ours_named(&name)).or_else(|| {
            let foreign = FOREIGN.iter().find(|(theirs, _)| *theirs == name);
            let prefixed = || PREFIXES.iter().find(|(theirs, _)| name.starts_with(theirs));
            let (_, ours) = foreign.or_else(prefixed)?;
            ours_named(ours)
        })
    }
}

fn ours_named(name: &str) -> Option<Meaning> {
    if NEUTRAL.contains(&name) {
        return Some(Meaning::Neutral);
    }
    Mark::kind_named(name).map(Meaning::Kind)
}

fn names() -> String {
    let kinds = Kind::ALL.into_iter().map(super::super::span::type_name);
    kinds.chain(NEUTRAL).collect::<Vec<_>>().join(", ")
}

fn folded(name: &str) -> String {
    name.trim().to_uppercase().replace(['-', ' '], "_")
}

const NEUTRAL: [&str; 9] = [
    "AGE_U90",
    "SEX",
    "COUNTRY",
    "STATE",
    "TITLE",
    "RELATIVE",
    "PROFESSION",
    "ORG",
    "OTHER",
];

/// Types of i2b2 2014, MEDDOCAN, GraSCCo and of general sets.
const FOREIGN: [(&str, &str); 58] = [
    ("PATIENT", "NAME"),
    ("DOCTOR", "NAME"),
    ("USERNAME", "NAME"),
    ("PERSON", "NAME"),
    ("HOSPITAL", "FACILITY"),
    ("ORGANIZATION", "ORG"),
    ("STREET", "LOCATION"),
    ("STREET_ADDRESS", "LOCATION"),
    ("ADDRESS", "LOCATION"),
    ("CITY", "LOCATION"),
    ("ZIP", "LOCATION"),
    ("ZIP_CODE", "LOCATION"),
    ("ROOM", "LOCATION"),
    ("LOCATION_OTHER", "LOCATION"),
    ("DEPARTMENT", "OTHER"),
    ("DATE_TIME", "DATE"),
    ("PHONE_NUMBER", "PHONE"),
    ("EMAIL_ADDRESS", "EMAIL"),
    ("IPADDR", "IP"),
    ("IPADDRESS", "IP"),
    ("IP_ADDRESS", "IP"),
    ("US_SSN", "SSN"),
    ("MEDICALRECORD", "MRN"),
    ("HEALTHPLAN", "HEALTH_PLAN"),
    ("CREDIT_CARD", "ACCOUNT"),
    ("IBAN_CODE", "ACCOUNT"),
    ("US_DRIVER_LICENSE", "LICENSE"),
    ("BIOID", "ID"),
    ("IDNUM", "ID"),
    ("NOMBRE_SUJETO_ASISTENCIA", "NAME"),
    ("NOMBRE_PERSONAL_SANITARIO", "NAME"),
    ("CALLE", "LOCATION"),
    ("TERRITORIO", "LOCATION"),
    ("PAIS", "COUNTRY"),
    ("CENTRO_SALUD", "FACILITY"),
    ("INSTITUCION", "FACILITY"),
    ("FECHAS", "DATE"),
    ("EDAD_SUJETO_ASISTENCIA", "AGE"),
    ("SEXO_SUJETO_ASISTENCIA", "SEX"),
    ("FAMILIARES_SUJETO_ASISTENCIA", "RELATIVE"),
    ("NUMERO_TELEFONO", "PHONE"),
    ("NUMERO_FAX", "FAX"),
    ("CORREO_ELECTRONICO", "EMAIL"),
    ("URL_WEB", "URL"),
    ("ID_SUJETO_ASISTENCIA", "MRN"),
    ("ID_ASEGURAMIENTO", "HEALTH_PLAN"),
    ("ID_TITULACION_PERSONAL_SANITARIO", "LICENSE"),
    ("ID_EMPLEO_PERSONAL_SANITARIO", "ID"),
    ("ID_CONTACTO_ASISTENCIAL", "ID"),
    ("NUMERO_BENEF_PLAN_SALUD", "HEALTH_PLAN"),
    ("IDENTIF_VEHICULOS_NRSERIE_PLACAS", "VEHICLE"),
    ("IDENTIF_DISPOSITIVOS_NRSERIE", "DEVICE"),
    ("OTROS_SUJETO_ASISTENCIA", "OTHER"),
    ("NAME_TITLE", "TITLE"),
    ("LOCATION_HOSPITAL", "FACILITY"),
    ("LOCATION_ORGANIZATION", "FACILITY"),
    ("LOCATION_COUNTRY", "COUNTRY"),
    ("NRP", "OTHER"),
];

/// What types mean that begin so and stand in no list.
const PREFIXES: [(&str, &str); 4] = [
    ("NAME_", "NAME"),
    ("LOCATION_", "LOCATION"),
    ("CONTACT_", "PHONE"),
    ("ID_", "ID"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_types_mean_ours() {
        let meanings = Meanings::default();
        assert_eq!(
            meanings.of("location-other"),
            Some(Meaning::Kind(Kind::Location))
        );
        assert_eq!(
            meanings.of("HEALTH_PLAN"),
            Some(Meaning::Kind(Kind::HealthPlan))
        );
        assert_eq!(meanings.of("Country"), Some(Meaning::Neutral));
        assert_eq!(meanings.of("planet"), None);
        let relative = meanings.of("NAME_RELATIVE");
        assert_eq!(relative, Some(Meaning::Kind(Kind::Name)));
        assert!(FOREIGN.iter().all(|(_, ours)| ours_named(ours).is_some()));
    }
}
