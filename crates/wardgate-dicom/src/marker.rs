//! The marks by which a file tells that it was de-identified, and how (PS3.15 E.1.1).

use dicom_core::VR;

use crate::element::{DataSet, Element, Tag, tags};
use crate::options::Options;
use crate::pixels::Decoded;
use crate::table::{Action, TABLE};

/// Puts the marks into a data set.
pub(crate) fn mark(set: &mut DataSet<'_>, options: &Options, profile: &str, examined: bool) {
    set.put(Element::text(tags::IDENTITY_REMOVED, VR::CS, "YES"));
    let profile: String = profile
        .chars()
        .filter(|c| !c.is_control() && *c != '\\')
        .take(40)
        .collect();
    let method = format!(
        "PS3.15 {} Annex E\\Wardgate profile {profile}",
        TABLE.edition()
    );
    set.put(Element::text(tags::METHOD, VR::LO, &method));
    let codes = options.codes().map(|(code, meaning)| DataSet {
        elements: vec![
            Element::text(tags::CODE_VALUE, VR::SH, code),
            Element::text(tags::CODE_SCHEME, VR::SH, "DCM"),
            Element::text(tags::CODE_MEANING, VR::LO, meaning),
        ],
    });
    set.put(Element::items(tags::METHOD_CODES, codes.collect()));
    let dates = if options.retain_full_dates {
        "UNMODIFIED"
    } else if options.modified_dates {
        "MODIFIED"
    } else {
        "REMOVED"
    };
    set.put(Element::text(tags::DATES_MODIFIED, VR::CS, dates));
    if examined {
        set.put(Element::text(tags::BURNED_IN, VR::CS, "NO"));
    }
}

/// Tells that compressed pixels became native ones with parts blanked (PS3.3 C.7.6.1.1.2, C.7.6.3).
pub(crate) fn mark_decoded(set: &mut DataSet<'_>, options: &Options, decoded: &Decoded) {
    set.put(Element::text(
        tags::PHOTOMETRIC,
        VR::CS,
        decoded.photometric(),
    ));
    if decoded.has_colours() {
        set.put(Element::bytes(tags::PLANAR, VR::US, vec![0, 0]));
    }
    // What was lost stays lost: an answer that is there is true still, a missing one is given where it is known.
    if decoded.is_lossy() {
        set.put(Element::text(LOSSY, VR::CS, "01"));
    }
    let mut words: Vec<String> = set
        .ascii(tags::IMAGE_TYPE)
        .split('\\')
        .map(str::to_owned)
        .collect();
    if let Some(word) = words.first_mut() {
        "DERIVED".clone_into(word);
        if words.len() == 1 {
            words.push("PRIMARY".to_owned());
        }
        set.put(Element::text(tags::IMAGE_TYPE, VR::CS, &words.join("\\")));
    }
    let described = TABLE.row(DERIVATION);
    let described = described.map(|row| row.action(options, VR::ST));
    if described != Some(Action::Remove) {
        let said = set.ascii(DERIVATION).into_owned();
        let said = match said.is_empty() {
            true => BLANKED.to_owned(),
            false => format!("{said}; {BLANKED}"),
        };
        // In another character set than ASCII, it stays as it is.
        if said.is_ascii() && said.len() <= DERIVATION_LEN_MAX {
            set.put(Element::text(DERIVATION, VR::ST, &said));
        }
    }
    // Tables of offsets speak of fragments.
    set.elements
        .retain(|element| !OFFSET_TABLES.contains(&element.tag));
}

const BLANKED: &str = "Decompressed, burned-in text blanked";
const LOSSY: Tag = Tag::new(0x0028, 0x2110);
const DERIVATION: Tag = Tag::new(0x0008, 0x2111);
/// Of ST (PS3.5 table 6.2-1).
const DERIVATION_LEN_MAX: usize = 1024;
/// Extended offset table, its lengths, and the length of all fragments.
const OFFSET_TABLES: [Tag; 3] = [
    Tag::new(0x7fe0, 0x0001),
    Tag::new(0x7fe0, 0x0002),
    Tag::new(0x7fe0, 0x0003),
];
