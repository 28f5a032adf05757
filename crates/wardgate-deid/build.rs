//! Writes the lists under `data/` as tables that the crate reads in place.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bits::Bits;
use hash::{SLOTS, join_hash, place_of, word_hash};

#[path = "src/gazetteer/bits.rs"]
mod bits;
#[path = "src/gazetteer/hash.rs"]
mod hash;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data");
    let data = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("data");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("surrogates.rs"), surrogates(&data)?)?;
    let mut entries = BTreeMap::new();
    for folder in LIST_FOLDERS {
        for list in fs::read_dir(data.join(folder))? {
            let path = list?.path();
            read_list(&fs::read_to_string(&path)?, &mut entries)
                .map_err(|fault| format!("{}: {fault}", path.display()))?;
        }
    }
    fs::write(out.join("gazetteer.bin"), table(&entries)?)?;
    Ok(())
}

/// Adds the entries of a list: lines of words under the classes of the section above them.
/// A line `stem stem | -ending -ending` has every stem with every ending.
fn read_list(text: &str, entries: &mut BTreeMap<u64, Bits>) -> Result<(), Box<dyn Error>> {
    let mut classes = Bits::default();
    for line in text.lines() {
        if let Some(names) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            classes = Bits::default();
            for name in names.split(' ') {
                let known = Bits::NAMES.iter().find(|(known, _)| *known == name);
                let (_, bit) = known.ok_or_else(|| format!("no class {name}"))?;
                classes = classes.with(*bit);
            }
        } else if let Some((stems, endings)) = line.split_once('|') {
            for stem in stems.split_whitespace() {
                for ending in endings.split_whitespace() {
                    let ending = ending.strip_prefix('-').unwrap_or_default();
                    add(&fold(&format!("{stem}{ending}"))?, classes, entries);
                }
            }
        } else if !line.starts_with('#') {
            for entry in line.split_whitespace() {
                add(&fold(entry)?, classes, entries);
            }
        }
    }
    Ok(())
}

/// Adds an entry, and what its words say of a place when it has several.
fn add(entry: &str, classes: Bits, entries: &mut BTreeMap<u64, Bits>) {
    let words: Vec<u64> = entry.split('_').map(word_hash).collect();
    let is_place = classes.any(PLACE);
    let mut joined = None;
    for (index, word) in words.iter().enumerate() {
        let hash = joined.map_or(*word, |before| join_hash(before, *word));
        joined = Some(hash);
        let last = index + 1 == words.len();
        if is_place && !last {
            note(hash, Bits::PLACE_FIRST, entries);
        }
        if is_place && index > 0 {
            note(*word, Bits::PLACE_NEXT, entries);
        }
        if last {
            note(hash, classes, entries);
        }
    }
}

fn note(hash: u64, classes: Bits, entries: &mut BTreeMap<u64, Bits>) {
    let entry = entries.entry(hash).or_default();
    *entry = entry.with(classes);
}

/// The bytes of all slots.
fn table(entries: &BTreeMap<u64, Bits>) -> Result<Vec<u8>, Box<dyn Error>> {
    if entries.len() > SLOTS / 4 * 3 {
        return Err(format!("{} entries are too many for {SLOTS} slots", entries.len()).into());
    }
    let mut slots = vec![0u64; SLOTS];
    for (hash, classes) in entries {
        let (mut at, fingerprint) = place_of(*hash);
        while let Some(slot) = slots.get_mut(at) {
            if *slot == 0 {
                *slot = u64::from(fingerprint) << 32 | u64::from(classes.0);
                break;
            }
            if *slot >> 32 == u64::from(fingerprint) {
                return Err(format!("two entries have the fingerprint {fingerprint:x}").into());
            }
            at = (at + 1) % SLOTS;
        }
    }
    Ok(slots.into_iter().flat_map(u64::to_le_bytes).collect())
}

/// What the crate's `fold` makes of an entry, in lower case; only letters that occur in lists.
fn fold(entry: &str) -> Result<String, Box<dyn Error>> {
    let mut out = String::with_capacity(entry.len());
    for letter in entry.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '_' => out.push(letter),
            'á' | 'à' | 'ä' | 'â' | 'ã' | 'å' => out.push('a'),
            'é' | 'è' | 'ë' | 'ê' => out.push('e'),
            'í' | 'ì' | 'ï' | 'î' => out.push('i'),
            'ó' | 'ò' | 'ö' | 'ô' | 'õ' | 'ø' => out.push('o'),
            'ú' | 'ù' | 'ü' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            'ß' => out.push_str("ss"),
            _ => return Err(format!("`{entry}` holds `{letter}`").into()),
        }
    }
    Ok(out)
}

/// Rust source with one static of lists for each language.
fn surrogates(data: &Path) -> Result<String, Box<dyn Error>> {
    let mut source = String::new();
    for language in ["en", "es", "de"] {
        let name = language.to_uppercase();
        writeln!(source, "static {name}: SurrogateLists = SurrogateLists {{")?;
        for list in ["female", "male", "surnames", "cities", "streets"] {
            let path = data.join(format!("surrogates/{language}-{list}.txt"));
            let text = fs::read_to_string(&path)?;
            let entries: Vec<&str> = text.lines().collect();
            writeln!(source, "    {list}: &{entries:?},")?;
        }
        writeln!(source, "}};")?;
    }
    Ok(source)
}

const LIST_FOLDERS: [&str; 4] = ["people", "places", "words", "clinical"];
const PLACE: Bits = Bits::CITY
    .with(Bits::COUNTY)
    .with(Bits::STATE)
    .with(Bits::COUNTRY);
