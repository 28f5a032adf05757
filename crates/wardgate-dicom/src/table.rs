//! The data tables of PS3.15 Annex E, and what they say of an attribute under the options that are on.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dicom_core::VR;

use crate::element::Tag;
use crate::options::Options;

/// What becomes of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It goes.
    Remove,
    /// It is emptied, or gets a stand-in where one of its kind is known.
    Empty,
    /// A dummy stands for its value.
    Dummy,
    /// Its UIDs are replaced; of a sequence, those in its items.
    Uid,
    /// It stays.
    Keep,
    /// It stays, cleaned.
    Clean,
}

/// The rows of Table E.1-1.
#[derive(Debug)]
pub(crate) struct Table {
    edition: &'static str,
    /// Sorted by tag.
    exact: Vec<(Tag, Row)>,
    /// Value and mask of tags with open digits.
    open: Vec<(u32, u32, Row)>,
}

/// A row: the profile's own action and the options that change it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    basic: Action,
    /// Options by bit, those that keep.
    keeps: u16,
    /// Options by bit, those that clean.
    cleans: u16,
}

/// The table that ships.
pub(crate) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(E1_1));

/// The safe private attributes: group, last byte of the element, and creator. Most private attributes differ from
/// all of them in the first two, and need not be compared by their creators' names.
static SAFE_PRIVATE: LazyLock<BTreeMap<(u16, u8, &'static str), VR>> =
    LazyLock::new(|| read_safe(SAFE));

impl Table {
    /// The edition of the standard that the rows are from.
    pub(crate) fn edition(&self) -> &'static str {
        self.edition
    }

    /// The row of a tag.
    pub(crate) fn row(&self, tag: Tag) -> Option<Row> {
        if let Ok(at) = self.exact.binary_search_by_key(&tag, |(tag, _)| *tag) {
            return self.exact.get(at).map(|(_, row)| *row);
        }
        let open = self.open.iter();
        let mut open = open.filter(|(value, mask, _)| tag.0 & mask == *value);
        open.next().map(|(_, _, row)| *row)
    }

    fn read(text: &'static str) -> Self {
        let mut table = Self {
            edition: "",
            exact: Vec::new(),
            open: Vec::new(),
        };
        let mut row = None;
        for line in text.lines() {
            if let Some(edition) = line.strip_prefix("edition ") {
                table.edition = edition.trim();
            } else if let Some(heading) = line.strip_prefix("= ") {
                row = Row::read(heading);
            } else if let (Some((group, elements)), Some(row)) = (line.split_once(':'), row) {
                for element in elements.split_whitespace() {
                    table.add(group, element, row);
                }
            }
        }
        table.exact.sort_unstable_by_key(|(tag, _)| *tag);
        table
    }

    fn add(&mut self, group: &str, element: &str, row: Row) {
        let digits = group.chars().chain(element.chars());
        let (mut value, mut mask) = (0_u32, 0_u32);
        for digit in digits {
            let read = digit.to_digit(16);
            value = value << 4 | read.unwrap_or_default();
            mask = mask << 4 | if read.is_some() { 0xf } else { 0 };
        }
        if mask == u32::MAX {
            self.exact.push((Tag(value), row));
        } else {
            // Repeating groups are even.
            self.open.push((value, mask | 0x0001_0000, row));
        }
    }
}

impl Row {
    /// What becomes of an attribute of this row.
    ///
    /// Dates and times are kept or moved by the two options for them alone, whatever else would keep the row.
    pub(crate) fn action(self, options: &Options, vr: VR) -> Action {
        let mut on = 0;
        for (bit, set) in bits(options) {
            on |= if set { bit } else { 0 };
        }
        if matches!(vr, VR::DA | VR::DT | VR::TM) {
            on &= FULL | MODIFIED;
        }
        if self.keeps & on != 0 {
            Action::Keep
        } else if self.cleans & on != 0 {
            Action::Clean
        } else {
            self.basic
        }
    }

    fn read(heading: &str) -> Option<Self> {
        let mut words = heading.split_whitespace();
        let basic = match words.next()? {
            "X" => Action::Remove,
            // Where the type of the attribute decides, the action that is right for every type.
            "Z" | "X/Z" => Action::Empty,
            "D" | "Z/D" | "X/D" | "X/Z/D" => Action::Dummy,
            "U" | "X/Z/U*" => Action::Uid,
            _ => return None,
        };
        let mut row = Self {
            basic,
            keeps: 0,
            cleans: 0,
        };
        for word in words {
            let (option, what) = word.split_at_checked(1)?;
            let bit = LETTERS.iter().find(|(letter, _)| *letter == option)?.1;
            match what {
                "K" => row.keeps |= bit,
                _ => row.cleans |= bit,
            }
        }
        Some(row)
    }
}

/// The value representation of a private attribute, when it is known to be safe.
pub(crate) fn safe_private(creator: &str, tag: Tag) -> Option<VR> {
    let [.., element] = tag.0.to_be_bytes();
    SAFE_PRIVATE
        .get(&(tag.group(), element, creator.trim()))
        .copied()
}

