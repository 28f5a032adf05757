//! Streets, cities, postal codes, counties, states, countries, and whole addresses.

use crate::draft::Draft;
use crate::note::{Kind, Lang};
use crate::random::Random;
use crate::template::Region;
use crate::word_lists;

/// House number and street, with what belongs to it.
pub(crate) fn street(random: &mut Random, region: Region) -> String {
    match region {
        Region::Us => street_us(random),
        Region::Uk => {
            let number = house_number(random, 240);
            let name = format!("{} {}", proper(random), random.of(ROADS_UK));
            match random.below(10) {
                0 => format!("Flat {}, {number} {name}", random.between(1, 40)),
                1 => format!(
                    "{} {}, {number} {name}",
                    proper(random),
                    random.of(HOUSES_UK)
                ),
                _ => format!("{number} {name}"),
            }
        }
        Region::De => street_de(random),
        Region::Es => street_es(random),
    }
}

/// A street as people talk of it: without a number.
pub(crate) fn street_name(random: &mut Random, region: Region) -> String {
    if region == Region::Us && random.percent(30) {
        let number = random.of("County Road %#|County Rd %##|State Route %#|Route %#|Highway %#|Hwy %##|Interstate %#|I-%#|US-%#|Rural Route %|FM %###");
        return random.fill(number);
    }
    let street = street(random, region);
    let numbers = |word: &str| word.contains(|c: char| c.is_ascii_digit());
    let words = street
        .split([' ', ','])
        .filter(|word| !word.is_empty() && !numbers(word));
    let unit = |word: &&str| {
        !UNITS
            .split('|')
            .any(|unit| unit == word.trim_end_matches('.'))
    };
    let words: Vec<&str> = words.take_while(unit).collect();
    if words.len() < 2 {
        return format!(
            "{} {}",
            proper(random),
            random.of("Street|Lane|Road|Avenue|Park")
        );
    }
    words.join(" ")
}

fn street_us(random: &mut Random) -> String {
    if random.percent(7) {
        let shape = random.of("PO Box %##|P.O. Box %###|P. O. Box %##|Post Office Box %#");
        return random.fill(shape);
    }
    let number = match random.below(20) {
        0 => random.fill("%####"),
        1 => format!("{}-{}", random.between(20, 299), random.between(10, 99)),
        2 => random.fill("N%#W%####"),
        3 => format!("{}{}", random.between(1, 999), random.of("A|B|½| 1/2")),
        _ => house_number(random, 9999),
    };
    let compass = if random.percent(22) {
        random.of("N |S |E |W |North |SW |N. |NE |South |West ")
    } else {
        ""
    };
    let name = match random.below(12) {
        0 | 1 => ordinal(random.between(1, 180)),
        2 => random.of(ORDINAL_WORDS).to_string(),
        3 => random.of(TREES).to_string(),
        4 => format!("{} {}", proper(random), random.of(LAND)),
        5 => format!("Martin Luther King {}", random.of("Jr|Jr.")),
        _ => proper(random),
    };
    let road = match random.below(24) {
        0 => random.fill("State Route %##"),
        1 => random.fill("County Road %##"),
        2 => random.fill("Highway %#"),
        3 => format!("{} {name}", random.of("Avenue|Camino|Via|Calle|Paseo")),
        _ => format!("{name} {}", random.of(ROADS_US)),
    };
    let unit = if random.percent(28) {
        let shape = random.of("\
            , Apt %?|, Apt. %##| Apt %#|, Apartment %?|, Suite %##| Ste %#0|, Unit %| #%##|\
            , # %|, Floor %|, Rm %##| Unit ?|, Lot %#|, Bldg ?|, Trlr %#|, Ste. ?|, Apt %##?|\
            , Apt #%#");
        random.fill(shape)
    } else {
        String::new()
    };
    format!("{number} {compass}{road}{unit}")
}

