//! `wardgate deid dicom`: folders of DICOM files.

use clap::{Args, ValueEnum};
use wardgate_datasets::formats::Images;
use wardgate_dicom::Options;

use super::pixels::PixelArguments;
use super::records::{RecordArguments, records_help};
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// De-identify DICOM files by PS3.15 Annex E, pixels included
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    records: RecordArguments,

    /// Options of PS3.15 that are switched on besides those of the profile
    #[arg(long, value_enum, value_delimiter = ',', value_name = "OPTION")]
    with: Vec<Choice>,

    /// Options of PS3.15 that are switched off
    #[arg(long, value_enum, value_delimiter = ',', value_name = "OPTION")]
    without: Vec<Choice>,

    #[command(flatten)]
    pixels: PixelArguments,
}

/// An option of PS3.15 E.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Private attributes on the safe list stay
    RetainSafePrivate,
    /// UIDs stay
    RetainUids,
    /// Serial numbers and names of devices stay
    RetainDeviceIdentity,
    /// The institution stays
    RetainInstitutionIdentity,
    /// Sex, size, weight and ages stay; an age over 89 becomes 90 years
    RetainPatientCharacteristics,
    /// Dates and times stay
    RetainFullDates,
    /// Dates move by the patient's own number of days
    ModifiedDates,
    /// Descriptions and comments stay, cleaned
    CleanDescriptors,
    /// Content trees of structured reports stay, cleaned
    CleanStructuredContent,
    /// Graphic annotations stay, cleaned
    CleanGraphics,
    /// Burned-in text is looked for, and blanked or refused
    CleanPixelData,
    /// Files whose pixels could show a face are refused unless they are cleaned
    CleanRecognizableVisualFeatures,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let prepared = arguments.records.prepared(output)?;
    let mut options = Options::of(prepared.rules.profile());
    for (choices, on) in [(&arguments.with, true), (&arguments.without, false)] {
        for choice in choices {
            *choice.option(&mut options) = on;
        }
    }
    if !options.clean_pixel_data {
        output.note(
            "Without clean-pixel-data nobody looks at the pixels: text that is burned in stays.",
        );
    }
    options.burned_in = arguments.pixels.burned_in();
    let devices = arguments.pixels.devices()?;
    let images = Images::new(prepared.rules.clone(), options, devices);
    arguments.records.run(&images, &prepared, false, output)
}

impl Choice {
    fn option(self, options: &mut Options) -> &mut bool {
        match self {
            Self::RetainSafePrivate => &mut options.retain_safe_private,
            Self::RetainUids => &mut options.retain_uids,
            Self::RetainDeviceIdentity => &mut options.retain_device_identity,
            Self::RetainInstitutionIdentity => &mut options.retain_institution_identity,
            Self::RetainPatientCharacteristics => &mut options.retain_patient_characteristics,
            Self::RetainFullDates => &mut options.retain_full_dates,
            Self::ModifiedDates => &mut options.modified_dates,
            Self::CleanDescriptors => &mut options.clean_descriptors,
            Self::CleanStructuredContent => &mut options.clean_structured_content,
            Self::CleanGraphics => &mut options.clean_graphics,
            Self::CleanPixelData => &mut options.clean_pixel_data,
            Self::CleanRecognizableVisualFeatures => {
                &mut options.clean_recognizable_visual_features
            }
        }
    }
}

const AFTER_HELP: &str = records_help!(
    "The Basic Profile always holds; the options are those of --profile, changed by --with and --without.
Files may be of any size: pixels are read in passing and are the same unless text in them was blanked.
",
    "wardgate deid dicom studies/ released/ --key project.key --report report.json"
);
