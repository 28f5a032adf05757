//! A token-classification model from the user's disk, as one more layer of the engine.
//!
//! The caller hands over the bytes of three files as Hugging Face tools write them: the model as
//! ONNX, `tokenizer.json` and `config.json`. Nothing is downloaded. A text is read in windows that
//! overlap, and each word takes its label from the window in which it stands furthest from an edge.
//! Time and memory grow with the length of the text; memory by one window and one part of the text.
//!
//! The same files give the same findings on one kind of processor. Between kinds of processors the
//! last bits of a model's sums differ, so that a word on the border of two labels may go either way.

mod decode;
mod fault;
mod graph;
mod inspect;
mod labels;
mod pieces;

use std::fmt;
use std::sync::Arc;

pub use fault::{NeuralFault, NeuralFile};

use crate::finding::Finding;
use crate::placeholder;
use decode::Said;
use graph::{Fit, Graph};
use labels::Config;
use pieces::{Piece, Pieces};

/// A model that finds identifiers. Clones share it.
#[derive(Clone)]
pub struct NeuralTagger {
    parts: Arc<Parts>,
}

struct Parts {
    config: Config,
    pieces: Pieces,
    graph: Graph,
    /// Tokens of a window, with those that stand around it.
    window: usize,
}

impl NeuralTagger {
    /// Takes in a model, its tokenizer and its configuration, and tries them on a short and a long text.
    ///
    /// # Errors
    /// When a file is too long, damaged, of another kind, or does not fit the others.
    pub fn load(model: &[u8], tokenizer: &[u8], config: &[u8]) -> Result<Self, NeuralFault> {
        let config = Config::read(config)?;
        let pieces = Pieces::read_file(tokenizer)?;
        let around = pieces.prefix.len() + pieces.suffix.len();
        let window = config.positions.min(WINDOW_TOKENS_MAX);
        if window < around + WINDOW_PIECES_MIN {
            let what = format!("`max_position_embeddings` leaves room for {window} tokens");
            return Err(NeuralFile::Config.fault(what, "copy `config.json` again"));
        }
        let mut trial = pieces.prefix.clone();
        trial.extend([pieces.highest, 0, pieces.highest]);
        trial.extend(&pieces.suffix);
        let fit = Fit {
            labels: config.labels.len(),
            window,
            pad: config.pad,
            highest: pieces.highest,
            trial: &trial,
        };
        let graph = Graph::read_file(model, &fit)?;
        let window = graph.window(window);
        if window < around + WINDOW_PIECES_MIN {
            let what = format!("it takes only {window} tokens at a time");
            return Err(NeuralFile::Model.fault(what, "export it for longer texts"));
        }
        let parts = Arc::new(Parts {
            config,
            pieces,
            graph,
            window,
        });
        Ok(Self { parts })
    }

    /// Labels of the model that mean no kind of identifier here; what has them stays in the text.
    #[must_use]
    pub fn unknown_labels(&self) -> &[String] {
        &self.parts.config.unknown
    }

    /// Tokens that the model sees at a time.
    #[must_use]
    pub fn window_tokens(&self) -> usize {
        self.parts.window
    }

    /// Adds what the model finds in a text, in its order.
    ///
    /// # Errors
    /// When the model or its tokenizer fails on the text. What was found before stays in `findings`.
    pub fn find(&self, text: &str, findings: &mut Vec<Finding>) -> Result<(), NeuralFault> {
        let mut offset = 0;
        let mut found = Vec::new();
        while let Some(rest) = text.get(offset..).filter(|rest| !rest.is_empty()) {
            let part = rest.get(..part_len(rest)).unwrap_or(rest);
            let rows = self.parts.say(part)?;
            decode::spans(part, offset, &rows, &mut found);
            offset += part.len();
        }
        found.retain(|finding| !placeholder::cuts(text.as_bytes(), finding.range()));
        findings.append(&mut found);
        Ok(())
    }
}

impl Parts {
    /// What the model says of each piece of a part of a text.
    fn say(&self, part: &str) -> Result<Vec<(Piece, Said)>, NeuralFault> {
        let pieces = self.pieces.of(part)?;
        let (before, behind) = (&self.pieces.prefix, &self.pieces.suffix);
        let room = (self.window - before.len() - behind.len()).max(1);
        let edge = (room / 4).min(EDGE_TOKENS_MAX);
        let mut rows = Vec::with_capacity(pieces.len());
        let mut from = 0;
        while rows.len() < pieces.len() {
            let to = (from + room).min(pieces.len());
            let window = pieces.get(from..to).unwrap_or_default();
            let ids = window.iter().map(|piece| piece.id);
            let tokens: Vec<i64> = before
                .iter()
                .copied()
                .chain(ids)
                .chain(behind.iter().copied())
                .collect();
            let logits = self.graph.logits(&tokens)?;
            // What stands at the end of a window is said by the next one, which sees what follows.
            let until = if to == pieces.len() { to } else { to - edge };
            let labels = self.config.labels.len();
            let said = logits.chunks_exact(labels).skip(before.len());
            let new = window.iter().zip(said).skip(rows.len() - from);
            for (piece, logits) in new.take(until - rows.len()) {
                let said = decode::said(logits, &self.config.labels).ok_or_else(|| {
                    let what = "its output for a text is not a number";
                    NeuralFile::Model.fault(what, "use a model in full precision")
                })?;
                rows.push((piece.clone(), said));
            }
            if rows.len() < until {
                let what = "its output has fewer rows than the text has pieces";
                return Err(NeuralFile::Model.fault(what, "export it again"));
            }
            from = until.saturating_sub(edge);
        }
        Ok(rows)
    }
}

impl fmt::Debug for NeuralTagger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeuralTagger")
            .field("window_tokens", &self.parts.window)
            .field("labels", &self.parts.config.labels.len())
            .finish_non_exhaustive()
    }
}

/// Bytes of the first part of a text: it ends behind a line, else behind a word, else anywhere.
fn part_len(rest: &str) -> usize {
    if rest.len() <= PART_BYTES_MAX {
        return rest.len();
    }
    let longest = rest.floor_char_boundary(PART_BYTES_MAX);
    let tail = rest.get(longest / 2..longest);
    let Some(tail) = tail else { return longest };
    let end = tail.rfind('\n').or_else(|| tail.rfind(' '));
    end.map_or(longest, |end| longest / 2 + end + 1)
}

/// Longer windows cost more for each word and hardly know more.
const WINDOW_TOKENS_MAX: usize = 512;
const WINDOW_PIECES_MIN: usize = 4;
/// Pieces at each edge of a window that the window next to it says.
const EDGE_TOKENS_MAX: usize = 64;
/// Bytes of a text that are cut into pieces at a time.
const PART_BYTES_MAX: usize = 64 * 1024;
