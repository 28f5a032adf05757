//! What is done with text that is burned into pictures, as every command over DICOM is told.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wardgate_dicom::{BurnedIn, Devices};

use crate::failure::Failure;

/// What is done with text that is burned into pictures.
#[derive(Debug, Args)]
pub(in crate::commands) struct PixelArguments {
    /// What is done with a picture in which text stands
    #[arg(long, value_enum, value_name = "WHAT", default_value = "blank")]
    burned_in: Choice,

    /// File with rules by device: rows of areas to blank or to keep, before those that ship
    /// [see docs/records/dicom.md]
    #[arg(long, value_name = "FILE")]
    devices: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The areas are blanked; compressed pictures, which would have to be compressed again, are refused
    Blank,
    /// The file is refused
    Refuse,
    /// The areas are blanked; compressed pictures are decompressed for it and stay so
    DecodeAndBlank,
}

impl PixelArguments {
    pub(in crate::commands) fn burned_in(&self) -> BurnedIn {
        match self.burned_in {
            Choice::Blank => BurnedIn::Blank,
            Choice::Refuse => BurnedIn::Refuse,
            Choice::DecodeAndBlank => BurnedIn::DecodeAndBlank,
        }
    }

    /// The rules that ship, behind those of the file.
    pub(in crate::commands) fn devices(&self) -> Result<Devices, Failure> {
        let shipped = Devices::shipped();
        let Some(path) = &self.devices else {
            return Ok(shipped);
        };
        let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        shipped.with(&text).map_err(|fault| {
            Failure::new(
                format!("`{}`: {fault}", path.display()),
                "write ten cells a row, parted by tabs, as docs/records/dicom.md shows",
            )
        })
    }
}
