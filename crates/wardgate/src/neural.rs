//! Brings a model from its folder into the engine that looks for identifiers.

use std::path::Path;

use wardgate_deid::Engine;

use crate::failure::Failure;

/// The engine, with the model of a folder if one is named.
pub(crate) fn engine(folder: Option<&Path>) -> Result<Engine, Failure> {
    match folder {
        None => Ok(Engine::new()),
        Some(folder) => with_model(folder),
    }
}

#[cfg(feature = "neural")]
fn with_model(folder: &Path) -> Result<Engine, Failure> {
    use wardgate_deid::{NeuralFile, NeuralTagger};

    let read = |file: NeuralFile| {
        let path = folder.join(file.name());
        let unreadable = |error| Failure::file("read", &path, &error);
        let bytes = std::fs::metadata(&path).map_err(unreadable)?.len();
        if bytes > file.bytes_max() as u64 {
            let message = format!(
                "`{}` has {bytes} bytes, and the limit is {}",
                path.display(),
                file.bytes_max()
            );
            return Err(Failure::new(message, "use a smaller model"));
        }
        std::fs::read(&path).map_err(unreadable)
    };
    let config = read(NeuralFile::Config)?;
    let tokenizer = read(NeuralFile::Tokenizer)?;
    let model = read(NeuralFile::Model)?;
    let tagger = NeuralTagger::load(&model, &tokenizer, &config).map_err(|fault| {
        let message = format!(
            "the model in `{}` cannot be used: {fault}",
            folder.display()
        );
        Failure::new(message, fault.hint())
    })?;
    if !tagger.unknown_labels().is_empty() {
        let labels = tagger.unknown_labels().join(", ");
        tracing::warn!(labels, "the model has labels that mean no identifier here");
    }
    Ok(Engine::new().with_neural(tagger))
}

#[cfg(not(feature = "neural"))]
fn with_model(_: &Path) -> Result<Engine, Failure> {
    Err(Failure::new(MISSING, HOW_TO_BUILD))
}

/// Whether this build can run a model.
pub(crate) const BUILT_IN: bool = cfg!(feature = "neural");
pub(crate) const MISSING: &str = "this build of wardgate cannot run a model";
pub(crate) const HOW_TO_BUILD: &str =
    "build it with `cargo build --release --features neural`, or name no model";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_folder_there_is_no_model() {
        assert!(!engine(None).unwrap().is_neural());
    }

    #[test]
    fn a_folder_without_a_model_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let failure = engine(Some(dir.path())).err().unwrap();
        if BUILT_IN {
            assert!(
                failure.message().contains("config.json"),
                "{}",
                failure.message()
            );
        } else {
            assert_eq!(failure.message(), MISSING);
            assert!(failure.hint().contains("--features neural"));
        }
    }
}