fn street_de(random: &mut Random) -> String {
    let number = house_number(random, 180);
    let extra = random.of("|||||a|b| a| c|-3|/2| / 4. OG");
    let stem = match random.below(8) {
        0 => format!(
            "{}-{}-",
            surname(random, Region::De),
            surname(random, Region::De)
        ),
        1 | 2 => surname(random, Region::De),
        _ => random.of(STEMS_DE).to_string(),
    };
    let name = match random.below(16) {
        0 => format!(
            "{} {}",
            random.of("Am|Im|An der|Auf der|Zum|Zur"),
            random.of(AT_DE)
        ),
        1 => format!(
            "{} {}",
            random.of(CITY_ADJECTIVES_DE),
            random.of("Straße|Str.|Landstraße|Allee")
        ),
        2 => return random.fill("Postfach %# ## ##"),
        3 => {
            let square = random_square(random);
            return random.fill(square);
        }
        _ if stem.ends_with('-') => format!("{stem}{}", random.of("Straße|Str.|Weg|Platz|Allee")),
        _ => format!("{stem}{}", random.of(ENDS_DE)),
    };
    format!("{name} {number}{extra}")
}

/// Mannheim's squares have letters for names.
fn random_square(random: &mut Random) -> &'static str {
    random.of("?%, %#|? %, %")
}

fn street_es(random: &mut Random) -> String {
    let kind = random.of("\
            C/ |C/|Calle |Calle |Calle |Avda. |Avenida |Av. |Plaza |Pza. |Paseo |Pº |Ronda |\
            Camino |Travesía |Carretera |C. |Carrer |Gran Vía |Urb. |Rúa |Glorieta |Pasaje ");
    let name = match random.below(6) {
        0 => random.of(NAMES_ES).to_string(),
        1 => format!(
            "{} {}",
            random.of("de la|del|de|de los"),
            random.of(NAMES_ES)
        ),
        2 => format!(
            "{} {}",
            given(random, Region::Es),
            surname(random, Region::Es)
        ),
        3 => format!("Dr. {}", surname(random, Region::Es)),
        4 => format!(
            "{} {}",
            random.of("San|Santa|Virgen de|Nuestra Señora de"),
            given(random, Region::Es)
        ),
        _ => surname(random, Region::Es),
    };
    let number = house_number(random, 160);
    let joint = random.of(" | |, |, nº |, n.º | núm. |, no | Nº ");
    let floor = if random.percent(45) {
        let shape = random.of("\
            , %º?|, %º ?| %ºA|, %ºB|, % ?|, %º izda.|, %º dcha.|, Piso %| bajo|, bajo ?|\
            , esc. %, %º?|, %ª planta|, ático| %-%|, %C");
        random.fill(shape)
    } else if random.percent(4) {
        return format!("{kind}{name}, s/n");
    } else {
        String::new()
    };
    format!("{kind}{name}{joint}{number}{floor}")
}

/// A city: mostly of the lists, else made up.
pub(crate) fn city(random: &mut Random, region: Region) -> String {
    let listed = match region {
        Region::Us => us_city(random).0,
        Region::Uk => random.word(word_lists::places("uk city")),
        Region::De => random.word(word_lists::places("de city")),
        Region::Es => random.word(word_lists::places("es city")),
    };
    if random.percent(70) {
        return listed.to_string();
    }
    match region {
        Region::De => {
            let begin = random.of("|||Bad |Groß|Neu|Alt-|Ober|Klein ");
            let stem = random
                .of("Lind|Wald|Eichen|Mühl|Stein|Brunn|Habich|Rosen|Kirch|Wester|Grün|Hasel|Erlen");
            let stem = if begin.ends_with([' ', '-']) || begin.is_empty() {
                stem.to_string()
            } else {
                stem.to_lowercase()
            };
            let end = random
                .of("bach|hausen|berg|stedt|ingen|heim|dorf|au|kirchen|rode|büttel|feld|tal|ow");
            let more = random.of("|||| am See| a. d. Lahn| (Westf.)|-Süd| im Tal");
            format!("{begin}{stem}{end}{more}")
        }
        Region::Es => {
            let begin = random.of(
                "Villa|San |Santa |Puebla de |Torre|Fuente|Castil|Alcalá de |Monte|Val|Arroyo de ",
            );
            let end = random.of("nueva|rejo|blanca|del Río|la Reina|hermosa|seca|de los Olmos|franca|del Campo|mayor");
            if begin.ends_with(' ') {
                format!("{begin}{}", given(random, Region::Es))
            } else {
                format!("{begin}{end}")
            }
        }
        _ => coined_town(random),
    }
}

