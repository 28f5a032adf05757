//! Which options of PS3.15 Annex E are on.

use wardgate_deid::{Action, Kind, Part, Profile};

/// The options of PS3.15 E.3; the Basic Profile itself always holds.
///
/// ```
/// use wardgate_deid::Profile;
/// use wardgate_dicom::Options;
///
/// let options = Options::of(&Profile::safe_harbor());
/// assert!(options.modified_dates && !options.retain_full_dates && !options.retain_uids);
/// assert!(Options::of(&Profile::limited_data_set()).retain_full_dates);
/// assert_eq!(Options::basic().codes().count(), 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the standard's options are independent of each other"
)]
pub struct Options {
    /// Private attributes on the safe list stay (E.3.10).
    pub retain_safe_private: bool,
    /// UIDs stay, but for those that hold an identifier (E.3.9).
    pub retain_uids: bool,
    /// Serial numbers and names of devices stay (E.3.8).
    pub retain_device_identity: bool,
    /// The institution stays (E.3.11).
    pub retain_institution_identity: bool,
    /// Sex, size, weight and ages stay; an age over 89 becomes 90 years (E.3.7).
    pub retain_patient_characteristics: bool,
    /// Dates and times stay (E.3.6).
    pub retain_full_dates: bool,
    /// Dates move by the patient's own number of days (E.3.6).
    pub modified_dates: bool,
    /// Descriptions and comments stay, cleaned by the text engine (E.3.5).
    pub clean_descriptors: bool,
    /// Content trees of structured reports stay, cleaned (E.3.4).
    pub clean_structured_content: bool,
    /// Graphic annotations stay, cleaned; overlays and curves go (E.3.3).
    pub clean_graphics: bool,
    /// Burned-in text is looked for, and blanked or refused (E.3.1).
    pub clean_pixel_data: bool,
    /// What is done with a picture in which it stands.
    pub burned_in: BurnedIn,
    /// Files whose pixels could show a face are refused unless they are cleaned (E.3.2).
    pub clean_recognizable_visual_features: bool,
}

/// What is done with a picture in which text stands, or of which a rule wants parts blanked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BurnedIn {
    /// Native pixels are blanked; compressed ones refuse the file, because they would be compressed again.
    #[default]
    Blank,
    /// The file is refused.
    Refuse,
    /// Native pixels are blanked, compressed ones decompressed for good and blanked: the file leaves in explicit
    /// VR little endian.
    DecodeAndBlank,
}

impl BurnedIn {
    /// The word that options and reports use.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Refuse => "refuse",
            Self::DecodeAndBlank => "decode-and-blank",
        }
    }
}

impl Options {
    /// The Basic Profile with no option.
    #[must_use]
    pub fn basic() -> Self {
        Self::default()
    }

    /// What a profile of identifiers means for DICOM.
    ///
    /// Dates that the profile keeps stay, dates that it moves move, and all others go. Device and institution
    /// stay where the profile keeps their kinds. What can be cleaned is cleaned rather than removed.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let keeps = |kind| profile.action(kind, Part::Whole) == Action::Keep;
        let dates = profile.action(Kind::Date, Part::Whole);
        let moves = matches!(
            dates,
            Action::Surrogate | Action::Placeholder | Action::Shift { .. }
        );
        let ages = profile.action(Kind::Age, Part::Under90);
        Self {
            retain_safe_private: true,
            retain_uids: false,
            retain_device_identity: keeps(Kind::Device),
            retain_institution_identity: keeps(Kind::Facility),
            retain_patient_characteristics: matches!(
                ages,
                Action::Keep | Action::Generalise { .. }
            ),
            retain_full_dates: dates == Action::Keep,
            modified_dates: moves,
            clean_descriptors: true,
            clean_structured_content: true,
            clean_graphics: true,
            clean_pixel_data: true,
            burned_in: BurnedIn::Blank,
            clean_recognizable_visual_features: false,
        }
    }

    /// Codes and meanings of CID 7050 for the profile and its options, as (0012,0064) has them.
    pub fn codes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let on = [
            true,
            self.clean_pixel_data,
            self.clean_recognizable_visual_features,
            self.clean_graphics,
            self.clean_structured_content,
            self.clean_descriptors,
            self.retain_full_dates,
            self.modified_dates && !self.retain_full_dates,
            self.retain_patient_characteristics,
            self.retain_device_identity,
            self.retain_uids,
            self.retain_safe_private,
            self.retain_institution_identity,
        ];
        CODES
            .into_iter()
            .zip(on)
            .filter_map(|(code, on)| on.then_some(code))
    }
}

/// CID 7050 "De-identification Method" (PS3.16), in its order.
const CODES: [(&str, &str); 13] = [
    ("113100", "Basic Application Confidentiality Profile"),
    ("113101", "Clean Pixel Data Option"),
    ("113102", "Clean Recognizable Visual Features Option"),
    ("113103", "Clean Graphics Option"),
    ("113104", "Clean Structured Content Option"),
    ("113105", "Clean Descriptors Option"),
    (
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    (
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    ("113108", "Retain Patient Characteristics Option"),
    ("113109", "Retain Device Identity Option"),
    ("113110", "Retain UIDs Option"),
    ("113111", "Retain Safe Private Option"),
    ("113112", "Retain Institution Identity Option"),
];
