//! The codes of a column, as narrow as its dictionary allows.

/// One code a row: a byte each up to 256 values, two up to 65,536, four above.
#[derive(Clone, Debug)]
pub(crate) enum Codes {
    Byte(Vec<u8>),
    Pair(Vec<u16>),
    Word(Vec<u32>),
}

impl Codes {
    pub(crate) fn new() -> Self {
        Self::Byte(Vec::new())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Byte(codes) => codes.len(),
            Self::Pair(codes) => codes.len(),
            Self::Word(codes) => codes.len(),
        }
    }

    /// Adds a code; the column is widened when it does not fit.
    pub(crate) fn push(&mut self, code: u32) {
        match self {
            Self::Byte(codes) => match u8::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => self.widen(code),
            },
            Self::Pair(codes) => match u16::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => self.widen(code),
            },
            Self::Word(codes) => codes.push(code),
        }
    }

    #[cold]
    fn widen(&mut self, code: u32) {
        *self = match self {
            Self::Byte(codes) => Self::Pair(codes.iter().map(|code| u16::from(*code)).collect()),
            Self::Pair(codes) => Self::Word(codes.iter().map(|code| u32::from(*code)).collect()),
            Self::Word(codes) => Self::Word(std::mem::take(codes)),
        };
        self.push(code);
    }

    /// The code of a row; 0 beyond the end.
    #[inline]
    pub(crate) fn at(&self, row: usize) -> u32 {
        match self {
            Self::Byte(codes) => codes.get(row).copied().map_or(0, u32::from),
            Self::Pair(codes) => codes.get(row).copied().map_or(0, u32::from),
            Self::Word(codes) => codes.get(row).copied().unwrap_or(0),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (bytes, pairs, words): (&[u8], &[u16], &[u32]) = match self {
            Self::Byte(codes) => (codes, &[], &[]),
            Self::Pair(codes) => (&[], codes, &[]),
            Self::Word(codes) => (&[], &[], codes),
        };
        bytes
            .iter()
            .map(|code| u32::from(*code))
            .chain(pairs.iter().map(|code| u32::from(*code)))
            .chain(words.iter().copied())
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Byte(codes) => codes.capacity(),
            Self::Pair(codes) => codes.capacity() * 2,
            Self::Word(codes) => codes.capacity() * 4,
        }
    }

    pub(crate) fn shrink(&mut self) {
        match self {
            Self::Byte(codes) => codes.shrink_to_fit(),
            Self::Pair(codes) => codes.shrink_to_fit(),
            Self::Word(codes) => codes.shrink_to_fit(),
        }
    }
}

impl FromIterator<u32> for Codes {
    fn from_iter<T: IntoIterator<Item = u32>>(iter: T) -> Self {
        let mut codes = Self::new();
        for code in iter {
            codes.push(code);
        }
        codes.shrink();
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::Codes;

    #[test]
    fn codes_are_widened_without_loss() {
        let wanted: Vec<u32> = vec![0, 255, 3, 256, 65_535, 65_536, 7];
        let codes: Codes = wanted.iter().copied().collect();
        assert_eq!(codes.iter().collect::<Vec<_>>(), wanted);
        assert_eq!(codes.at(5), 65_536);
        assert!(matches!(codes, Codes::Word(_)));
    }
}
