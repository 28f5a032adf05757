//! Names of places of care, by grammar, and of organisations that do not treat.

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
        _ => american(random, field),
    }
}

fn american(random: &mut Random, field: Field) -> Facility {
    let base = american_base(random);
    let field = if field == Field::Facility {
        random.weighted(ANY, Field::Hospital)
    } else {
        field
    };
    let heads: &str = match field {
        Field::Clinic => {
            "\
            Clinic|Medical Clinic|Family Practice|Family Medicine|Medical Group|Health Center|\
            Pediatrics|Internal Medicine|Primary Care|Urgent Care|Cardiology Associates|\
            Orthopedics|Dialysis Center|Dialysis|Dermatology|Women's Health|Surgery Center|\
            Imaging Center|Imaging|Wellness Center|Community Health Center|OB/GYN|Cancer Center|\
            Pain Management|Eye Care|Dental|Physical Therapy|Counseling Center|Heart Institute|\
            Infusion Center|Kidney Care|Walk-In Clinic|Express Care|Neurology Associates|\
            Sleep Center"
        }
        Field::Pharmacy => {
            "Pharmacy|Drug|Drugs|Drug Store|Compounding Pharmacy|Apothecary|Rx|Specialty Pharmacy"
        }
        Field::NursingHome => {
            "\
            Nursing Home|Rehab|Care Center|Assisted Living|Nursing and Rehabilitation|\
            Rehabilitation Center|Hospice|Hospice Care|Skilled Nursing Facility|Manor|\
            Senior Living|Health and Rehab|Memory Care|Nursing & Rehab Center|Village|\
            Retirement Community|Rehabilitation Hospital|Home Health|SNF|Convalescent Home"
        }
        Field::Lab => {
            "\
            Labs|Laboratories|Diagnostics|Pathology|Pathology Associates|Reference Laboratory|\
            Lab|Clinical Laboratories|Diagnostic Laboratory"
        }
        _ => {
            "\
            Hospital|Medical Center|General Hospital|Regional Medical Center|Health|\
            Memorial Hospital|Community Hospital|Regional Hospital|University Hospital|\
            Health System|Children's Hospital|VA Medical Center|County Hospital|Healthcare|\
            Medical Center|Hospital|Hospital Center|Med Ctr|Behavioral Health|\
            Psychiatric Hospital|Heart Hospital|Medical Pavilion"
        }
    };
    let full = match (field, random.below(30)) {
        (Field::Pharmacy, 0..8) => {
            format!("{} #{}", random.of(CHAINS), random.between(100, 19_999))
        }
        (Field::Hospital | Field::Facility, 0) => format!(
            "University of {} Medical Center",
            place::city(random, Region::Us)
        ),
        (Field::Hospital | Field::Facility, 1) => {
            format!("Children's Hospital of {}", place::city(random, Region::Us))
        }
        (Field::Hospital | Field::Facility, 2) => format!(
            "Hospital of the {}",
            random.of("Sacred Heart|Good Samaritan|Holy Family|Three Rivers")
        ),
        (Field::Hospital | Field::Facility, 3) => format!(
            "{base} {} at {}",
            random.of(heads),
            place::city(random, Region::Us)
        ),
        (Field::NursingHome, 0..4) => format!(
            "{} at {}",
            random.of("The Gardens|The Villas|The Pines|The Terrace|Brookdale"),
            base
        ),
        _ => format!("{base} {}", random.of(heads)),
    };
    let short = short_form(random, &full, &base);
    Facility { full, short }
}

fn american_base(random: &mut Random) -> String {
    match random.below(20) {
        0..4 => format!(
            "{} {}",
            random.of("St.|Saint|St|Santa|San|Mount"),
            random.of(SAINTS)
        ),
        4 | 5 => format!("{} County", place::proper(random)),
        6 => format!(
            "{} {}",
            random.of(COMPASS),
            place::city(random, Region::Us)
        ),
        7 | 8 => place::city(random, Region::Us),
        9..12 => random.of(VIRTUES).to_string(),
        12 | 13 => format!("{} {}", random.of(NATURE_FIRST), random.of(NATURE)),
        14 => format!(
            "{} {}",
            place::given(random, Region::Us),
            place::proper(random)
        ),
        15 => format!("{}-{}", place::proper(random), place::proper(random)),
        16 => format!(
            "{} {}",
            place::proper(random),
            random.of("Memorial|Regional|Community|Methodist|Baptist|Lutheran|Presbyterian|Jewish|Adventist")
        ),
        _ => place::proper(random),
    }
}

