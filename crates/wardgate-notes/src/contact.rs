//! Telephone and fax numbers, e-mail and web addresses, IP addresses.

use crate::person::Person;
use crate::place;
use crate::random::Random;
use crate::template::Region;

/// Shapes of telephone numbers; a document keeps to one.
pub(crate) fn phone_shapes(region: Region) -> &'static str {
    match region {
        Region::Us => {
            "\
            (%##) %##-####|%##-%##-####|(%##) %##-####|%##-%##-####|%##.%##.####|(%##)%##-####|\
            %## %## ####|+1 %##-%##-####|1-%##-%##-####|+1 (%##) %##-####|%##%##%###|\
            (%##) %##-#### ext. ###|%##-%##-#### x%##|%##/%##-####|%##-####|(%##)-%##-####|\
            1 (%##) %##-####|+1%##%##%###|%##-%##-#### ext %#|(%##) %## ####|1.%##.%##.####|\
            800-%##-####|%## - %## - ####"
        }
        Region::Uk => {
            "\
            01### ######|020 7### ####|07### ######|+44 7### ######|0%## ### ####|\
            +44 (0)20 7### ####|(01###) ######|01### ### ###|07#########|+44 1### ######|\
            0%## %###%##|0044 7### ######|07### ### ###"
        }
        Region::De => {
            "\
            0%## %######|0%##/%#####|0%##-%#####|+49 %## %######|+49 (0)%## %#####|\
            (0%##) %### ##|0%### %####|0%### / %####|0%## %##-%###|017# %######|+49 17# %######|\
            0%###/%####-0|+43 (0)%## %##-%###|0%## - %## ## ##|0%## %## %## %#|0049 %## %#####|\
            030 / %## %###|015%#-%######|+41 %# %## ## ##"
        }
        Region::Es => {
            "\
            9## ### ###|6## ### ###|9########|6########|9# ### ## ##|6## ## ## ##|\
            +34 6## ### ###|+34 9## ## ## ##|9##-######|9## ## ## ##|(+34) 6########|\
            0034 9## ### ###|7## ### ###|9#.###.##.##|9## ### ### ext. %##|9##-##-##-##"
        }
    }
}

/// An address of a person, or of an office.
pub(crate) fn email(random: &mut Random, region: Region, person: &Person) -> String {
    let given = plain(&person.given);
    let last = plain(&person.last);
    let initial: String = given.chars().take(1).collect();
    let joint = random.of(".|_||.|-");
    let user = match random.below(10) {
        0..4 => format!("{given}{joint}{last}"),
        4 => format!("{initial}{last}"),
        5 => format!("{last}{joint}{initial}"),
        6 => format!("{given}{}", random.between(1, 1999)),
        7 => format!("{given}{joint}{last}{}", random.between(1, 99)),
        8 => format!(
            "{}{}",
            plain(&place::proper(random)),
            random.of("lover|fan|mom|dad|99|_rn|2000")
        ),
        _ => random
            .of("info|records|scheduling|frontdesk|referrals|kontakt|citas")
            .to_string(),
    };
    let host = plain(&place::proper(random));
    let domain = match (random.below(10), region) {
        (0..3, _) => random
            .of("gmail.com|yahoo.com|hotmail.com|outlook.com|icloud.com|aol.com|proton.me")
            .to_string(),
        (3, Region::De) => random
            .of("web.de|gmx.de|t-online.de|freenet.de")
            .to_string(),
        (3, Region::Es) => random
            .of("yahoo.es|hotmail.es|telefonica.net|terra.es")
            .to_string(),
        (_, Region::De) => format!("{}{host}.de", random.of("klinikum-|praxis-|uk-|")),
        (_, Region::Es) => format!("{}{host}.es", random.of("hospital|clinica-|h|")),
        (_, Region::Uk) => random
            .of("nhs.net|btinternet.com|surgery.nhs.uk|virginmedia.com")
            .to_string(),
        (4, _) => format!("mail.{host}.org"),
        _ => format!(
            "{host}{}",
            random.of("health.org|.edu|.com|clinic.com|.org|medical.net|.example")
        ),
    };
    let address = format!("{user}@{domain}");
    if random.percent(8) {
        let mut letters = address.chars();
        let capital = letters.next().map(|c| c.to_ascii_uppercase());
        return capital.into_iter().chain(letters).collect();
    }
    address
}

/// A web address: portals, profiles, images.
pub(crate) fn url(random: &mut Random, person: &Person) -> String {
    let host = plain(&place::proper(random));
    let last = plain(&person.last);
    let number = random.between(1000, 999_999);
    let scheme = random.of("https://|https://|http://||https://www.|www.");
    let top = random.of("org|com|net|health|edu|example|de|es|co.uk|io");
    let path = match random.below(8) {
        0 => format!("/patient/{number}"),
        1 => format!("/records?id={number}"),
        2 => format!("/u/{last}{}", random.between(1, 99)),
        3 => format!("/portal/{}", random.fill("?##??%%")),
        4 => format!("/viewer/study/{number}/series/{}", random.between(1, 9)),
        5 => format!("/#/mychart/{last}"),
        _ => String::new(),
    };
    if path.is_empty() && !scheme.contains("http") && !scheme.contains("www") {
        return format!("www.{host}.{top}");
    }
    let head = random.of("|portal.|my.|pacs.|");
    let head = if scheme.contains("www") { "" } else { head };
    format!("{scheme}{head}{host}.{top}{path}")
}

/// Version 4 mostly; some of version 6, some hardware addresses.
pub(crate) fn ip(random: &mut Random) -> String {
    match random.below(10) {
        0 => {
            let groups: Vec<String> = (0..8)
                .map(|_| format!("{:x}", random.between(0, 0xffff)))
                .collect();
            groups.join(":")
        }
        1 => format!(
            "fe80::{:x}:{:x}",
            random.between(1, 0xffff),
            random.between(1, 0xffff)
        ),
        2 => {
            let pairs: Vec<String> = (0..6)
                .map(|_| format!("{:02x}", random.between(0, 255)))
                .collect();
            pairs.join(random.of(":|:|-")).to_uppercase()
        }
        3 => format!(
            "10.{}.{}.{}",
            random.between(0, 255),
            random.between(0, 255),
            random.between(1, 254)
        ),
        4 => format!(
            "192.168.{}.{}",
            random.between(0, 255),
            random.between(1, 254)
        ),
        _ => format!(
            "{}.{}.{}.{}",
            random.between(1, 223),
            random.between(0, 255),
            random.between(0, 255),
            random.between(1, 254)
        ),
    }
}

/// Lower-case ASCII letters of a name.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'a'..='z' => Some(c),
            'á' | 'à' | 'ä' | 'â' | 'ą' => Some('a'),
            'é' | 'è' | 'ê' | 'ę' => Some('e'),
            'í' | 'ì' | 'ı' => Some('i'),
            'ó' | 'ò' | 'ö' | 'ô' => Some('o'),
            'ú' | 'ù' | 'ü' => Some('u'),
            'ñ' | 'ń' => Some('n'),
            'ç' => Some('c'),
            'ł' => Some('l'),
            'ş' | 'ß' | 'ś' => Some('s'),
            _ => None,
        })
        .collect()
}
