//! Writes the lists under `data/` as tables that the crate reads in place.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data");
    let data = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("data");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("surrogates.rs"), surrogates(&data)?)?;
    Ok(())
}

/// Rust source with one static of lists for each language.
fn surrogates(data: &Path) -> Result<String, Box<dyn Error>> {
    let mut source = String::new();
    for language in ["en", "es", "de"] {
        let name = language.to_uppercase();
        writeln!(source, "static {name}: SurrogateLists = SurrogateLists {{")?;
        for (field, list) in SURROGATE_LISTS {
            let path = data.join(format!("surrogates/{language}-{list}.txt"));
            let text = fs::read_to_string(&path)?;
            let entries: Vec<&str> = text.lines().collect();
            writeln!(source, "    {field}: &{entries:?},")?;
        }
        writeln!(source, "}};")?;
    }
    Ok(source)
}

const SURROGATE_LISTS: [(&str, &str); 5] = [
    ("female", "female"),
    ("male", "male"),
    ("surnames", "surnames"),
    ("cities", "cities"),
    ("streets", "streets"),
];
