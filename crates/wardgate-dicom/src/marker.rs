//! The marks by which a file tells that it was de-identified, and how (PS3.15 E.1.1).

use dicom_core::VR;

use crate::element::{DataSet, Element, tags};
use crate::options::Options;
use crate::table::TABLE;

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