fn coined_town(random: &mut Random) -> String {
    let stem = if random.percent(40) {
        surname(random, Region::Us)
    } else {
        random.of(TOWN_STEMS).to_string()
    };
    match random.below(7) {
        0 => format!(
            "{} {stem}",
            random.of("North|West|New|Mount|Port|Lake|Fort|East|Old|Upper|St.")
        ),
        1 => format!(
            "{stem} {}",
            random.of(
                "Falls|Springs|Heights|Park|Beach|Grove|Hills|City|Junction|Crossing|Valley|Point"
            )
        ),
        _ => format!(
            "{stem}{}",
            random.of("ville|ton|burg|field|dale|wood|ford|port|view|boro|mont|side|brook")
        ),
    }
}

/// A US city and the letters of its state.
fn us_city(random: &mut Random) -> (&'static str, &'static str) {
    let entry = random.word(word_lists::places("us city"));
    entry.split_once(',').unwrap_or((entry, "OH"))
}

pub(crate) fn state(random: &mut Random, region: Region, short: bool) -> String {
    let entry = match region {
        Region::Us => random.word(word_lists::places("us state")),
        Region::Uk => random.of("England|Scotland|Wales|Northern Ireland"),
        Region::De => random.of(STATES_DE),
        Region::Es => random.of(STATES_ES),
    };
    let (long, abbreviation) = entry.split_once(',').unwrap_or((entry, entry));
    if short { abbreviation } else { long }.to_string()
}

pub(crate) fn zip(random: &mut Random, region: Region) -> String {
    match region {
        Region::Us => {
            let shape = random.of("#####|#####|#####|#####-####");
            random.fill(shape)
        }
        Region::Uk => {
            let shape = random.of("?% %??|?%# %??|??% %??|??%# %??|?%? %??|??%%??");
            random.fill(shape)
        }
        Region::De => {
            let shape = random.of("#####|#####|#####|#####|D-#####|A-%###|CH-%###");
            random.fill(shape)
        }
        Region::Es => format!("{:02}{}", random.between(1, 52), random.fill("###")),
    }
}

pub(crate) fn county(random: &mut Random, region: Region) -> String {
    match region {
        Region::Us => random.word(word_lists::places("us county")).to_string(),
        Region::Uk => random.of(COUNTIES_UK).to_string(),
        Region::De => format!("Landkreis {}", city(random, region)),
        Region::Es => random.word(word_lists::places("es city")).to_string(),
    }
}

pub(crate) fn country(random: &mut Random, lang: Lang) -> &'static str {
    random.of(match lang {
        Lang::En => COUNTRIES_EN,
        Lang::Es => COUNTRIES_ES,
        Lang::De => COUNTRIES_DE,
    })
}

/// A whole address on one line: street, city, state, postal code, each its own span.
pub(crate) fn address(draft: &mut Draft, random: &mut Random, region: Region) {
    let street = street(random, region);
    draft.gold(Kind::Location, &street);
    let code = zip(random, region);
    match region {
        Region::Us => {
            draft.push(random.of(", |, |, | |; "));
            let (listed, letters) = us_city(random);
            let town = if random.percent(70) {
                listed.to_string()
            } else {
                coined_town(random)
            };
            draft.gold(Kind::Location, &town);
            draft.push(random.of(", |, | "));
            let state = word_lists::places("us state").iter().find_map(|entry| {
                let (long, short) = entry.split_once(',')?;
                (short == letters).then_some(long)
            });
            let long = random.percent(15);
            draft.gold(Kind::State, state.filter(|_| long).unwrap_or(letters));
            draft.push(random.of(" | |  |, "));
            draft.gold(Kind::Location, &code);
        }
        Region::Uk => {
            draft.push(", ");
            draft.gold(Kind::Location, &city(random, region));
            if random.percent(25) {
                draft.push(", ");
                draft.gold(Kind::Location, random.of(COUNTIES_UK));
            }
            draft.push(random.of(", | "));
            draft.gold(Kind::Location, &code);
        }
        Region::De => {
            draft.push(random.of(", |, | in | · "));
            draft.gold(Kind::Location, &code);
            draft.push(" ");
            draft.gold(Kind::Location, &city(random, region));
        }
        Region::Es => {
            draft.push(random.of(", |. | - "));
            draft.gold(Kind::Location, &code);
            draft.push(random.of(" |, "));
            let town = city(random, region);
            draft.gold(Kind::Location, &town);
            if random.percent(25) {
                draft.push(" (");
                draft.gold(Kind::Location, random.word(word_lists::places("es city")));
                draft.push(")");
            }
        }
    }
}

