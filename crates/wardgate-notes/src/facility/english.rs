//! Names of places of care in the United States: hospitals, practices, homes, laboratories.

use super::{Facility, SAINTS};
use crate::place;
use crate::random::Random;
use crate::template::{Field, Region};

pub(super) fn american(random: &mut Random, field: Field) -> Facility {
    let field = match field {
        Field::Facility => random.weighted(ANY, Field::Hospital),
        other => other,
    };
    if field == Field::Hospital && random.percent(9) {
        return famous(random);
    }
    let base = base(random);
    let full = match field {
        Field::Clinic => practice(random, &base),
        Field::Pharmacy if random.percent(30) => {
            let number = random.between(100, 19_999);
            let mark = random.of(" #| #| | Store #| store ");
            format!("{}{mark}{number}", random.of(CHAINS))
        }
        Field::Pharmacy if random.percent(25) => random.of(CHAINS).to_string(),
        Field::Pharmacy => format!("{base} {}", random.of(PHARMACIES)),
        Field::NursingHome => home(random, &base),
        Field::Lab if random.percent(20) => random.of(LABS_KNOWN).to_string(),
        Field::Lab => format!("{base} {}", random.of(LABS)),
        _ => hospital(random, &base),
    };
    let short = short_form(random, &full, &base);
    Facility { full, short }
}

fn hospital(random: &mut Random, base: &str) -> String {
    let head = random.of(HOSPITALS);
    let city = place::city(random, Region::Us);
    match random.below(24) {
        0 => format!(
            "University of {city} {}",
            random.of("Medical Center|Hospital|Health|Hospitals")
        ),
        1 => format!(
            "Children's {} of {city}",
            random.of("Hospital|Hospital|Medical Center|Healthcare")
        ),
        2 => format!("Hospital of the {}", random.of(HOLY)),
        3 => format!("{base} {head} at {city}"),
        4 => format!("{base} {head} - {city}"),
        5 => {
            format!(
                "The {}",
                random.of("Heart Hospital|Women's Hospital|Spine Hospital")
            ) + " of "
                + &city
        }
        6 => format!("Medical Center of {city}"),
        7 => format!(
            "{city} VA {}",
            random.of("Medical Center|Hospital|Clinic|Health Care System")
        ),
        8 => format!(
            "{base} {head} {}",
            random.of("Emergency Department|North|South|East Campus|West")
        ),
        _ => format!("{base} {head}"),
    }
}

/// A practice: what it does and what it calls itself.
fn practice(random: &mut Random, base: &str) -> String {
    let does = if random.percent(18) {
        format!(
            "{} {} {}",
            random.of(SPECIALTIES),
            random.of("and|&|and|+"),
            random.of(SPECIALTIES)
        )
    } else {
        random.of(SPECIALTIES).to_string()
    };
    let called = random.of(CALLED);
    let city = place::city(random, Region::Us);
    match random.below(12) {
        0 => format!("{does} {called} of {city}").replace("  ", " "),
        1 => format!(
            "{does} {} of {}",
            random.of("Associates|Consultants|Specialists"),
            random.of(REGIONS)
        ),
        2 => {
            format!("{base} {called}").trim().to_string()
                + random.of(" Clinic| Clinic, PA|, MD PA| PLLC")
        }
        3 => format!("{city} {does} {called}").trim().to_string(),
        4 => format!("Center for {does}"),
        5 => format!(
            "{} {}",
            random.of(CHEERFUL),
            random.of(
                "Clinic|Health Center|Recovery Center|Counseling|Family Health|Wellness|Medical"
            )
        ),
        _ => format!("{base} {does} {called}").trim().to_string(),
    }
}

fn home(random: &mut Random, base: &str) -> String {
    match random.below(10) {
        0 | 1 => format!("{} at {base}", random.of("The Gardens|The Villas|The Pines|The Terrace|Brookdale|Sunrise|The Willows|The Cottages|The Residence")),
        2 | 3 => format!("{} {}", random.of(CHEERFUL), random.of("House|Hospice|Home Care|Recovery House|Sober Living|Shelter|Group Home|Adult Day")),
        4 => format!("{} of {}", random.of("Visiting Nurses|Hospice|Care Center|Home Health|VNA"), place::city(random, Region::Us)),
        5 => format!("{base} {} {}", random.of(MANSIONS), random.of(HOMES)),
        6 => format!("{base} {}", random.of(MANSIONS)),
        _ => format!("{base} {}", random.of(HOMES)),
    }
}

/// Places that everybody knows, with the names that everybody gives them.
fn famous(random: &mut Random) -> Facility {
    let entry = random.of(FAMOUS);
    let (full, short) = entry.split_once('=').unwrap_or((entry, entry));
    Facility {
        full: full.to_string(),
        short: short.to_string(),
    }
}

