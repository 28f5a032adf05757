//! Tables from codes to Unicode (`ToUnicode`), and the lengths of codes (ISO 32000-1, 9.7.5 and 9.10.3).

use std::collections::{BTreeMap, HashMap};

use super::object::{Lexeme, Object, Scanner};

/// A table that was read.
#[derive(Debug, Default)]
pub(super) struct CodeMap {
    single: HashMap<u32, String>,
    /// By their last code: the first code, and the character of that.
    ranges: BTreeMap<u32, (u32, u32)>,
    /// The lengths of codes in bytes, with the lowest and highest code of each.
    spaces: Vec<(usize, u32, u32)>,
}

impl CodeMap {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        let mut scanner = Scanner::new(bytes, 0, bytes.len());
        let mut operands: Vec<Object> = Vec::new();
        while let Some(lexeme) = scanner.next() {
            match lexeme {
                Lexeme::Value(value) => operands.push(value),
                Lexeme::Word(word) => {
                    match word {
                        b"endcodespacerange" => map.spaces(&operands),
                        b"endbfchar" => map.characters(&operands),
                        b"endbfrange" => map.ranges(&operands),
                        _ => {}
                    }
                    operands.clear();
                }
            }
        }
        map
    }

    /// What a code stands for.
    pub(super) fn text(&self, code: u32) -> Option<String> {
        if let Some(text) = self.single.get(&code) {
            return Some(text.clone());
        }
        let (_, (first, target)) = self.ranges.range(code..).next()?;
        let step = code.checked_sub(*first)?;
        char::from_u32(target.checked_add(step)?).map(String::from)
    }

    /// How many bytes the first code of a string has.
    pub(super) fn code_len(&self, string: &[u8]) -> Option<usize> {
        (1..=4.min(string.len())).find(|length| {
            let code = number(string.get(..*length).unwrap_or_default());
            let mut spaces = self.spaces.iter();
            spaces.any(|(bytes, low, high)| bytes == length && (*low..=*high).contains(&code))
        })
    }

    fn spaces(&mut self, operands: &[Object]) {
        for pair in operands.chunks_exact(2) {
            if let [Object::Text(low), Object::Text(high)] = pair
                && self.spaces.len() < SPACES_MAX
            {
                self.spaces.push((low.len(), number(low), number(high)));
            }
        }
    }

    fn characters(&mut self, operands: &[Object]) {
        for pair in operands.chunks_exact(2) {
            if let [Object::Text(code), Object::Text(target)] = pair {
                self.single.insert(number(code), utf16(target));
            }
        }
    }

    fn ranges(&mut self, operands: &[Object]) {
        for three in operands.chunks_exact(3) {
            let [Object::Text(first), Object::Text(last), target] = three else {
                continue;
            };
            let (first, last) = (number(first), number(last));
            match target {
                Object::Array(targets) => {
                    for (code, target) in (first..=last).zip(targets) {
                        if let Object::Text(target) = target {
                            self.single.insert(code, utf16(target));
                        }
                    }
                }
                Object::Text(target) => {
                    let text = utf16(target);
                    let mut characters = text.chars();
                    match (characters.next(), characters.next()) {
                        (Some(only), None) => {
                            self.ranges.insert(last, (first, u32::from(only)));
                        }
                        (Some(_), Some(_)) => {
                            // Of several characters the last one counts on.
                            let steps = (first..=last).take(usize::from(u8::MAX) + 1);
                            for (step, code) in (0_u32..).zip(steps) {
                                let moved = text.char_indices().next_back().and_then(|(at, c)| {
                                    let c = char::from_u32(u32::from(c).checked_add(step)?)?;
                                    Some(format!("{}{c}", text.get(..at)?))
                                });
                                self.single.insert(code, moved.unwrap_or_default());
                            }
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

/// A code of up to four bytes.
pub(super) fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |code, byte| code << 8 | u32::from(*byte))
}

/// Text in UTF-16 of big end; a single byte is a character of Latin-1.
pub(super) fn utf16(bytes: &[u8]) -> String {
    if let [byte] = bytes {
        return char::from(*byte).to_string();
    }
    let pairs = bytes.chunks_exact(2);
    let units = pairs.filter_map(|pair| Some(u16::from_be_bytes([*pair.first()?, *pair.get(1)?])));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

const SPACES_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_ranges_are_read() {
        let map = CodeMap::read(
            b"1 begincodespacerange <0000> <ffff> endcodespacerange 2 beginbfchar <0003> <0020> <0004> <00660069> \
              endbfchar 3 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0061> <0062>] <00000000> <ffffffff> <0041> endbfrange",
        );
        assert_eq!(map.text(3).as_deref(), Some(" "));
        assert_eq!(map.text(4).as_deref(), Some("fi"));
        assert_eq!(map.text(0x12).as_deref(), Some("C"));
        assert_eq!(map.text(0x21).as_deref(), Some("b"));
        assert_eq!(map.code_len(b"ab"), Some(2));
    }
}
