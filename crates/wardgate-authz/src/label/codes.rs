//! Codes that a text may quote, and the sensitivity that each tells.

use crate::consent::sensitivity::Sensitivities;

/// The sensitivities that the codes of a text tell.
pub(super) fn look_for(text: &str) -> Sensitivities {
    let mut sensitive = Sensitivities::NONE;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    // RxNorm numbers are short, and mean something only where RxNorm is named.
    let rx_norm = has_word(text, "rxnorm");
    for token in text.as_bytes().split(|byte| !is_part(byte)) {
        let token = token.trim_ascii_end();
        let Ok(token) = std::str::from_utf8(token) else {
            continue;
        };
        let token = token.trim_matches(['.', '-']);
        if !(2..=CODE_BYTES_MAX).contains(&token.len()) {
            continue;
        }
        let code = icd_10(token)
            .or_else(|| in_table(SINGLE, token))
            .or_else(|| rx_norm.then(|| in_table(RX_NORM, token)).flatten());
        if let Some(one) = code.and_then(Sensitivities::of) {
            sensitive = sensitive.with(one);
        }
    }
    sensitive
}

fn has_word(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

fn in_table(table: &[(&str, &'static str)], token: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(code, _)| *code == token)
        .map(|(_, label)| *label)
}

/// `F10`, `F10.20` or, as in claims, `F1020`: the longest entry that the code starts with.
fn icd_10(token: &str) -> Option<&'static str> {
    let bytes = token.as_bytes();
    let [letter, tens, ones, rest @ ..] = bytes else {
        return None;
    };
    let category = letter.is_ascii_uppercase() && tens.is_ascii_digit() && ones.is_ascii_digit();
    let detail = match rest {
        [] => true,
        [b'.', detail @ ..] => is_detail(detail, 1),
        // Without its dot, a code of four signs may be a room.
        detail => is_detail(detail, 2),
    };
    if !category || !detail {
        return None;
    }
    let plain: String = token.chars().filter(|sign| *sign != '.').collect();
    ICD_10
        .iter()
        .filter(|(start, _)| plain.starts_with(start))
        .max_by_key(|(start, _)| start.len())
        .map(|(_, label)| *label)
}

fn is_detail(detail: &[u8], least: usize) -> bool {
    (least..=4).contains(&detail.len()) && detail.iter().all(u8::is_ascii_alphanumeric)
}

/// Longer than any code of these systems.
const CODE_BYTES_MAX: usize = 18;

/// Categories of ICD-10-CM, without the dot.
const ICD_10: &[(&str, &str)] = &[
    ("F0", "COGN"),
    ("F10", "ETHUD"),
    ("F11", "OPIOIDUD"),
    ("F12", "SUD"),
    ("F13", "SUD"),
    ("F14", "SUD"),
    ("F15", "SUD"),
    ("F16", "SUD"),
    ("F18", "SUD"),
    ("F19", "SUD"),
    ("F2", "PSY"),
    ("F3", "PSY"),
    ("F4", "PSY"),
    ("F5", "PSY"),
    ("F52", "SEX"),
    ("F60", "PSY"),
    ("F63", "PSY"),
    ("F64", "SEX"),
    ("F65", "SEX"),
    ("F7", "DVD"),
    ("F8", "DVD"),
    ("F9", "EMOTDIS"),
    ("K70", "ETHUD"),
    ("T40", "OPIOIDUD"),
    ("T51", "ETHUD"),
    ("Y90", "ETHUD"),
    ("Z714", "ETHUD"),
    ("Z715", "SUD"),
    ("B20", "HIV"),
    ("B9735", "HIV"),
    ("O987", "HIV"),
    ("R75", "HIV"),
    ("Z114", "HIV"),
    ("Z206", "HIV"),
    ("Z21", "HIV"),
    ("Z717", "HIV"),
    ("A50", "STD"),
    ("A51", "STD"),
    ("A52", "STD"),
    ("A53", "STD"),
    ("A54", "STD"),
    ("A55", "STD"),
    ("A56", "STD"),
    ("A57", "STD"),
    ("A58", "STD"),
    ("A59", "STD"),
    ("A60", "STD"),
    ("A63", "STD"),
    ("A64", "STD"),
    ("Z113", "STD"),
    ("O04", "SEX"),
    ("Z332", "SEX"),
    ("Z30", "SEX"),
    ("Z31", "SEX"),
    ("Z725", "SEX"),
    ("Z33", "PREGNANT"),
    ("Z34", "PREGNANT"),
    ("T74", "SDV"),
    ("T76", "SDV"),
    ("Y07", "SDV"),
    ("Z044", "SDV"),
    ("Z69", "SDV"),
    ("R45851", "PSY"),
    ("T1491", "PSY"),
    ("Z915", "PSY"),
    ("D57", "SICKLE"),
    ("E84", "GDIS"),
    ("D66", "GDIS"),
    ("D67", "GDIS"),
    ("G10", "GDIS"),
    ("Q9", "GDIS"),
    ("Z14", "GDIS"),
    ("Z15", "GDIS"),
];

/// Concepts of SNOMED CT and LOINC.
const SINGLE: &[(&str, &str)] = &[
    ("7200002", "ETHUD"),
    ("66590003", "ETHUD"),
    ("15167005", "ETHUD"),
    ("74013-4", "ETHUD"),
    ("75626-2", "ETHUD"),
    ("72109-2", "ETHUD"),
    ("5602001", "OPIOIDUD"),
    ("75544000", "OPIOIDUD"),
    ("191816009", "SUD"),
    ("26416006", "SUD"),
    ("86406008", "HIV"),
    ("62479008", "HIV"),
    ("7917-8", "HIV"),
    ("20447-9", "HIV"),
    ("25836-8", "HIV"),
    ("30361-0", "HIV"),
    ("56888-1", "HIV"),
    ("76272004", "STD"),
    ("15628003", "STD"),
    ("35489007", "PSY"),
    ("370143000", "PSY"),
    ("58214004", "PSY"),
    ("13746004", "PSY"),
    ("47505003", "PSY"),
    ("197480006", "PSY"),
    ("371631005", "PSY"),
    ("74732009", "MH"),
    ("44249-1", "PSY"),
    ("44261-6", "PSY"),
    ("69737-5", "PSY"),
];

/// Ingredients of RxNorm.
const RX_NORM: &[(&str, &str)] = &[
    ("6813", "OPIOIDUD"),
    ("1819", "OPIOIDUD"),
    ("7243", "SUD"),
    ("3554", "ETHUD"),
    ("82819", "ETHUD"),
    ("6448", "PSY"),
    ("2626", "PSY"),
];
