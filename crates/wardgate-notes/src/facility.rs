//! Names of places of care, by grammar, and of organisations that do not treat.

mod english;

use crate::place;
use crate::random::Random;
use crate::template::{Field, Region};

/// A place of care with a short form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facility {
    pub(crate) full: String,
    pub(crate) short: String,
}

/// A name for a slot of places of care.
pub(crate) fn invent(random: &mut Random, region: Region, field: Field) -> Facility {
    match region {
        Region::De => german(random, field),
        Region::Es => spanish(random, field),
        Region::Uk if random.percent(75) => british(random, field),
        _ => english::american(random, field),
    }
}

fn british(random: &mut Random, field: Field) -> Facility {
    let town = place::city(random, Region::Uk);
    let base = match random.below(5) {
        0 => format!("St {}", random.of(SAINTS)),
        1 => format!(
            "{} {}",
            random.of("Royal|Queen Elizabeth|Princess Royal|King's|Queen Mary's|Great Western"),
            town
        ),
        2 => place::proper(random),
        _ => town.clone(),
    };
    let heads: &str = match field {
        Field::Clinic => {
            "\
            Surgery|Medical Centre|Health Centre|Medical Practice|Group Practice|Walk-in Centre|\
            Dental Practice|Family Practice"
        }
        Field::Pharmacy => "Pharmacy|Chemist|Chemists|Dispensing Chemist",
        Field::NursingHome => {
            "Nursing Home|Care Home|Residential Home|Hospice|Lodge|House Care Home"
        }
        Field::Lab => "Pathology|Laboratories|Pathology Partnership",
        _ => {
            "\
            Hospital|Infirmary|General Hospital|Royal Infirmary|University Hospital|\
            District General Hospital|NHS Trust|NHS Foundation Trust|Community Hospital|\
            Teaching Hospitals NHS Foundation Trust"
        }
    };
    let full = format!("{base} {}", random.of(heads));
    let short = english::short_form(random, &full, &base);
    Facility { full, short }
}

fn german(random: &mut Random, field: Field) -> Facility {
    let town = place::city(random, Region::De);
    let saint = format!(
        "{} {}",
        random.of("St.|Sankt|St.-|Sankt-"),
        random.of(SAINTS_DE)
    )
    .replace("- ", "-");
    let full = match field {
        Field::Clinic => match random.below(8) {
            0 => format!("MVZ {town}"),
            1 => format!(
                "Gemeinschaftspraxis Dres. {} und {}",
                surname_de(random),
                surname_de(random)
            ),
            2 => format!("Praxis {}", surname_de(random)),
            3 => format!(
                "Praxis am {}",
                random.of("Markt|Stadtpark|Rathaus|Schloss|Bahnhof|See")
            ),
            4 => format!("Facharztzentrum {town}"),
            5 => format!("Hausarztpraxis {}", surname_de(random)),
            6 => format!("Dialysezentrum {town}"),
            _ => format!("Radiologie {town}"),
        },
        Field::Pharmacy => format!(
            "{}-Apotheke",
            random.of("Löwen|Adler|Stadt|Rosen|Hirsch|Engel|Markt|Bahnhof|Linden|Park")
        ),
        Field::NursingHome => match random.below(5) {
            0 => format!("Seniorenheim {town}"),
            1 => format!("Pflegeheim Haus {}", place::given(random, Region::De)),
            2 => format!("Altenheim {saint}"),
            3 => format!("Rehaklinik {town}"),
            _ => format!("Hospiz {saint}"),
        },
        Field::Lab => match random.below(3) {
            0 => format!("Labor Dr. {}", surname_de(random)),
            1 => format!("MVZ Labor {town}"),
            _ => format!("Institut für Pathologie {town}"),
        },
        _ => match random.below(14) {
            0 | 1 => format!("Universitätsklinikum {town}"),
            2 | 3 => format!("Klinikum {town}"),
            4 => format!(
                "{saint}-{}",
                random.of("Krankenhaus|Hospital|Klinik|Spital")
            ),
            5 => format!("Krankenhaus {town}"),
            6 => format!("Kreiskrankenhaus {town}"),
            7 => format!("Städtisches Klinikum {town}"),
            8 => format!(
                "Krankenhaus der {} {town}",
                random.of("Barmherzigen Brüder|Barmherzigen Schwestern|Elisabethinen|Diakonissen")
            ),
            9 => format!("{} Klinik", surname_de(random)),
            10 => format!("{}-Klinik {town}", surname_de(random)),
            11 => format!("Fachklinik {town}"),
            12 => format!("LKH {town}"),
            _ => format!("Evangelisches Krankenhaus {town}"),
        },
    };
    let short = if random.percent(40) {
        format!("UK {town}")
    } else if random.percent(40) {
        format!("Klinikum {town}")
    } else {
        full.clone()
    };
    Facility { full, short }
}