fn base(random: &mut Random) -> String {
    match random.below(20) {
        0..3 => format!(
            "{} {}",
            random.of("St.|Saint|St|Santa|San|Mount"),
            random.of(SAINTS)
        ),
        3 => format!("{} County", place::proper(random)),
        4 => format!("{} {}", random.of(COMPASS), place::city(random, Region::Us)),
        5 | 6 => place::city(random, Region::Us),
        7 | 8 => random.of(VIRTUES).to_string(),
        9 => random.of(CHEERFUL).to_string(),
        10 | 11 => random.of(LAND).to_string(),
        12 | 13 => format!("{} {}", random.of(NATURE_FIRST), random.of(NATURE)),
        14 => format!(
            "{} {}",
            place::given(random, Region::Us),
            place::proper(random)
        ),
        15 => format!("{}-{}", place::proper(random), place::proper(random)),
        16 => format!("{} {}", place::proper(random), random.of(FAITHS)),
        17 => format!(
            "{}{}",
            place::proper(random),
            random.of(" & Sons|'s| Brothers| Family")
        ),
        _ => place::proper(random),
    }
}

/// "Mercy", "St. Luke's", "MGH".
pub(super) fn short_form(random: &mut Random, full: &str, base: &str) -> String {
    let words: Vec<&str> = full.split([' ', '-']).collect();
    if words.len() >= 3 && random.percent(40) {
        let letters = words.iter().filter_map(|word| word.chars().next());
        let letters: String = letters.filter(|c| c.is_uppercase()).collect();
        if letters.len() >= 2 {
            return letters;
        }
    }
    if random.percent(15) {
        return format!(
            "{base} {}",
            random.of("Gen|Med Ctr|Hosp|General|Mem|Med|ER|ED")
        );
    }
    base.to_string()
}

const ANY: &[(u32, Field)] = &[
    (5, Field::Hospital),
    (4, Field::Clinic),
    (2, Field::NursingHome),
    (1, Field::Pharmacy),
    (1, Field::Lab),
];

const HOSPITALS: &str = "\
    Hospital|Medical Center|General Hospital|Regional Medical Center|Health|Memorial Hospital|\
    Community Hospital|Regional Hospital|University Hospital|Health System|Children's Hospital|\
    VA Medical Center|County Hospital|Healthcare|Medical Center|Hospital|Hospital Center|Med Ctr|\
    Behavioral Health|Psychiatric Hospital|Heart Hospital|Medical Pavilion|General|Memorial|\
    Regional|Critical Access Hospital|Surgical Hospital|Specialty Hospital|Orthopedic Hospital|\
    Women's Hospital|Birth Center|Trauma Center|Infirmary|Medical Campus|Health Network|\
    Clinic and Hospital|Rehabilitation Hospital|Long Term Acute Care|LTACH|State Hospital|\
    Naval Hospital|Army Medical Center|Medical Complex|Health Campus";

const SPECIALTIES: &str = "\
    Allergy|Allergy and Asthma|Cardiology|Heart|Heart and Vascular|Vascular|Cardiovascular|\
    Dermatology|Skin|Endocrinology|Diabetes|Digestive Health|Gastroenterology|GI|Family Medicine|\
    Family Practice|Internal Medicine|Primary Care|Pediatrics|Pediatric|Geriatrics|Senior Care|\
    Women's Health|OB/GYN|Obstetrics & Gynecology|Fertility|Midwifery|Birth|Neurology|\
    Neuroscience|Neurosurgery|Brain & Spine|Spine|Orthopedics|Orthopaedic|Bone & Joint|\
    Sports Medicine|Hand|Foot & Ankle|Podiatry|Prosthetics|Orthotics|Oncology|Cancer|Hematology|\
    Radiation Oncology|Infusion|Kidney|Nephrology|Dialysis|Renal|Urology|Pulmonary|Lung|Sleep|Eye|\
    Retina|Ophthalmology|Vision|ENT|Hearing|Audiology|Dental|Oral Surgery|Orthodontics|Psychiatry|\
    Psychology|Behavioral Health|Mental Health|Counseling|Recovery|Addiction|Pain|Pain Management|\
    Surgery|Surgical|Plastic Surgery|Bariatric|Weight Loss|Wound Care|Imaging|Radiology|MRI|\
    Diagnostic Imaging|Genetics|Physical Therapy|PT|Rehab|Occupational Health|Speech Therapy|\
    Chiropractic|Acupuncture|Rheumatology|Arthritis|Infectious Disease|Travel Medicine|\
    Urgent Care|Burn|Palliative Care|Home Health|Health|Wellness|Student Health|Community Health|\
    Indian Health|Children's|Autism|Hemophilia|Transplant|Liver|Breast|Medical|Family Health|\
    Adolescent|Memory|Headache|Stroke|Thyroid|Hernia|Vein|HIV|Methadone|Needle Exchange|Free|\
    Walk-In|Express";

