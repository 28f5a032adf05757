//! Cyrillic and Greek letters that look like Latin ones.

/// The Latin letter that a letter looks like.
pub(super) fn latin_of(character: char) -> Option<char> {
    let (_, latin) = PAIRS.iter().find(|(other, _)| *other == character)?;
    Some(*latin)
}

/// Whether the word at the end of `before` and the start of `rest` has a Latin letter.
pub(super) fn in_latin_word(before: &str, rest: &str) -> bool {
    let last = before.bytes().next_back();
    if last.is_some_and(|b| b.is_ascii_alphabetic()) {
        return true;
    }
    rest.chars()
        .take(WORD_LEN_MAX)
        .take_while(|c| c.is_alphabetic())
        .any(|c| c.is_ascii_alphabetic())
}

const WORD_LEN_MAX: usize = 24;
const PAIRS: [(char, char); 54] = [
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('ԁ', 'd'),
    ('һ', 'h'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('У', 'Y'),
    ('Х', 'X'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('Ѕ', 'S'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('α', 'a'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('ν', 'v'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('υ', 'u'),
    ('ɑ', 'a'),
    ('ɡ', 'g'),
    ('ԍ', 'g'),
    ('ӏ', 'l'),
];