fn spanish(random: &mut Random, field: Field) -> Facility {
    let town = place::city(random, Region::Es);
    let holy = random.of(HOLY_ES);
    let full = match field {
        Field::Clinic => match random.below(7) {
            0..3 => format!("Centro de Salud {town}"),
            3 => format!("CAP {town}"),
            4 => format!("Clínica {holy}"),
            5 => format!("Policlínica {town}"),
            _ => format!("Centro Médico {holy}"),
        },
        Field::Pharmacy => format!("Farmacia {}", surname_es(random)),
        Field::NursingHome => format!("Residencia {holy}"),
        Field::Lab => format!("Laboratorios {}", surname_es(random)),
        _ => match random.below(14) {
            0..4 => format!("Hospital Universitario {holy}"),
            4 => format!("Hospital General Universitario de {town}"),
            5 => format!("Hospital Clínico Universitario de {town}"),
            6 => format!("Hospital {holy}"),
            7 => format!("Complejo Hospitalario de {town}"),
            8 => format!("Hospital Comarcal de {town}"),
            9 => format!(
                "Hospital {} {}",
                place::given(random, Region::Es),
                surname_es(random)
            ),
            10 => format!("Clínica Universidad de {town}"),
            11 => format!(
                "Fundación {} {}",
                place::given(random, Region::Es),
                surname_es(random)
            ),
            12 => format!("Hospital de {town}"),
            _ => format!("Instituto {} de Oftalmología", surname_es(random)),
        },
    };
    let short = match random.below(3) {
        0 => holy.to_string(),
        1 => format!("H. {town}"),
        _ => full.clone(),
    };
    Facility { full, short }
}

/// An organisation that does not treat: neutral.
pub(crate) fn organisation(random: &mut Random, region: Region, field: Field) -> String {
    let name = place::proper(random);
    match (field, region) {
        (Field::School, Region::De) => format!(
            "{}-{}",
            surname_de(random),
            random.of("Gymnasium|Schule|Realschule")
        ),
        (Field::School, Region::Es) => {
            format!("{} {}", random.of("Colegio|IES|CEIP"), random.of(HOLY_ES))
        }
        (Field::School, _) => format!(
            "{name} {}",
            random.of("High School|Elementary|Middle School|University|Community College|Academy")
        ),
        (Field::Insurer, Region::De) => random
            .of("AOK|Barmer|TK|DAK-Gesundheit|IKK classic|Techniker Krankenkasse")
            .to_string(),
        (Field::Insurer, Region::Es) => random.of("Sanitas|Adeslas|Mapfre|Asisa|DKV").to_string(),
        (Field::Insurer, _) => random
            .of("\
            Blue Cross Blue Shield|Aetna|Cigna|UnitedHealthcare|Humana|Medicare|Medicaid|Kaiser|\
            Anthem PPO|BCBS|Tricare|Molina|Bupa")
            .to_string(),
        (_, Region::De) => format!(
            "{} {}",
            surname_de(random),
            random.of("GmbH|AG|KG|Bau GmbH")
        ),
        (_, Region::Es) => format!(
            "{} {}",
            random.of("Construcciones|Talleres|Transportes"),
            surname_es(random)
        ),
        _ => format!(
            "{name} {}",
            random.of("\
            Inc.|Manufacturing|Trucking|Foods|Logistics|LLC|Farms|Steel|Construction|\
            School District|Auto Parts")
        ),
    }
}

fn surname_de(random: &mut Random) -> String {
    let list = crate::word_lists::culture("de").map_or(&[][..], |culture| &culture.last);
    random.word(list).to_string()
}

fn surname_es(random: &mut Random) -> String {
    let list = crate::word_lists::culture("es").map_or(&[][..], |culture| &culture.last);
    random.word(list).to_string()
}

const SAINTS: &str = "\
    Luke's|Mary's|Joseph|Joseph's|Vincent|Francis|Anthony|Elizabeth|John's|Jude|Agnes|Bernard's|\
    Catherine's|Rose|Claire|Sinai|Carmel|Michael's|Peter's|Thomas|Barnabas|Camillus|Alphonsus|\
    Rita|Monica|Helena|Raphael|Gabriel's|Theresa|Dominic|Anne's|Charles|Cloud|Brendan's|Martha";
const SAINTS_DE: &str = "\
    Elisabeth|Josef|Marien|Vinzenz|Anna|Georg|Johannes|Katharina|Barbara|Franziskus|Antonius|\
    Hedwig|Lukas|Klara|Bernward";
const HOLY_ES: &str = "\
    La Paz|Virgen del Rocío|San Carlos|Doce de Octubre|Gregorio Marañón|Puerta de Hierro|\
    Santa Lucía|San Juan de Dios|Reina Sofía|Virgen de la Salud|La Fe|Vall d'Hebron|\
    Marqués de Valdecilla|Ramón y Cajal|Príncipe de Asturias|Virgen de las Nieves|Cruces|\
    San Rafael|Nuestra Señora del Pilar|Infanta Leonor|Arnau de Vilanova|Donostia|Miguel Servet|\
    Son Espases|Santa Bárbara|San Pedro|La Candelaria|Los Arcos|El Tomillar";
