//! Which pictures carry burned-in text, by what their data sets say: the tables that ship, and the rows of a
//! hospital's own devices.

mod row;

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::pixels::{PixelFacts, Region};
use row::{Rule, Said, Task};

/// Rules by device: areas of pictures that are blanked or kept, and how closely the rest is looked at.
///
/// Rows have ten cells, parted by tabs: (0028,0301), modality, SOP class, image type, manufacturer, model, size,
/// what to do, areas, source. `-` fits anything. The tables that ship say in their heads what the words mean;
/// [`Devices::shipped_text`] gives them: areas by maker and model, then what is done by kind of picture.
///
/// ```
/// use wardgate_dicom::Devices;
///
/// let rows = "-\tUS\t-\t-\tEXAMPLE IMAGING\tSONO 3\t800x600\tblank\t0,0,100%,48\tour own screens\n";
/// let devices = Devices::shipped().with(rows)?;
/// assert_eq!(devices.added(), rows);
/// assert_eq!(Devices::shipped().with("CT\tblank").unwrap_err().line(), 1);
/// # Ok::<(), wardgate_dicom::DevicesFault>(())
/// ```
#[derive(Clone)]
pub struct Devices {
    /// Rows that were added come first.
    own: Arc<[Rule]>,
    added: Arc<str>,
}

/// Why a file of rules by device is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevicesFault {
    line: usize,
    what: &'static str,
}

/// What is done about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The file says that there is text: it is found and blanked, or the file refused.
    Marked,
    /// Only the calibrated regions, or the areas of a rule, are the picture.
    Outside,
    /// The picture is nothing but text.
    Whole,
    /// Looked at carefully.
    Careful,
    /// Looked at for words.
    Plain,
}

/// What the rules say of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) judgement: Judgement,
    /// Areas that are blanked whatever is found.
    pub(crate) blanked: Vec<Region>,
    /// The only areas that are kept, when a rule says so.
    pub(crate) kept: Option<Vec<Region>>,
    /// Whether the file says that text identifies somebody: something must be blanked, or the file is refused.
    pub(crate) marked: bool,
}

impl Devices {
    /// The rules that ship.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            own: Arc::from([]),
            added: Arc::from(""),
        }
    }

    /// The tables of the rules that ship, with their explanations.
    #[must_use]
    pub fn shipped_text() -> &'static str {
        SHIPPED
    }

    /// These rules behind the rows of a text.
    ///
    /// # Errors
    /// When a row cannot be read, or there are too many; the fault names the line.
    pub fn with(&self, text: &str) -> Result<Self, DevicesFault> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(DevicesFault {
                line: 0,
                what: "is too long",
            });
        }
        let mut own = read(text)?;
        own.extend(self.own.iter().cloned());
        if own.len() > RULES_MAX {
            return Err(DevicesFault {
                line: 0,
                what: "has too many rows",
            });
        }
        Ok(Self {
            own: own.into(),
            added: format!("{text}{}", self.added).into(),
        })
    }

    /// The text of all rows that were added to those that ship.
    #[must_use]
    pub fn added(&self) -> &str {
        &self.added
    }

    /// Judges a picture by what its data set says.
    ///
    /// Where no row fits, which the last row of the table does not let happen, it is looked at carefully.
    pub(crate) fn judge(&self, facts: &PixelFacts) -> Judged {
        let said = Said::of(facts);
        let mut judged = Judged {
            judgement: Judgement::Careful,
            blanked: Vec::new(),
            kept: None,
            marked: said.burned == "YES",
        };
        let rules = self.own.iter().chain(SHIPPED_RULES.iter());
        for rule in rules.filter(|rule| rule.fits(&said)) {
            let areas = rule.areas.iter();
            let areas = areas.map(|area| area.of(facts.columns, facts.rows));
            match rule.task {
                Task::Blank => judged.blanked.extend(areas),
                Task::Keep => {
                    judged.kept = Some(areas.collect());
                    judged.judgement = Judgement::Outside;
                    break;
                }
                Task::Judge(judgement) => {
                    judged.judgement = judgement;
                    break;
                }
            }
        }
        let looked = matches!(judged.judgement, Judgement::Careful | Judgement::Plain);
        if judged.marked && looked {
            judged.judgement = Judgement::Marked;
        }
        judged
    }
}