const CALLED: &str = "\
    ||Associates|Group|Center|Clinic|Clinic|Specialists|Consultants|Partners|Institute|Services|\
    Physicians|Care|Practice|Medical Group|Centers|PC|PLLC|Network|Clinics|Unit|Care Center|\
    Surgery Center|Health Center|Office|Associates, PC|Group, LLC|Program|Suite";

const PHARMACIES: &str = "\
    Pharmacy|Drug|Drugs|Drug Store|Compounding Pharmacy|Apothecary|Rx|Specialty Pharmacy|\
    Community Pharmacy|Prescription Shop|Infusion Pharmacy|Family Pharmacy|Chemists|\
    Medical Supply|Home Medical|Oxygen & Medical";

const CHAINS: &str = "\
    CVS Pharmacy|Walgreens|Rite Aid|Walmart Pharmacy|Kroger Pharmacy|Costco Pharmacy|\
    Publix Pharmacy|CVS|Safeway Pharmacy|H-E-B Pharmacy|Walmart|Meijer Pharmacy|Duane Reade|\
    Albertsons|Costco|Express Scripts|OptumRx|Sam's Club Pharmacy";

const HOMES: &str = "\
    Nursing Home|Rehab|Care Center|Assisted Living|Nursing and Rehabilitation|\
    Rehabilitation Center|Hospice|Hospice Care|Skilled Nursing Facility|Senior Living|\
    Health and Rehab|Memory Care|Nursing & Rehab Center|Retirement Community|Home Health|SNF|\
    Convalescent Home|Home Care|Home Care and Hospice|Home Health Care|Health Care Center|\
    Extended Care|Living Center|Healthcare Center|Post Acute|Transitional Care|Group Home|\
    Adult Family Home|Board and Care|Veterans Home|Adult Day Center|Subacute|Nursing Center|\
    Hospice House|Palliative Care|Care Home|ALF";

const MANSIONS: &str = "\
    Manor|Village|Terrace|Gardens|Pointe|Place|House|Commons|Estates|Lodge|Villa|Court|Haven|\
    Ridge|Springs|Woods|Towers|Glen|Meadows|Crossing|Landing|Oaks|Pines|Heights|Square|Arms";

const LABS: &str = "\
    Labs|Laboratories|Diagnostics|Pathology|Pathology Associates|Reference Laboratory|Lab|\
    Clinical Laboratories|Diagnostic Laboratory|Genomics|Genetics|Molecular|Cytology|\
    Dermatopathology|Blood Center|Toxicology|Clinical Lab|Bioscience|Medical Laboratory|Histology";

const LABS_KNOWN: &str = "\
    Quest Diagnostics|LabCorp|Labcorp|ARUP|ARUP Laboratories|Quest|BioReference|\
    Mayo Clinic Laboratories|Sonora Quest|Foundation Medicine|NeoGenomics|Guardant|Myriad|Natera|\
    Red Cross";

const FAMOUS: &str = "\
    Mayo Clinic=Mayo|Johns Hopkins Hospital=Hopkins|Massachusetts General Hospital=MGH|\
    Massachusetts General Hospital=Mass General|Cleveland Clinic=CCF|UCSF Medical Center=UCSF|\
    Stanford Hospital=Stanford|UCLA Medical Center=UCLA|Mount Sinai Hospital=Sinai|\
    NewYork-Presbyterian=NYP|Duke University Hospital=Duke|\
    Vanderbilt University Medical Center=VUMC|MD Anderson Cancer Center=MD Anderson|\
    Memorial Sloan Kettering=MSK|St. Jude Children's Research Hospital=St. Jude|\
    Kaiser Permanente=Kaiser|Brigham and Women's Hospital=BWH|\
    Brigham and Women's Hospital=Brigham|Cedars-Sinai Medical Center=Cedars|\
    Barnes-Jewish Hospital=BJH|Bellevue Hospital=Bellevue|Cook County Hospital=Stroger|\
    Parkland Memorial Hospital=Parkland|Grady Memorial Hospital=Grady|\
    Harborview Medical Center=Harborview|Boston Children's Hospital=BCH|\
    Dana-Farber Cancer Institute=Dana-Farber|NYU Langone Health=NYU|\
    Rush University Medical Center=Rush|Emory University Hospital=Emory|\
    Yale New Haven Hospital=Yale|Geisinger Medical Center=Geisinger|\
    Ochsner Medical Center=Ochsner|Intermountain Medical Center=IMC|Walter Reed=Walter Reed|\
    Beth Israel Deaconess Medical Center=BIDMC|University of Michigan Hospital=U of M|\
    Hospital of the University of Pennsylvania=HUP|Children's Hospital of Philadelphia=CHOP|\
    Texas Children's Hospital=TCH|City of Hope=City of Hope|Scripps Mercy=Scripps|\
    Sutter Health=Sutter|Banner Health=Banner|Tufts Medical Center=Tufts|Montefiore=Monte|\
    Henry Ford Hospital=Henry Ford|Lahey Clinic=Lahey";

