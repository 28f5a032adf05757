//! What a line has said before a token: gaps between tokens, and the label that a value stands behind.

use super::{Atom, mix};

/// What stands between two tokens, from nothing to an empty line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    None,
    Space,
    Wide,
    Line,
    Blank,
}

impl Gap {
    pub(super) fn with(self, byte: u8) -> Self {
        match (byte, self) {
            (b'\n', Self::Line | Self::Blank) => Self::Blank,
            (b'\n', _) => Self::Line,
            (_, Self::None) if byte != b'\t' => Self::Space,
            (_, Self::None | Self::Space | Self::Wide) => Self::Wide,
            _ => self,
        }
    }

    /// Ordered as the gaps are.
    pub(super) const fn hash(self) -> u32 {
        match self {
            Self::None => 1,
            Self::Space => 2,
            Self::Wide => 3,
            Self::Line => 4,
            Self::Blank => 5,
        }
    }
}

/// What a line has said so far: the words that may be a label, and the label.
#[derive(Debug, Default)]
pub(super) struct Line {
    words: u32,
    last: u32,
    count: u32,
    label: u32,
    label_last: u32,
    /// Tokens since the label.
    since: u32,
}

impl Line {
    pub(super) fn word(&mut self, atom: &mut Atom) {
        if atom.gap >= Gap::Wide.hash() {
            self.forget();
        }
        self.say(atom);
        if self.count < LABEL_WORDS_MAX {
            self.words = mix(self.words, atom.word);
        }
        self.last = atom.word;
        self.count += 1;
    }

    pub(super) fn mark(&mut self, byte: u8, atom: &mut Atom) {
        self.say(atom);
        match byte {
            b':' | b'=' if self.count > 0 => {
                let known = self.count <= LABEL_WORDS_MAX;
                self.label = if known { self.words } else { 0 };
                (self.label_last, self.since) = (self.last, 0);
                self.forget();
            }
            b'-' | b'\'' | b'/' | b'#' | b'_' | b'*' => {}
            _ => self.forget(),
        }
    }

    fn say(&mut self, atom: &mut Atom) {
        if self.since > LABEL_REACH {
            (self.label, self.label_last) = (0, 0);
        }
        (atom.label, atom.label_last) = (self.label, self.label_last);
        self.since += 1;
    }

    pub(super) fn end(&mut self) {
        self.forget();
        if self.since > 0 {
            (self.label, self.label_last) = (0, 0);
        }
    }

    fn forget(&mut self) {
        (self.words, self.last, self.count) = (SUM_START, 0, 0);
    }
}

const LABEL_WORDS_MAX: u32 = 4;
const LABEL_REACH: u32 = 12;
pub(super) const SUM_START: u32 = 0x811C_9DC5;
