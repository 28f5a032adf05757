//! How wide letters are in the fonts that every reader has, where a file does not tell.

/// A family of such fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Sans,
    Serif,
    Fixed,
}

impl Family {
    /// The family of a font by its name.
    pub(super) fn of(name: &[u8]) -> Self {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["courier", "mono", "consol"]) {
            Self::Fixed
        } else if has(&["times", "serif", "roman", "georgia", "garamond", "cambria"]) {
            Self::Serif
        } else {
            Self::Sans
        }
    }

    /// The width of a text in parts of the font's size.
    pub(super) fn width(self, text: &str) -> f64 {
        text.chars().map(|c| self.letter(c)).sum()
    }

    fn letter(self, c: char) -> f64 {
        let table = match self {
            Self::Fixed => return 0.6,
            Self::Sans => SANS,
            Self::Serif => SERIF,
        };
        let at = u32::from(c)
            .checked_sub(32)
            .and_then(|at| usize::try_from(at).ok());
        let width = at.and_then(|at| table.get(at)).copied();
        f64::from(width.unwrap_or(556)) / 1000.0
    }
}

/// Helvetica, from the blank to the tilde.
const SANS: &[u16] = &[
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Times, from the blank to the tilde.
const SERIF: &[u16] = &[
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500,
    500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611,
    556, 722, 722, 333, 389, 722, 611, 889, 722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722,
    722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500,
    278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
];