const VIRTUES: &str = "\
    Mercy|Providence|Good Samaritan|Sacred Heart|Holy Cross|Trinity|Hope|Grace|Unity|Bethesda|\
    Good Shepherd|Holy Family|Bon Secours|Ascension|Emmanuel|Beacon|Liberty|Heritage|Legacy|\
    Guardian|Harmony|Memorial|Community|Our Lady of Lourdes|Resurrection|Valley|Summit|Premier|\
    Cornerstone|Advocate|Alliance|Apex|Pinnacle|Elite|Integrity|Precision|Nova|Vista|Phoenix|\
    Independence|Columbia|Union|Regional|University|Metro|Capital|Central|First|General|Universal|\
    Optimum|Trident|Sentinel|Meridian|Keystone|Paragon";

const CHEERFUL: &str = "\
    New Hope|Pathways|Lighthouse|Turning Point|Fresh Start|First Step|Safe Harbor|Open Door|\
    Compass|Northstar|Horizon|Aspire|Serenity|New Beginnings|Bridgeway|Open Arms|Kindred|Angels|\
    Caring Hands|Comfort Keepers|Gentle Hands|Bright Futures|Rainbow|Little Stars|Golden Years|\
    Sunrise|Second Chance|Promise|Journey|Renewal|Phoenix Rising|Helping Hands|Healing Waters|\
    Peaceful Valley|Stepping Stones|Crossroads|Gateway|Evergreen|Whole Family|Homeward|True North|\
    Oasis|Genesis|Restoration";

const LAND: &str = "\
    Tri-County|Twin Cities|Great Lakes|Blue Ridge|Ozark|Piedmont|High Desert|Puget Sound|\
    Hudson Valley|Chesapeake|Lone Star|Buckeye|Hoosier|Sunshine|Golden Gate|Low Country|Midtown|\
    Uptown|Lakeshore|Riverside|Hillcrest|Parkside|Eastside|Westside|Northgate|Southpoint|Bayview|\
    Oakwood|Highland|Fairview|Woodlawn|Gulf Coast|Bay Area|Pacific|Atlantic|Cascade|Sierra|\
    Rocky Mountain|Delta|Coastal|Tidewater|Front Range|Big Sky|Bluegrass|Palmetto|Peachtree|\
    Red River|North Shore|South Bay|Inland|Four Corners|Panhandle|Finger Lakes|Black Hills|Plains|\
    Prairie|Mesa|Canyon|Sound View|Harbor Point|Downtown|Old Town|Main Street|Broadway|\
    Park Avenue|Lakeview|Mountain View|Valley View";

const REGIONS: &str = "\
    the Rockies|Northern Colorado|the Valley|the Carolinas|Southern Oregon|Central Texas|\
    the South Bay|the Northwest|Greater Boston|the Palm Beaches|North Texas|the Twin Cities|\
    Western New York|New Mexico|Ohio|Central Florida|the Upper Peninsula|the Low Country|\
    the Panhandle";

const FAITHS: &str = "\
    Memorial|Regional|Community|Methodist|Baptist|Lutheran|Presbyterian|Jewish|Adventist|\
    Deaconess|Catholic|Family|United|Municipal|District|Area|Hills|Valley|Tribal";

const HOLY: &str = "\
    Sacred Heart|Good Samaritan|Holy Family|Three Rivers|Holy Spirit|Incarnation|Redeemer|Valley|\
    Plains";

const COMPASS: &str = "\
    North|South|East|West|Northwest|Southeast|Central|Upper|Greater|Mid|Northeast|Southern|Western";

const NATURE_FIRST: &str = "\
    Oak|River|Cedar|Lake|Maple|Sunny|Stone|Pine|Willow|Green|Silver|Golden|Spring|Harbor|Clear|\
    Rolling|Desert|Blue|Rocky|Autumn";

const NATURE: &str = "\
    Hill|Valley|Creek|Ridge|Grove|Bend|View|Meadows|Springs|Brook|Shore|Park|Mountain|Lake|\
    Point|Crest|Glen|Pines|Oaks";
