//! What is wrong with a model, its tokenizer or its configuration, and what to do about it.

use std::fmt;

/// Why a model cannot be used; it never holds a text or a value of one.
#[derive(Clone, PartialEq, Eq)]
pub struct NeuralFault {
    file: NeuralFile,
    what: String,
    hint: &'static str,
}

/// Which of the three files a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NeuralFile {
    /// The ONNX file.
    Model,
    /// The tokenizer, `tokenizer.json`.
    Tokenizer,
    /// The configuration, `config.json`.
    Config,
}

impl NeuralFile {
    /// All files, in the order in which they are read.
    pub const ALL: [Self; 3] = [Self::Config, Self::Tokenizer, Self::Model];

    /// The usual name of the file in its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model.onnx",
            Self::Tokenizer => "tokenizer.json",
            Self::Config => "config.json",
        }
    }

    /// The most bytes that it may have; longer files are refused before they are read.
    #[must_use]
    pub fn bytes_max(self) -> usize {
        match self {
            Self::Model => MODEL_BYTES_MAX,
            Self::Tokenizer => TOKENIZER_BYTES_MAX,
            Self::Config => CONFIG_BYTES_MAX,
        }
    }

    pub(super) fn fault(self, what: impl fmt::Display, hint: &'static str) -> NeuralFault {
        let mut what = what.to_string();
        // What foreign code says can be long: its first line is enough.
        let line = what.lines().next().unwrap_or_default().len();
        what.truncate(what.floor_char_boundary(line.min(WHAT_BYTES_MAX)));
        NeuralFault {
            file: self,
            what,
            hint,
        }
    }

    pub(super) fn check_size(self, bytes: &[u8]) -> Result<(), NeuralFault> {
        let (len, most) = (bytes.len(), self.bytes_max());
        if bytes.is_empty() {
            return Err(self.fault("the file is empty", "copy it again"));
        }
        if len > most {
            let what = format!("the file has {len} bytes, and the limit is {most}");
            return Err(self.fault(what, "use a smaller model"));
        }
        Ok(())
    }
}

impl NeuralFault {
    /// The file at fault.
    #[must_use]
    pub fn file(&self) -> NeuralFile {
        self.file
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

impl fmt::Display for NeuralFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.file.name(), self.what)
    }
}

impl fmt::Debug for NeuralFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NeuralFault({self})")
    }
}

impl std::error::Error for NeuralFault {}

const MODEL_BYTES_MAX: usize = 1_536 << 20;
const TOKENIZER_BYTES_MAX: usize = 32 << 20;
const CONFIG_BYTES_MAX: usize = 1 << 20;
const WHAT_BYTES_MAX: usize = 200;
