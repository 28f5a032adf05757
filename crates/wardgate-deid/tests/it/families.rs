//! What each family of rules finds in three languages, and what they leave alone.
//!
//! Each text marks what must be found with `{Kind:...}`; `{Year:...}`, `{Under90:...}` and `{State:...}`
//! stand for parts that a profile may let stand. Nothing else may be found.

use wardgate_deid::{Engine, Finding, Part};

fn check(marked: &[&str]) {
    let engine = Engine::exact_only();
    let wrong: Vec<_> = marked
        .iter()
        .filter_map(|text| fault(&engine, text))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn fault(engine: &Engine, marked: &str) -> Option<String> {
    let (mut text, mut expected) = (String::new(), Vec::new());
    let mut rest = marked;
    while let Some(open) = rest.find('{') {
        let close = rest.find('}').unwrap();
        let (kind, value) = rest[open + 1..close].split_once(':').unwrap();
        text.push_str(&rest[..open]);
        expected.push((kind.to_owned(), value.to_owned()));
        text.push_str(value);
        rest = &rest[close + 1..];
    }
    text.push_str(rest);
    let name = |finding: &Finding| match finding.part {
        Part::Whole | Part::Zip => format!("{:?}", finding.kind),
        part => format!("{part:?}"),
    };
    let found: Vec<_> = engine
        .detect(&text, None)
        .iter()
        .map(|f| (name(f), text[f.range()].to_owned()))
        .collect();
    (found != expected).then(|| format!("{text:?}: {found:?} instead of {expected:?}"))
}

#[test]
fn dates_in_english() {
    check(&[
        "seen {Date:10/10/1963} and {Date:3/14/24}",
        "on {Date:March 14th, 2024} at 14:30",
        "on the {Date:14th of March}",
        "the visit of {Date:Mar '24}",
        "from {Date:3/4} to {Date:3/9} she was away",
        "admitted {Date:March 12-15, 2024}",
        "between {Date:12}-{Date:15 March 2024}",
        "{Date:11/7} BCx negative",
        "seen {Date:02/26} by the team",
        "labs of {Date:2024-03-14}T08:30",
        "{Date:2024-Mar-12} and {Date:14MAR2024}",
        "since {Date:June 2029}",
        "diagnosed in {Year:2016}, relapsed in {Year:2019}",
        "in the {Year:1990}s",
        "last {Date:October} he fell",
        "on Monday at 8 pm, two weeks ago, yesterday",
    ]);
}

#[test]
fn dates_in_spanish() {
    check(&[
        "Fecha de nacimiento: {Date:03/03/1946}.",
        "el {Date:14 de marzo de 2024} ingresó en la sala",
        "desde {Date:marzo de 2021} con la medicación",
        "el {Date:26-julio-2004} fue operado",
        "en {Date:Marzo del 2013} por una caída",
        "del {Date:3} al {Date:5 de mayo} estuvo con la familia",
        "en el año {Year:2010} fue una recaída",
    ]);
}

#[test]
fn dates_in_german() {
    check(&[
        "der Patient war vom {Date:19.3}. bis zum {Date:7.5.2029} bei uns und mit der Familie",
        "am {Date:14. März} wurde die Wunde und der Verband",
        "war vom {Date:8.3}. - {Date:22.3.2025} bei uns in der Klinik und",
        "ab {Date:13}. - {Date:24.10.2023} mit der Therapie und dem Verband",
        "im {Date:Juni 2029} wurde der Befund und die Therapie",
        "Rektumkarzinom (ED {Date:9/23}) mit der Therapie und dem Verlauf",
        "die Therapie mit {Date:02-04/2021} und der Befund",
        "seit {Year:2017} mit der Diagnose und dem Befund",
        "geb. {Date:5.7.54} und mit der Mutter",
    ]);
}

#[test]
fn ages_in_three_languages() {
    check(&[
        "a {Under90:72}-year-old, {Under90:72} yo, {Under90:72} y/o",
        "{Under90:72}F with pain; aged {Age:91}; she is {Age:94} and well",
        "Mr. {Name:Okafor}, {Age:93}, farmer",
        "Edad: {Under90:70} años Sexo: H.",
        "una paciente de {Under90:53} años con la familia",
        "un paciente de {Age:94 años} con la familia",
        "diabetes de 20 años de evolución con la dieta",
        "hace 10 años fue operada por el dolor",
        "die {Under90:53}-jährige Patientin wurde im Alter von {Age:91} und",
        "seit 20 Jahren mit der Therapie und dem Befund",
    ]);
}

#[test]
fn phones_of_four_countries() {
    check(&[
        "Tel. {Phone:+34 917 27 70 00} o Tfno: {Phone:917277336}",
        "Fax: {Fax:973-727-223} para el médico de la sala",
        "Telefon {Phone:(0461) 708 - 223}",
        "Durchwahl {Phone:2612}",
        "bleep or pager {Phone:58555}",
        "call {Phone:07700 900123} or {Phone:(503) 555-0142 x12}",
        "ph {Phone:800-840-5145} fax {Fax:800-879-9312}",
        "seen {Date:06/05/2023} 07:42 and {Date:07/27/2023} 0415",
    ]);
}

#[test]
fn numbers_of_three_countries() {
    check(&[
        "NHC: {Mrn:368503}. NASS: {HealthPlan:26 63514095}.",
        "CIPA: nhc-{Mrn:150679}.",
        "NºCol: {License:28 28 70973}.",
        "DNI {Id:12345678Z} o NIE {Id:X1234567L}",
        "Fall-Nr.: {Id:A-202344102} und Aufnahmenummer: {Mrn:44120}",
        "Versichertennummer {HealthPlan:A123456780}",
        "MBI {HealthPlan:1EG4-TE5-MK73}",
        "SSN ***-**-{Ssn:6789}",
        "MRN: {Mrn:MRN50553}, chart {Mrn:UG-443928}, badge {License:80858}",
        "specimen {Id:S44-51136}, claim {HealthPlan:WC-3288-55949}",
        "S/N {Device:EUC732561H}; license plate {License:7ABC123}",
        "login from {Ip:fe80::a9fb:608e} and {Ip:10.20.30.40}",
    ]);
}

#[test]
fn places_of_three_countries() {
    check(&[
        "Domicilio: {Location:Calle Carmen Romero, 23, 1D}.",
        "en {Location:C/ Seminario, 4, 28040 Madrid} con la familia",
        "{Location:Avda. Martín Lagos, s/n} en la ciudad con el médico",
        "Localidad/ Provincia: {Location:Madrid}.",
        "CP: {Location:28035}.",
        "wohnhaft {Location:Hauptstraße 12, 79098 Freiburg}",
        "{Location:Robert-Koch-Str. 17}, und mit der Familie",
        "in {Location:79098 Freiburg} und mit der Familie",
        "to {Location:14 Dogwood Circle, Superior, WI 54881}",
        "to {Location:100 Highland Ave, Suite 410, Portland, Oregon 97201}",
    ]);
}

#[test]
fn facilities_of_three_countries() {
    check(&[
        "en el {Facility:Hospital Universitario La Paz} con la familia",
        "al {Facility:Hospital 12 de Octubre} por el dolor con la familia",
        "im {Facility:Klinikum rechts der Isar} und mit der Familie",
        "in der {Facility:Universitätsklinik Jena} und mit der Familie",
        "at {Facility:St. Mary's Medical Center} and {Facility:Oakdale Eye Care}",
        "to {Facility:Brookdale Nursing Home} today",
        "the hospital, the pain clinic, the cardiology clinic, University Hospital, hospital course",
        "el hospital, la clínica del dolor, el servicio de urgencias, centro de salud",
        "in der Klinik für Innere Medizin und in der Ambulanz",
    ]);
}

#[test]
fn names_of_three_languages() {
    check(&[
        "Nombre: {Name:Ernesto}.\nApellidos: {Name:Rivera Bueno}.",
        "Remitido por: Dra. {Name:Marina Povar Echeverría} Servicio de Medicina Interna",
        "Sr. {Name:Rivera} y su hermana {Name:Carmen}",
        "Mit freundlichen Grüßen\n\nProf. Dr. med. {Name:Wieland Wagner}\nChefarzt",
        "Sehr geehrte Frau Kollegin, sehr geehrter Herr Kollege {Name:Klabauter}!",
        "{Name:Alissa Rieser} geb. {Date:01.07.1965}",
        "{Name:Albert Schnitzler}, * {Date:3.2.1959}, wird von der Familie und dem Arzt",
        "{Name:Jane Okafor} (DOB {Date:3/4/1960})",
        "cc: Dr. {Name:Amy Cook}",
        "Referring: {Name:Alexa Plum}\nLMP 3 weeks ago",
    ]);
}

#[test]
fn quantities_codes_and_clinical_words_are_left_alone() {
    check(&[
        "Foley catheter, Bell's palsy, type 2, COVID-19, SARS-CoV-2, HLA-B27, BRCA1, HER2, CD20",
        "10/10 pain, pain 7/10, grade 3/6 murmur, 5/5 strength, 20/40 vision, GCS 15, 3/4 lymph nodes",
        "Q6H, q8h, 1-2 tablets, 24/7, x 3 days, 1/2 NS at 125 mL/h, 250/50 mcg, 875/125 mg BID",
        "ICD-10 E11.9, I10, C50.911; LOINC 4548-4; NDC 0002-8215-01; CPT 99213-25; HCPCS J0897",
        "BP 132/84, HR 88, T 38.1, SpO2 95%, RR 16, Wt 82.5 kg, BMI 27.9, EF 35-40%",
        "WBC 11.2 (4.5-11.0), Plt 250, Na 138, K 4.1, INR 1.3, A1c 7.2, CA 19-9 35 U/mL",
        "L4/5 disc, C5-C6, T12, stage IIIB, version 2.1.3, ratio 1:1000, 14:30, 0730 hrs",
        "G2P1001 at 39w3d, G6P2, Gleason 3+4, ASA 3, NYHA II, Mallampati 2",
        "Sister Mary Joseph nodule, Mayo score, Glasgow Coma Scale, Whipple procedure",
        "MR brain and MS: no lesion. DNA VHB positive. HR 72 bpm, Fr 16 sheath",
        "NCT01234567, BMS-986165, PMID 12345678, DOI 10.1000/182",
        "Take 2000 units daily, 1950 mL over 24 h, 1000-2000 mg per day",
        "TA 120/80, FC 72 lpm, 3 comprimidos al día, 40 mg cada 12 horas, estadio IV",
        "RR 130/80 mmHg, Puls 72/min, Kreatinin 1,4 mg/dl, 3 x 1 Tabl., Stadium III",
        "1/2-1/2-1/2, 1-0-1, 0-0-1, 5/10/16 cm, 40 mg 1-0-0",
        "Mother: Hypertension. Father: CAD. Provider: Cardiology. Dear Colleague,",
        "Patient: Improved. Nurse: BP check. Signed. Circumcision desired.",
    ]);
}
