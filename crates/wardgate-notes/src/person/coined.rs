//! Names that stand in no list: made of the syllables of a culture, so that a detector cannot
//! lean on its lists alone.

use crate::random::Random;
use crate::word_lists::capital;

/// A given name of no list.
pub(super) fn given(random: &mut Random, female: bool) -> String {
    let mut name = String::new();
    for _ in 0..random.weighted(&[(6, 1), (4, 2)], 1) {
        name.push_str(random.of(ONSETS));
        name.push_str(random.of(VOWELS));
    }
    name.push_str(random.of(if female { FEMALE_ENDS } else { MALE_ENDS }));
    if random.percent(8) {
        let prefix = random.of("La|De|Ja|Sha|Ty|Ka");
        return format!("{prefix}{}", capital(&name));
    }
    if random.percent(4) {
        let second = capital(random.of(SHORT));
        return format!("{}-{second}", capital(&name));
    }
    capital(&name)
}

/// A surname of no list, in the manner of a culture.
pub(super) fn surname(random: &mut Random, culture: &str) -> String {
    let stem = |random: &mut Random, most: usize| {
        let mut stem = String::new();
        for _ in 0..1 + random.below(most) {
            stem.push_str(random.of(ONSETS));
            stem.push_str(random.of(VOWELS));
        }
        stem.push_str(random.of(CODAS));
        stem
    };
    let (prefixes, ends): (&str, &str) = match culture {
        "es" | "mx" | "br" | "word_es" => ("", ENDS_ROMANCE),
        "de" | "word_de" | "nl" | "se" => ("", ENDS_GERMANIC),
        "pl" | "ru" | "cz" | "hr" | "ro" => ("", ENDS_SLAVIC),
        "in" | "pk" => ("", ENDS_INDIAN),
        "ar" | "ir" => ("Al-|El-|al-|Abu |Ben |", "|i|an|awi|ani"),
        "ng" | "gh" | "ke" | "so" => ("Olu|Ade|O|Nwa|Ko|", ENDS_AFRICAN),
        "it" | "gr" | "fr" => ("|||De |La", ENDS_SOUTHERN),
        "cn" | "vi" | "kr" | "hm" => return capital(random.of(SHORT)),
        "jp" | "id" | "fi" => ("", "moto|kawa|yama|nen|la|wan|to"),
        "ie" => ("O'|Mc|Mac|Fitz|", "|an|ey|y|erty|igan"),
        _ => ("|||||Mc|Van |St. ", ENDS_ENGLISH),
    };
    let prefix = random.of(prefixes);
    let end = random.of(ends);
    let most = if end.len() > 3 { 1 } else { 2 };
    let body = format!("{}{end}", stem(random, most));
    format!(
        "{prefix}{}",
        if prefix.len() == 3 && prefix == "Olu" {
            body
        } else {
            capital(&body)
        }
    )
}

/// A short name for a given name.
pub(super) fn nick(random: &mut Random, given: &str) -> String {
    if let Some((_, nick)) = NICKS.iter().find(|(name, _)| *name == given) {
        return (*nick).to_string();
    }
    let letters: Vec<char> = given.chars().take_while(|c| c.is_alphabetic()).collect();
    let vowel = |c: &char| "aeiouyáéíóúäöü".contains(c.to_ascii_lowercase());
    let cut = letters
        .iter()
        .skip(2)
        .position(vowel)
        .map_or(letters.len(), |at| at + 2);
    let short: String = letters.iter().take(cut.max(2)).collect();
    let end = random.of("ie|y||i|");
    format!("{short}{end}")
}

const ONSETS: &str = "\
    b|br|c|ch|cl|d|dr|f|fl|g|gr|h|j|k|kl|kr|l|m|n|p|pr|qu|r|s|sh|sk|st|str|t|th|tr|v|w|y|z|sch|\
    wh|bl|tw|ny";
const VOWELS: &str = "a|e|i|o|u|a|e|i|o|ai|ea|ei|ie|oa|ou|y|ee";
const CODAS: &str = "n|r|l|s|m|t|d|ck|rd|ll|nn|nd|st|rn|ng|b|g|v|z|th|sk|x|p|lk|rl";
const FEMALE_ENDS: &str =
    "na|lla|ria|nique|sha|lyn|lynn|tte|sia|ra|ya|lia|nne|ka|da|mi|bel|line|ssa|ndra";
const MALE_ENDS: &str =
    "n|ron|rel|rick|vin|ton|s|rius|mar|lan|do|k|r|th|shawn|quan|ndre|bert|ro|sh";
const SHORT: &str = "\
    quo|shui|zhe|nguon|bui|tieu|pham|geum|pyo|maeng|khang|lyu|zeng|xun|diep|thach|eum|gwak|tao|\
    vong|xa|yaw|zou|nie|qiu|kha|sen|lo|bo|cho|hsiao|kuo|nghiem|ong|poon|quek|siew|tey";
const ENDS_ENGLISH: &str = "\
    ton|ley|field|worth|ford|man|well|son|wood|by|ham|er|ers|ston|brook|more|land|ridge|croft|s|\
    ing|ell|ick|kin|den";
const ENDS_ROMANCE: &str =
    "ez|oza|ero|illo|ano|eira|ales|edo|eda|uela|eros|anza|ín|al|ino|ués|ite|arra|ugui|eta|oechea";
const ENDS_GERMANIC: &str = "\
    mann|berger|hofer|meier|bach|er|le|ke|ner|stein|feld|ling|hausen|mayer|ing|sen|ström|huis|\
    stra|ert|brecht|haus|thaler";
const ENDS_SLAVIC: &str = "ski|ska|ov|ova|enko|vic|czyk|ak|ek|in|ević|escu|owicz|uk|ynskyi|ev|iak";
const ENDS_INDIAN: &str =
    "wala|kar|raju|swamy|pathi|lingam|ani|ria|eja|oor|nathan|rao|jee|want|dani|appa|gowda|deep";
const ENDS_AFRICAN: &str =
    "kwo|beye|dele|nkechi|tunde|oye|bola|weze|ndu|mba|nga|ti|asare|ngi|lemu|osu";
const ENDS_SOUTHERN: &str =
    "ini|elli|ucci|opoulos|akis|idis|eau|ard|ier|oni|ese|otti|iou|aldi|ault|ese|one";
const NICKS: &[(&str, &str)] = &[
    ("William", "Bill"),
    ("Robert", "Bob"),
    ("Richard", "Rick"),
    ("James", "Jim"),
    ("John", "Jack"),
    ("Michael", "Mike"),
    ("Elizabeth", "Liz"),
    ("Margaret", "Peggy"),
    ("Katherine", "Kate"),
    ("Patricia", "Patty"),
    ("Charles", "Chuck"),
    ("Edward", "Ted"),
    ("Joseph", "Joe"),
    ("Thomas", "Tom"),
    ("Theodore", "Teddy"),
    ("Francisco", "Paco"),
    ("José", "Pepe"),
    ("Dolores", "Lola"),
    ("Ignacio", "Nacho"),
    ("Guadalupe", "Lupe"),
    ("Rosario", "Charo"),
    ("Jesús", "Chuy"),
    ("Johannes", "Hannes"),
    ("Elisabeth", "Sissi"),
    ("Friedrich", "Fritz"),
    ("Josef", "Sepp"),
    ("Anthony", "Tony"),
    ("Susan", "Sue"),
    ("Alexander", "Alex"),
    ("Daniel", "Danny"),
    ("Barbara", "Babs"),
    ("Samuel", "Sam"),
];