/// The edition of the standard that the safe private attributes are from.
pub(crate) fn safe_private_edition() -> &'static str {
    let mut lines = SAFE.lines();
    lines
        .find_map(|line| line.strip_prefix("edition "))
        .unwrap_or_default()
        .trim()
}

fn read_safe(text: &'static str) -> BTreeMap<(u16, u8, &'static str), VR> {
    let mut safe = BTreeMap::new();
    let mut creator = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("creator ") {
            creator = name.trim();
            continue;
        }
        let mut words = line.split_whitespace();
        let group = words
            .next()
            .and_then(|word| u16::from_str_radix(word, 16).ok());
        let vr = words.next().and_then(|word| word.parse::<VR>().ok());
        let (Some(group), Some(vr)) = (group, vr) else {
            continue;
        };
        let elements = words.filter_map(|word| u8::from_str_radix(word, 16).ok());
        safe.extend(elements.map(|element| ((group, element, creator), vr)));
    }
    safe
}

fn bits(options: &Options) -> [(u16, bool); 10] {
    [
        (1, options.retain_safe_private),
        (1 << 1, options.retain_uids),
        (1 << 2, options.retain_device_identity),
        (1 << 3, options.retain_institution_identity),
        (1 << 4, options.retain_patient_characteristics),
        (FULL, options.retain_full_dates),
        (MODIFIED, options.modified_dates),
        (1 << 7, options.clean_descriptors),
        (1 << 8, options.clean_structured_content),
        (1 << 9, options.clean_graphics),
    ]
}

const FULL: u16 = 1 << 5;
const MODIFIED: u16 = 1 << 6;
/// Letters of the options in the data file, in the order of their bits.
const LETTERS: [(&str, u16); 10] = [
    ("P", 1),
    ("U", 1 << 1),
    ("D", 1 << 2),
    ("I", 1 << 3),
    ("C", 1 << 4),
    ("F", FULL),
    ("M", MODIFIED),
    ("T", 1 << 7),
    ("S", 1 << 8),
    ("G", 1 << 9),
];
const E1_1: &str = include_str!("table/e1_1.txt");
const SAFE: &str = include_str!("table/safe_private.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        assert_eq!(TABLE.edition(), "2025a");
        let lines = E1_1
            .lines()
            .filter(|line| !line.starts_with(['#', '=', 'e']));
        let listed: usize = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(_, elements)| elements.split_whitespace().count())
            .sum();
        assert_eq!(TABLE.exact.len() + TABLE.open.len(), listed);
        assert_eq!(listed, 620);
        let unique = TABLE.exact.windows(2).all(|pair| pair[0].0 != pair[1].0);
        assert!(unique);
        for heading in E1_1.lines().filter_map(|line| line.strip_prefix("= ")) {
            assert!(Row::read(heading).is_some(), "{heading}");
        }
        assert_eq!(safe_private_edition(), "2026d");
        let lines = SAFE.lines();
        let safe = lines.filter(|line| !line.starts_with(['#', 'c', 'e']));
        let listed: usize = safe.map(|line| line.split(' ').count() - 2).sum();
        assert_eq!((SAFE_PRIVATE.len(), listed), (454, 454));
        let vr = |creator, tag| safe_private(creator, Tag(tag));
        assert_eq!(vr("SIEMENS MR HEADER ", 0x0019_110c), Some(VR::IS));
        assert_eq!(vr("Philips Imaging DD 001", 0x2001_105f), Some(VR::SQ));
        assert_eq!(vr("Philips Imaging DD 001", 0x2001_107d), None);
        assert_eq!(vr("SIEMENS MR HEADER", 0x0019_1008), None);
    }

    #[test]
    fn options_change_what_becomes_of_a_row() {
        let action =
            |tag, options: &Options, vr| TABLE.row(Tag(tag)).map(|row| row.action(options, vr));
        let basic = Options::basic();
        assert_eq!(action(0x0010_0010, &basic, VR::PN), Some(Action::Empty));
        assert_eq!(action(0x0008_0018, &basic, VR::UI), Some(Action::Uid));
        assert_eq!(action(0x5004_3000, &basic, VR::OW), Some(Action::Remove));
        assert_eq!(action(0x6002_3000, &basic, VR::OW), Some(Action::Remove));
        assert_eq!(action(0x6002_0010, &basic, VR::US), None);
        assert_eq!(action(0x0028_0010, &basic, VR::US), None);
        let moved = Options {
            modified_dates: true,
            retain_device_identity: true,
            ..basic
        };
        assert_eq!(action(0x0008_0020, &moved, VR::DA), Some(Action::Clean));
        assert_eq!(action(0x0018_1200, &moved, VR::DA), Some(Action::Clean));
        assert_eq!(action(0x0018_1000, &moved, VR::LO), Some(Action::Keep));
    }
}