/// A word that founders, streets and houses are named after.
pub(crate) fn proper(random: &mut Random) -> String {
    if random.percent(55) {
        surname(random, Region::Us)
    } else if random.percent(50) {
        random.of(TOWN_STEMS).to_string()
    } else {
        format!(
            "{}{}",
            random.of(TOWN_STEMS),
            random.of("wood|view|crest|brook|dale|field|ridge|mont")
        )
    }
}

fn surname(random: &mut Random, region: Region) -> String {
    let name = match region {
        Region::De => "de",
        Region::Es => "es",
        _ => random.of("us|tail|uk|us_words"),
    };
    word_lists::culture(name).map_or_else(String::new, |culture| culture.surname(random))
}

pub(crate) fn given(random: &mut Random, region: Region) -> &'static str {
    let name = match region {
        Region::De => "de",
        Region::Es => "es",
        _ => "us",
    };
    let culture = word_lists::culture(name);
    let list = culture.map_or(&[][..], |culture| {
        if random.percent(50) {
            &culture.male
        } else {
            &culture.female
        }
    });
    random.word(list)
}

fn house_number(random: &mut Random, most: i64) -> String {
    let most = if random.percent(60) {
        most.min(999)
    } else {
        most
    };
    random.between(1, most).to_string()
}

fn ordinal(number: i64) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

const ROADS_US: &str = "\
    St|Street|St.|Ave|Avenue|Ave.|Rd|Road|Rd.|Dr|Drive|Ln|Lane|Blvd|Boulevard|Ct|Court|Pl|Place|\
    Way|Ter|Terrace|Cir|Circle|Pkwy|Parkway|Trl|Trail|Hwy|Loop|Row|Square|Run|Path|Plaza|Pike|\
    Alley|Crossing|Bend|Cove|Walk";
const ROADS_UK: &str = "\
    Road|Street|Lane|Avenue|Close|Crescent|Gardens|Drive|Grove|Way|Terrace|Rd|St|Mews|Hill|Park|\
    Green|Square|Walk|Rise|Court|Row";
const HOUSES_UK: &str = "House|Lodge|Court|Cottage|Farm|Mansions";
const ORDINAL_WORDS: &str =
    "First|Second|Third|Fifth|Sixth|Seventh|Tenth|Main|Broadway|Front|Center|High";
const TREES: &str = "\
    Oak|Maple|Elm|Cedar|Pine|Walnut|Chestnut|Birch|Willow|Spruce|Magnolia|Sycamore|Dogwood|\
    Juniper|Poplar|Aspen";
const LAND: &str =
    "Creek|Ridge|Hill|Valley|Lake|Park|Mill|Spring|Meadow|River|Glen|Hollow|Farm|Church|Grove";
const STEMS_DE: &str = "\
    Haupt|Bahnhof|Garten|Linden|Schiller|Goethe|Kirch|Berg|Wald|Schul|Mozart|Beethoven|Eichen|\
    Buchen|Rosen|Mühlen|Markt|Post|Ring|Blumen|Birken|Wiesen|Dorf|Industrie|Brunnen|Feld|Tal|\
    Sonnen|Burg|Park|Bismarck|Friedrich|Luisen|Hafen|Kaiser|König|Uhland|Lessing|Amsel|Finken|\
    Kastanien|Ulmen|Ahorn|Kloster|Brücken|Anger|Holunder|Weiden";
