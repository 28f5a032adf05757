//! Floods of texts that are the same but for a few words.
//!
//! Source: Broder, "On the resemblance and containment of documents" (1997): the share of common shingles of three
//! words, estimated by the smallest of several hashes of them.

use hashbrown::HashMap;

use crate::table::{Column, Table};

use super::features;
use super::model::mixed;
use super::report::{Check, Finding, PoisoningReport};

pub(super) fn look(table: &Table, columns: &[usize], report: &mut PoisoningReport) {
    for number in columns {
        let Some(column) = table.columns().get(*number) else {
            continue;
        };
        if !features::is_free_text(column) {
            continue;
        }
        let mut rows_of_code: Vec<Vec<usize>> = vec![Vec::new(); column.distinct()];
        for (row, code) in column.codes().enumerate() {
            if let Some(rows) = rows_of_code.get_mut(code as usize) {
                rows.push(row);
            }
        }
        for (codes, resemblance) in groups(column) {
            let rows = codes
                .iter()
                .filter_map(|code| rows_of_code.get(*code))
                .flatten();
            let rows: Vec<(usize, f64)> = rows.map(|row| (*row, resemblance)).collect();
            if rows.len() as u64 > (table.rows() as u64 / 4).max(GROUP_MIN as u64) {
                // What a quarter of the table looks like is a form, not a flood.
                continue;
            }
            let reason = format!(
                "{} texts have nearly all of their words in common",
                rows.len()
            );
            let columns = vec![column.name().to_owned()];
            report.findings.push(Finding::new(
                Check::NearDuplicateFlood,
                columns,
                rows,
                reason,
            ));
        }
    }
}

/// Groups of different texts that resemble one another, with the mean resemblance to the first.
fn groups(column: &Column) -> Vec<(Vec<usize>, f64)> {
    let sketches: Vec<Option<Sketch>> = column.values().map(Sketch::of).collect();
    let mut first_of_band: HashMap<(usize, u64), usize> = HashMap::new();
    let mut members: HashMap<usize, Vec<(usize, f64)>> = HashMap::new();
    let mut leader_of: Vec<usize> = (0..sketches.len()).collect();
    for (code, sketch) in sketches.iter().enumerate() {
        let Some(sketch) = sketch else { continue };
        let bands: Vec<(usize, u64)> = sketch.bands().collect();
        let known = bands
            .iter()
            .filter_map(|band| first_of_band.get(band).copied());
        // The first text that shares a band and truly resembles leads the group.
        let leader = known
            .filter_map(|other| leader_of.get(other).copied())
            .find_map(|leader| {
                let likeness = sketches.get(leader)?.as_ref()?.likeness(sketch);
                (likeness >= LIKENESS_MIN).then_some((leader, likeness))
            });
        if let Some((leader, likeness)) = leader {
            members.entry(leader).or_default().push((code, likeness));
            if let Some(of) = leader_of.get_mut(code) {
                *of = leader;
            }
        }
        for band in bands {
            first_of_band.entry(band).or_insert(code);
        }
    }
    let mut groups: Vec<(Vec<usize>, f64)> = members
        .into_iter()
        .filter(|(_, members)| members.len() + 1 >= GROUP_MIN)
        .map(|(leader, members)| {
            let sum: f64 = members.iter().map(|(_, likeness)| likeness).sum();
            let mean = sum / members.len() as f64;
            let codes = [leader]
                .into_iter()
                .chain(members.iter().map(|(code, _)| *code));
            (codes.collect(), mean)
        })
        .collect();
    groups.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then(a.0.cmp(&b.0)));
    groups
}

/// The smallest of each of several hashes over a text's shingles.
struct Sketch([u64; HASHES]);

impl Sketch {
    fn of(text: &str) -> Option<Self> {
        let words: Vec<u64> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(WORDS_MAX)
            .map(|word| {
                word.chars()
                    .flat_map(char::to_lowercase)
                    .fold(0, |hash, c| mixed(hash ^ u64::from(c)))
            })
            .collect();
        if words.len() < WORDS_MIN {
            return None;
        }
        let mut least = [u64::MAX; HASHES];
        for shingle in words.windows(SHINGLE) {
            let hash = shingle.iter().fold(1, |hash, word| mixed(hash ^ word));
            for (salt, least) in (0_u64..).zip(&mut least) {
                *least = (*least).min(mixed(hash ^ (salt << 56)));
            }
        }
        Some(Self(least))
    }

    fn bands(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let bands = self
            .0
            .chunks(BAND)
            .map(|band| band.iter().fold(7, |hash, least| mixed(hash ^ least)));
        bands.enumerate()
    }

    fn likeness(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count() as f64 / HASHES as f64
    }
}

const HASHES: usize = 48;
const BAND: usize = 4;
const SHINGLE: usize = 3;
/// Texts with fewer words say the same by nature.
const WORDS_MIN: usize = 8;
const WORDS_MAX: usize = 20_000;
/// Share of common shingles from which texts are nearly the same.
const LIKENESS_MIN: f64 = 0.6;
const GROUP_MIN: usize = 8;