/// "Mercy", "St. Luke's", "MGH".
fn short_form(random: &mut Random, full: &str, base: &str) -> String {
    let words: Vec<&str> = full.split([' ', '-']).collect();
    if words.len() >= 3 && random.percent(45) {
        let letters = words.iter().filter_map(|word| word.chars().next());
        return letters.filter(|c| c.is_uppercase()).collect();
    }
    if random.percent(15) {
        return format!("{base} {}", random.of("Gen|Med Ctr|Hosp|General|Mem"));
    }
    base.to_string()
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
    let short = short_form(random, &full, &base);
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

const ANY: &[(u32, Field)] = &[
    (5, Field::Hospital),
    (3, Field::Clinic),
    (2, Field::NursingHome),
    (1, Field::Pharmacy),
];
const CHAINS: &str = "\
            CVS Pharmacy|Walgreens|Rite Aid|Walmart Pharmacy|Kroger Pharmacy|Costco Pharmacy|\
            Publix Pharmacy|CVS|Safeway Pharmacy";
const SAINTS: &str = "\
    Luke's|Mary's|Joseph|Joseph's|Vincent|Francis|Anthony|Elizabeth|John's|Jude|Agnes|Bernard's|\
    Catherine's|Rose|Claire|Sinai|Carmel|Michael's|Peter's|Thomas|Barnabas|Camillus|Alphonsus|\
    Rita|Monica|Helena|Raphael|Gabriel's|Theresa|Dominic|Anne's|Charles|Cloud|Brendan's|Martha";
const VIRTUES: &str = "\
    Mercy|Providence|Good Samaritan|Sacred Heart|Holy Cross|Trinity|Hope|Grace|Unity|Bethesda|\
    Good Shepherd|Holy Family|Bon Secours|Ascension|Emmanuel|Beacon|Liberty|Heritage|Legacy|\
    Guardian|Harmony|Memorial|Community|Our Lady of Lourdes|Resurrection|Valley|Summit|Premier|\
    Cornerstone|Advocate";
const COMPASS: &str = "North|South|East|West|Northwest|Southeast|Central|Upper|Greater|Mid";
const NATURE_FIRST: &str = "\
    Oak|River|Cedar|Lake|Maple|Sunny|Stone|Pine|Willow|Green|Silver|Golden|Spring|Harbor|Clear|\
    Rolling|Desert|Blue|Rocky|Autumn";
const NATURE: &str = "\
    Hill|Valley|Creek|Ridge|Grove|Bend|View|Meadows|Springs|Brook|Shore|Park|Mountain|Lake|\
    Point|Crest|Glen|Pines|Oaks";
const SAINTS_DE: &str = "\
    Elisabeth|Josef|Marien|Vinzenz|Anna|Georg|Johannes|Katharina|Barbara|Franziskus|Antonius|\
    Hedwig|Lukas|Klara|Bernward";
const HOLY_ES: &str = "\
    La Paz|Virgen del Rocío|San Carlos|Doce de Octubre|Gregorio Marañón|Puerta de Hierro|\
    Santa Lucía|San Juan de Dios|Reina Sofía|Virgen de la Salud|La Fe|Vall d'Hebron|\
    Marqués de Valdecilla|Ramón y Cajal|Príncipe de Asturias|Virgen de las Nieves|Cruces|\
    San Rafael|Nuestra Señora del Pilar|Infanta Leonor|Arnau de Vilanova|Donostia|Miguel Servet|\
    Son Espases|Santa Bárbara|San Pedro|La Candelaria|Los Arcos|El Tomillar";
