//! Corpora and notes that the tests ask for.

use std::path::Path;

use wardgate_notes::{Corpus, Note, Plan};

/// A corpus of one writer with one file.
pub(crate) fn corpus(text: &str) -> Corpus {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "anna", "letters", text);
    Corpus::load(folder.path()).unwrap()
}

pub(crate) fn write(folder: &Path, writer: &str, name: &str, text: &str) {
    let folder = folder.join(writer);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.txt")), text).unwrap();
}

/// Notes of one template in a language.
pub(crate) fn notes(lang: &str, template: &str, count: usize, noise: u32) -> Vec<Note> {
    let corpus = corpus(&format!("@lang {lang}\n@kind test\n%%\n{template}\n"));
    let plan = Plan {
        seed: 9,
        writers: &["anna"],
        count,
        noise,
        ..Plan::default()
    };
    corpus.generate(&plan).collect()
}

/// The folder of all writers of the repository.
pub(crate) fn writers() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/writers"))
}
