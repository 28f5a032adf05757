//! A text as the pieces of words that a model reads, each with its place in the text.

use std::ops::Range;

use tokenizers::Tokenizer;

use super::fault::{NeuralFault, NeuralFile};

/// A tokenizer, and what it puts around each window.
pub(super) struct Pieces {
    tokenizer: Tokenizer,
    pub(super) prefix: Vec<i64>,
    pub(super) suffix: Vec<i64>,
    /// The highest number of a piece: a model with fewer rows does not belong to the tokenizer.
    pub(super) highest: i64,
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) id: i64,
    /// Whether a word begins with it.
    pub(super) begins_word: bool,
    /// Its bytes in the text.
    pub(super) at: Range<usize>,
}

impl Pieces {
    pub(super) fn read_file(bytes: &[u8]) -> Result<Self, NeuralFault> {
        FILE.check_size(bytes)?;
        let mut tokenizer = Tokenizer::from_bytes(bytes)
            .map_err(|error| FILE.fault(format!("it cannot be read: {error}"), WHICH))?;
        let whole = tokenizer.with_truncation(None).map(|_| ());
        whole.map_err(|error| FILE.fault(error, WHICH))?;
        tokenizer.with_padding(None);
        // A text that spells a special token must not become one.
        tokenizer.set_encode_special_tokens(true);
        let around = tokenizer
            .encode("a", true)
            .map_err(|error| FILE.fault(format!("it reads nothing: {error}"), WHICH))?;
        let ids: Vec<i64> = around.get_ids().iter().map(|id| i64::from(*id)).collect();
        let special: Vec<bool> = around
            .get_special_tokens_mask()
            .iter()
            .map(|mask| *mask == 1)
            .collect();
        let before = special.iter().take_while(|special| **special).count();
        let behind = special.iter().rev().take_while(|special| **special).count();
        if before + behind >= ids.len() {
            return Err(FILE.fault("it has no piece for the letter `a`", WHICH));
        }
        let vocabulary = tokenizer.get_vocab(true);
        let highest = vocabulary.values().max().copied().unwrap_or_default();
        Ok(Self {
            prefix: ids.iter().take(before).copied().collect(),
            suffix: ids.iter().skip(ids.len() - behind).copied().collect(),
            highest: i64::from(highest),
            tokenizer,
        })
    }

    /// The pieces of a text without what stands around a window.
    pub(super) fn of(&self, text: &str) -> Result<Vec<Piece>, NeuralFault> {
        let encoding = self
            .tokenizer
            .encode(text, false)
            .map_err(|error| FILE.fault(format!("it cannot read a text: {error}"), WHICH))?;
        let mut last = None;
        let rows = encoding.get_ids().iter().zip(encoding.get_word_ids());
        let pieces = rows.zip(encoding.get_offsets()).map(|((id, word), at)| {
            let begins_word = word.is_none() || *word != last;
            last = *word;
            let start = text.floor_char_boundary(at.0);
            let end = text.ceil_char_boundary(at.1.max(at.0));
            Piece {
                id: i64::from(*id),
                begins_word,
                at: start..end,
            }
        });
        Ok(pieces.collect())
    }
}

const FILE: NeuralFile = NeuralFile::Tokenizer;
const WHICH: &str =
    "use the `tokenizer.json` of the model, as written by `save_pretrained` of a fast tokenizer";
