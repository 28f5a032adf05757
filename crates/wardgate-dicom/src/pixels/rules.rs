//! Which pictures are prone to burned-in text, from the table in `burned_in.tsv`.

use std::sync::OnceLock;

use super::PixelFacts;

/// What is done about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The file says that there is text: it is found and blanked, or the file refused.
    Marked,
    /// Only the calibrated regions are the picture.
    Outside,
    /// The picture is nothing but text.
    Whole,
    /// Looked at carefully.
    Careful,
    /// Looked at for words.
    Plain,
}

/// Judges a picture by what its data set says.
///
/// Where no row fits, which the last row of the table does not let happen, it is looked at carefully.
pub(super) fn judge(facts: &PixelFacts) -> Judgement {
    let fitting = rules().iter().find(|rule| rule.fits(facts));
    fitting.map_or(Judgement::Careful, |rule| rule.judgement)
}

struct Rule {
    burned: &'static str,
    modality: &'static str,
    class: &'static str,
    image_type: &'static str,
    maker: &'static str,
    judgement: Judgement,
}

impl Rule {
    /// A row of the table; a row that cannot be read is none, which a test rules out.
    fn of(row: &'static str) -> Option<Self> {
        let mut cells = row.split('\t');
        let (burned, modality, class) = (cells.next()?, cells.next()?, cells.next()?);
        let (image_type, maker) = (cells.next()?, cells.next()?);
        let judgement = match cells.next()? {
            "marked" => Judgement::Marked,
            "outside" => Judgement::Outside,
            "whole" => Judgement::Whole,
            "careful" => Judgement::Careful,
            "plain" => Judgement::Plain,
            _ => return None,
        };
        Some(Self {
            burned,
            modality,
            class,
            image_type,
            maker,
            judgement,
        })
    }

    fn fits(&self, facts: &PixelFacts) -> bool {
        let type_words = facts.image_type.join("\\").to_ascii_uppercase();
        let maker = facts.manufacturer.to_ascii_uppercase();
        any(self.burned, |word| {
            facts.burned_in.trim().eq_ignore_ascii_case(word)
        }) && any(self.modality, |word| {
            facts.modality.trim().eq_ignore_ascii_case(word)
        }) && any(self.class, |word| {
            let class = facts.sop_class.trim_matches(['\0', ' ']);
            class
                .strip_prefix(word)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }) && any(self.image_type, |word| type_words.contains(word))
            && any(self.maker, |word| maker.contains(word))
    }
}

/// Whether a cell fits: it says nothing, or one of its words fits.
fn any(cell: &str, fits: impl Fn(&str) -> bool) -> bool {
    cell == "-" || cell.split(',').any(|word| word.split('+').all(&fits))
}

fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let rows = TABLE.lines().filter(|row| !row.starts_with('#'));
        rows.filter_map(Rule::of).collect()
    })
}

const TABLE: &str = include_str!("burned_in.tsv");

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(modality: &str, class: &str, image_type: &[&str], burned: &str) -> PixelFacts {
        PixelFacts {
            modality: modality.to_owned(),
            sop_class: class.to_owned(),
            image_type: image_type.iter().map(|word| (*word).to_owned()).collect(),
            burned_in: burned.to_owned(),
            ..PixelFacts::default()
        }
    }

    #[test]
    fn every_row_is_read() {
        let rows = TABLE.lines().filter(|row| !row.starts_with('#'));
        assert_eq!(rows.count(), rules().len());
    }

    #[test]
    fn what_is_said_of_a_picture_decides() {
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        let secondary = "1.2.840.10008.5.1.4.1.1.7";
        for (said, judgement) in [
            (
                facts("CT", ct, &["ORIGINAL", "PRIMARY", "AXIAL"], ""),
                Judgement::Plain,
            ),
            (
                facts("CT", ct, &["ORIGINAL", "PRIMARY", "AXIAL"], "yes "),
                Judgement::Marked,
            ),
            (
                facts("CT", ct, &["DERIVED", "SECONDARY", "SCREEN SAVE"], "NO"),
                Judgement::Careful,
            ),
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
                facts(
                    "SM",
                    "1.2.840.10008.5.1.4.1.1.77.1.6",
                    &["ORIGINAL", "PRIMARY", "LABEL"],
                    "",
                ),
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
}