impl Default for Devices {
    fn default() -> Self {
        Self::shipped()
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices")
            .field("own", &self.own.len())
            .finish_non_exhaustive()
    }
}

impl DevicesFault {
    /// The line at fault, from 1; 0 when it is the whole text.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for DevicesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "the list of devices {}", self.what),
            line => write!(f, "line {line} of the list of devices {}", self.what),
        }
    }
}

impl std::error::Error for DevicesFault {}

fn read(text: &str) -> Result<Vec<Rule>, DevicesFault> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let rows = lines.filter(|(_, row)| !row.starts_with('#') && !row.trim().is_empty());
    rows.map(|(at, row)| Rule::read(row).map_err(|what| DevicesFault { line: at + 1, what }))
        .collect()
}

/// The rules that ship; a test reads each of them.
static SHIPPED_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| read(SHIPPED).unwrap_or_default());
const SHIPPED: &str = concat!(
    include_str!("../data/makers.tsv"),
    include_str!("devices/shipped.tsv")
);
const TEXT_BYTES_MAX: usize = 4 << 20;
const RULES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(modality: &str, class: &str, image_type: &[&str], burned: &str) -> PixelFacts {
        PixelFacts {
            modality: modality.to_owned(),
            sop_class: class.to_owned(),
            image_type: image_type.iter().map(|word| (*word).to_owned()).collect(),
            burned_in: burned.to_owned(),
            manufacturer: "Example Imaging Inc.".to_owned(),
            model: "Sono 3".to_owned(),
            columns: 800,
            rows: 600,
            ..PixelFacts::default()
        }
    }

    fn judge(facts: &PixelFacts) -> Judgement {
        Devices::shipped().judge(facts).judgement
    }

    #[test]
    fn every_row_that_ships_is_read() {
        let rows = SHIPPED.lines().filter(|row| !row.starts_with('#'));
        assert_eq!(rows.count(), SHIPPED_RULES.len());
        assert!(read(SHIPPED).is_ok());
    }

    #[test]
    fn heads_of_known_screens_are_blanked_by_maker_model_and_size() {
        let screen = |maker: &str, model: &str, columns, rows| {
            let facts = PixelFacts {
                manufacturer: maker.to_owned(),
                model: model.to_owned(),
                columns,
                rows,
                ..facts("US", "1.2.840.10008.5.1.4.1.1.6.1", &["ORIGINAL"], "")
            };
            let judged = Devices::shipped().judge(&facts);
            assert_eq!(judged.judgement, Judgement::Outside);
            let spans = judged.blanked.iter();
            let spans = spans.map(|one| (one.left, one.top, one.right, one.bottom));
            spans.collect::<Vec<_>>()
        };
        let head = [(0, 0, 800, 59)];
        assert_eq!(screen("Philips Medical Systems", "iU22", 800, 600), head);
        assert_eq!(screen("PHILIPS", "IU22 xMATRIX", 1000, 600), head);
        assert_eq!(screen("Philips Medical Systems", "iU22", 800, 601), []);
        assert_eq!(screen("Example Imaging", "iU22", 800, 600), []);
        assert_eq!(screen("Seno", "Imagio", 1920, 1058), [(161, 0, 1793, 50)]);
        assert_eq!(screen("Seno", "Imagio", 1280, 1058), []);
    }

    #[test]
    fn what_is_said_of_a_picture_decides() {
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        let secondary = "1.2.840.10008.5.1.4.1.1.7";
        let slide = "1.2.840.10008.5.1.4.1.1.77.1.6";
        let axial = ["ORIGINAL", "PRIMARY", "AXIAL"];
        let saved = ["DERIVED", "SECONDARY", "SCREEN SAVE"];
        for (said, judgement) in [
            (facts("CT", ct, &axial, ""), Judgement::Plain),
            (facts("CT", ct, &axial, "yes "), Judgement::Marked),
            (facts("CT", ct, &saved, "NO"), Judgement::Careful),
            (
                facts("CT", secondary, &["DERIVED", "PRIMARY"], ""),
                Judgement::Careful,
            ),
            (facts("US", secondary, &[], ""), Judgement::Outside),
            (
                facts("", "1.2.840.10008.5.1.4.1.1.6.1", &[], ""),
                Judgement::Outside,
            ),
            (
                facts("SM", slide, &["ORIGINAL", "PRIMARY", "LABEL"], ""),
                Judgement::Whole,
            ),
            (
                facts("", "1.2.840.10008.5.1.4.1.1.70", &[], ""),
                Judgement::Careful,
            ),
        ] {
            assert_eq!(
                judge(&said),
                judgement,
                "{} {:?}",
                said.modality,
                said.image_type
            );
        }
    }

    #[test]
    fn rows_of_a_hospital_come_first_and_blanking_adds_up() {
        let rows = "\
            # Devices of a hospital.\n\
            -\tCT\t-\t-\texample imaging\tsono 2, sono 3\t640x480, 800x600\tblank\t0,0,100%,8.5%; 10,20,30,40\tours\n\
            -\tCT\t-\tLOCAL\t-\t-\t-\tkeep\t100,100,600,400\tours\n\
            -\tCT\t-\t-\t-\t-\t-\tplain\t-\tours\n";
        let devices = Devices::shipped().with(rows).unwrap();
        let judged = devices.judge(&facts("CT", "1.2.3", &["DERIVED", "SECONDARY"], ""));
        assert_eq!(judged.judgement, Judgement::Plain);
        let spans: Vec<_> = judged
            .blanked
            .iter()
            .map(|one| (one.left, one.top, one.right, one.bottom))
            .collect();
        assert_eq!(spans, [(0, 0, 800, 51), (10, 20, 40, 60)]);
        let judged = devices.judge(&facts("CT", "1.2.3", &["LOCAL"], "YES"));
        assert_eq!(
            (judged.judgement, judged.kept.map(|kept| kept.len())),
            (Judgement::Outside, Some(1))
        );
        let marked = devices.judge(&facts("CT", "1.2.3", &[], "YES"));
        assert_eq!(marked.judgement, Judgement::Marked);
        let other = PixelFacts {
            columns: 512,
            ..facts("CT", "1.2.3", &[], "")
        };
        assert_eq!(devices.judge(&other).blanked, []);
    }

    #[test]
    fn rows_that_cannot_be_read_are_told_with_their_line() {
        for (row, what) in [
            ("-\tCT", "ten cells"),
            ("-\t-\t-\t-\t-\t-\t-\tblank\t-\tours", "must have areas"),
            (
                "-\t-\t-\t-\t-\t-\t-\tplain\t0,0,1,1\tours",
                "must have areas",
            ),
            ("-\t-\t-\t-\t-\t-\t-\tblank\t0,0,1\tours", "an area"),
            ("-\t-\t-\t-\t-\t-\t-\tblank\t0,0,-1,1\tours", "an area"),
            ("-\t-\t-\t-\t-\t-\t-\tblank\t0,0,101%,1\tours", "an area"),
            ("-\t-\t-\t-\t-\t-\t800\tplain\t-\tours", "a size"),
            ("-\t-\t-\t-\t-\t-\t*x6*\tplain\t-\tours", "a size"),
            ("-\t-\t-\t-\t-\t-\t-\twipe\t-\tours", "nobody knows"),
            ("-\tCT,,MR\t-\t-\t-\t-\t-\tplain\t-\tours", "empty word"),
            ("-\t-\t-\t-\t-\t-\t-\tplain\t-\t", "where it is from"),
        ] {
            let fault = Devices::shipped()
                .with(&format!("# head\n\n{row}\n"))
                .unwrap_err();
            assert_eq!(fault.line(), 3, "{row}");
            assert!(fault.to_string().contains(what), "{fault}");
        }
    }
}