const ENDS_DE: &str = "\
    straße|straße|str.|str.|strasse|weg|weg|gasse|platz|allee|ring|ufer|damm|steig|stieg|pfad|\
    hof|graben";
const AT_DE: &str = "\
    Hang|Markt|Bach|Kirchplatz|Weiher|Alten Tor|Stadtgraben|Anger|Sonnenhügel|Wiesengrund|\
    Rosengarten|Mühlbach|Wasserturm|Linde";
const CITY_ADJECTIVES_DE: &str = "\
    Berliner|Hamburger|Kölner|Münchner|Frankfurter|Alte|Neue|Lange|Obere|Untere|Wiener|Bremer|\
    Dresdner|Grüne|Kleine|Hohe";
const NAMES_ES: &str = "\
    Mayor|Real|Nueva|Constitución|Libertad|Paz|Iglesia|Fuente|Sol|Luna|Olivos|Goya|Velázquez|\
    Cervantes|Colón|Cádiz|Valencia|Toledo|Prado|Castellana|Delicias|Rosales|Pinos|Molino|Puente|\
    Estación|Hospital|Mercado|Almendros|Rosario|Carmen|Cruz|Laurel|Miraflores|Alameda|Ebro|\
    Río Duero|Dos de Mayo|Gran Capitán|Reyes Católicos|Batalla de Lepanto";
const TOWN_STEMS: &str = "\
    River|Oak|Spring|Maple|Cedar|Green|Stone|Clear|Silver|Rock|Fair|Mill|Harbor|Sunny|Pleasant|\
    Summit|Eagle|Bear|Fox|Deer|Winter|Ash|Glen|Brook|West|North|East|South|Lake|Forest|Shady|\
    Prairie|Copper|Iron|Salt|Blue|Red|Golden|Crystal|Hazel|Birch|Elm|Falcon";
const COUNTIES_UK: &str = "\
    Kent|Surrey|Essex|Devon|Cornwall|Norfolk|Suffolk|Lancashire|West Yorkshire|North Yorkshire|\
    Hampshire|Cheshire|Derbyshire|Dorset|Cumbria|Fife|Gwynedd|Co. Antrim|Northumberland|\
    West Midlands|East Sussex";
const STATES_DE: &str = "\
    Bayern|Hessen|Sachsen|Thüringen|Niedersachsen|Brandenburg|Saarland|Rheinland-Pfalz|\
    Baden-Württemberg|Nordrhein-Westfalen|Schleswig-Holstein|NRW|Steiermark|Tirol";
const STATES_ES: &str = "\
    Andalucía|Aragón|Cataluña|Galicia|Extremadura|Castilla y León|Castilla-La Mancha|\
    Comunidad Valenciana|País Vasco|Navarra|Cantabria|Asturias|Canarias";
const COUNTRIES_EN: &str = "\
    Mexico|India|the Philippines|Guatemala|China|Vietnam|Nigeria|El Salvador|Haiti|Somalia|\
    Ukraine|Germany|Brazil|Colombia|USA|United States|Canada|Poland|Pakistan|Jordan|Ethiopia|\
    Peru|Ireland|France|Kenya|Cuba";
const COUNTRIES_ES: &str = "\
    España|España|España|Marruecos|Ecuador|Colombia|Perú|Rumanía|Argentina|Venezuela|Francia|\
    Portugal|Italia|Alemania|China|Bolivia";
const COUNTRIES_DE: &str = "\
    Deutschland|Türkei|Polen|Österreich|Schweiz|Italien|Spanien|Kenia|Thailand|Ägypten|Indien|\
    Syrien|Afghanistan|Griechenland|Kroatien|Brasilien";

/// Words that begin a part of a building.
const UNITS: &str = "Apt|Apartment|Suite|Ste|Unit|#|Floor|Rm|Lot|Bldg|Trlr|Flat|Piso|bajo|esc";
