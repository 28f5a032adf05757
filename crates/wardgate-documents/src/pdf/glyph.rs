//! Names of glyphs and the encodings of fonts (ISO 32000-1, annex D; Adobe Glyph List Specification).

use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};
use unicode_normalization::char::compose;

/// What each code of a simple font stands for.
pub(super) type Codes = [Option<char>; 256];

/// The encoding that a name means.
pub(super) fn named_encoding(name: &[u8]) -> Option<Codes> {
    match name {
        b"WinAnsiEncoding" => Some(of(WINDOWS_1252)),
        b"MacRomanEncoding" => Some(of(MACINTOSH)),
        b"StandardEncoding" => Some(standard()),
        _ => None,
    }
}

/// Adobe's standard encoding.
pub(super) fn standard() -> Codes {
    let mut codes = [None; 256];
    for (slot, code) in codes.iter_mut().zip(0..=255_u8) {
        *slot = match code {
            0x27 => Some('’'),
            0x60 => Some('‘'),
            0x20..=0x7e => Some(char::from(code)),
            _ => {
                let upper = STANDARD_UPPER.iter().find(|(upper, _)| *upper == code);
                upper.map(|(_, c)| *c)
            }
        };
    }
    codes
}

/// The encoding that the font Symbol has by itself.
pub(super) fn symbol() -> Codes {
    let mut codes = [None; 256];
    let lower = SYMBOL_LOWER.chars().zip(0x20..=0x7e_usize);
    let upper = SYMBOL_UPPER
        .iter()
        .map(|(code, c)| (*c, usize::from(*code)));
    for (c, code) in lower.chain(upper) {
        if let Some(slot) = codes.get_mut(code) {
            *slot = Some(c);
        }
    }
    codes
}

/// The text of a glyph by its name; nothing when the name tells none.
pub(super) fn text(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let base = name.split('.').next().filter(|base| !base.is_empty())?;
    base.split('_').map(part).collect()
}

fn part(name: &str) -> Option<String> {
    let mut characters = name.chars();
    if let (Some(only), None) = (characters.next(), characters.next())
        && only.is_ascii_alphabetic()
    {
        return Some(only.to_string());
    }
    if let Ok(at) = NAMES.binary_search_by_key(&name, |(name, _)| name) {
        return NAMES.get(at).map(|(_, text)| (*text).to_owned());
    }
    if let Some(digits) = name.strip_prefix("uni")
        && digits.len() >= 4
        && digits.len().is_multiple_of(4)
    {
        let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(hex_pair).collect();
        return bytes.map(|bytes| super::cmap::utf16(&bytes));
    }
    if let Some(digits) = name.strip_prefix('u')
        && (4..=6).contains(&digits.len())
    {
        return u32::from_str_radix(digits, 16)
            .ok()
            .and_then(char::from_u32)
            .map(String::from);
    }
    accented(name).map(String::from)
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// A letter and its accent, such as `eacute`.
fn accented(name: &str) -> Option<char> {
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let accent = name.get(1..)?;
    let (_, mark) = ACCENTS
        .iter()
        .find(|(accent_name, _)| *accent_name == accent)?;
    compose(letter, *mark)
}

fn of(encoding: &'static Encoding) -> Codes {
    let mut codes = [None; 256];
    for (slot, code) in codes.iter_mut().zip(0..=255_u8) {
        if code >= 0x20 {
            let bytes = [code];
            let text = encoding.decode_without_bom_handling(&bytes).0;
            *slot = text.chars().next().filter(|c| !c.is_control());
        }
    }
    codes
}

const ACCENTS: &[(&str, char)] = &[
    ("acute", '\u{301}'),
    ("breve", '\u{306}'),
    ("caron", '\u{30c}'),
    ("cedilla", '\u{327}'),
    ("circumflex", '\u{302}'),
    ("commaaccent", '\u{326}'),
    ("dieresis", '\u{308}'),
    ("dotaccent", '\u{307}'),
    ("grave", '\u{300}'),
    ("hungarumlaut", '\u{30b}'),
    ("macron", '\u{304}'),
    ("ogonek", '\u{328}'),
    ("ring", '\u{30a}'),
    ("tilde", '\u{303}'),
];

const STANDARD_UPPER: &[(u8, char)] = &[
    (0xa1, '¡'),
    (0xa2, '¢'),
    (0xa3, '£'),
    (0xa4, '⁄'),
    (0xa5, '¥'),
    (0xa6, 'ƒ'),
    (0xa7, '§'),
    (0xa8, '¤'),
    (0xa9, '\''),
    (0xaa, '“'),
    (0xab, '«'),
    (0xac, '‹'),
    (0xad, '›'),
    (0xae, 'ﬁ'),
    (0xaf, 'ﬂ'),
    (0xb1, '–'),
    (0xb2, '†'),
    (0xb3, '‡'),
    (0xb4, '·'),
    (0xb6, '¶'),
    (0xb7, '•'),
    (0xb8, '‚'),
    (0xb9, '„'),
    (0xba, '”'),
    (0xbb, '»'),
    (0xbc, '…'),
    (0xbd, '‰'),
    (0xbf, '¿'),
    (0xc1, '`'),
    (0xc2, '´'),
    (0xc3, 'ˆ'),
    (0xc4, '˜'),
    (0xc5, '¯'),
    (0xc6, '˘'),
    (0xc7, '˙'),
    (0xc8, '¨'),
    (0xca, '˚'),
    (0xcb, '¸'),
    (0xcd, '˝'),
    (0xce, '˛'),
    (0xcf, 'ˇ'),
    (0xd0, '—'),
    (0xe1, 'Æ'),
    (0xe3, 'ª'),
    (0xe8, 'Ł'),
    (0xe9, 'Ø'),
    (0xea, 'Œ'),
    (0xeb, 'º'),
    (0xf1, 'æ'),
    (0xf5, 'ı'),
    (0xf8, 'ł'),
    (0xf9, 'ø'),
    (0xfa, 'œ'),
    (0xfb, 'ß'),
];

/// The codes from 0x20 to 0x7e of Symbol (ISO 32000-1, D.5).
const SYMBOL_LOWER: &str = " !∀#∃%&∋()*+,−./0123456789:;<=>?\
    ≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}~";

const SYMBOL_UPPER: &[(u8, char)] = &[
    (0xa0, '€'),
    (0xa2, '′'),
    (0xa3, '≤'),
    (0xa4, '⁄'),
    (0xa5, '∞'),
    (0xa6, 'ƒ'),
    (0xab, '↔'),
    (0xac, '←'),
    (0xad, '↑'),
    (0xae, '→'),
    (0xaf, '↓'),
    (0xb0, '°'),
    (0xb1, '±'),
    (0xb2, '″'),
    (0xb3, '≥'),
    (0xb4, '×'),
    (0xb5, '∝'),
    (0xb6, '∂'),
    (0xb7, '•'),
    (0xb8, '÷'),
    (0xb9, '≠'),
    (0xba, '≡'),
    (0xbb, '≈'),
    (0xbc, '…'),
    (0xd2, '®'),
    (0xd3, '©'),
    (0xd4, '™'),
    (0xd6, '√'),
    (0xd7, '·'),
    (0xd8, '¬'),
    (0xe5, '∑'),
];

/// Names in the order of their letters.
const NAMES: &[(&str, &str)] = &[
    ("AE", "Æ"),
    ("Alpha", "Α"),
    ("Beta", "Β"),
    ("Dcroat", "Đ"),
    ("Delta", "Δ"),
    ("Eth", "Ð"),
    ("Euro", "€"),
    ("Gamma", "Γ"),
    ("Lslash", "Ł"),
    ("OE", "Œ"),
    ("Omega", "Ω"),
    ("Oslash", "Ø"),
    ("Phi", "Φ"),
    ("Pi", "Π"),
    ("Psi", "Ψ"),
    ("Sigma", "Σ"),
    ("Theta", "Θ"),
    ("Thorn", "Þ"),
    ("ae", "æ"),
    ("alpha", "α"),
    ("ampersand", "&"),
    ("approxequal", "≈"),
    ("arrowdown", "↓"),
    ("arrowleft", "←"),
    ("arrowright", "→"),
    ("arrowup", "↑"),
    ("asciicircum", "^"),
    ("asciitilde", "~"),
    ("asterisk", "*"),
    ("at", "@"),
    ("backslash", "\\"),
    ("bar", "|"),
    ("beta", "β"),
    ("braceleft", "{"),
    ("braceright", "}"),
    ("bracketleft", "["),
    ("bracketright", "]"),
    ("brokenbar", "¦"),
    ("bullet", "•"),
    ("cent", "¢"),
    ("chi", "χ"),
    ("colon", ":"),
    ("comma", ","),
    ("copyright", "©"),
    ("currency", "¤"),
    ("dagger", "†"),
    ("daggerdbl", "‡"),
    ("dcroat", "đ"),
    ("degree", "°"),
    ("delta", "δ"),
    ("divide", "÷"),
    ("dollar", "$"),
    ("dotlessi", "ı"),
    ("eight", "8"),
    ("ellipsis", "…"),
    ("emdash", "—"),
    ("endash", "–"),
    ("epsilon", "ε"),
    ("equal", "="),
    ("eta", "η"),
    ("eth", "ð"),
    ("exclam", "!"),
    ("exclamdown", "¡"),
    ("ff", "ff"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("fi", "fi"),
    ("five", "5"),
    ("fl", "fl"),
    ("florin", "ƒ"),
    ("four", "4"),
    ("fraction", "⁄"),
    ("gamma", "γ"),
    ("germandbls", "ß"),
    ("greater", ">"),
    ("greaterequal", "≥"),
    ("guillemotleft", "«"),
    ("guillemotright", "»"),
    ("guilsinglleft", "‹"),
    ("guilsinglright", "›"),
    ("hyphen", "-"),
    ("infinity", "∞"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("less", "<"),
    ("lessequal", "≤"),
    ("logicalnot", "¬"),
    ("lslash", "ł"),
    ("middot", "·"),
    ("minus", "−"),
    ("mu", "µ"),
    ("multiply", "×"),
    ("nbspace", " "),
    ("nine", "9"),
    ("nonbreakingspace", " "),
    ("notequal", "≠"),
    ("nu", "ν"),
    ("numbersign", "#"),
    ("oe", "œ"),
    ("omega", "ω"),
    ("one", "1"),
    ("onehalf", "½"),
    ("onequarter", "¼"),
    ("onesuperior", "¹"),
    ("ordfeminine", "ª"),
    ("ordmasculine", "º"),
    ("oslash", "ø"),
    ("paragraph", "¶"),
    ("parenleft", "("),
    ("parenright", ")"),
    ("percent", "%"),
    ("period", "."),
    ("periodcentered", "·"),
    ("perthousand", "‰"),
    ("phi", "φ"),
    ("pi", "π"),
    ("plus", "+"),
    ("plusminus", "±"),
    ("psi", "ψ"),
    ("question", "?"),
    ("questiondown", "¿"),
    ("quotedbl", "\""),
    ("quotedblbase", "„"),
    ("quotedblleft", "“"),
    ("quotedblright", "”"),
    ("quoteleft", "‘"),
    ("quoteright", "’"),
    ("quotesinglbase", "‚"),
    ("quotesingle", "'"),
    ("registered", "®"),
    ("rho", "ρ"),
    ("section", "§"),
    ("semicolon", ";"),
    ("seven", "7"),
    ("sigma", "σ"),
    ("six", "6"),
    ("slash", "/"),
    ("softhyphen", "-"),
    ("space", " "),
    ("sterling", "£"),
    ("tau", "τ"),
    ("theta", "θ"),
    ("thorn", "þ"),
    ("three", "3"),
    ("threequarters", "¾"),
    ("threesuperior", "³"),
    ("trademark", "™"),
    ("two", "2"),
    ("twosuperior", "²"),
    ("underscore", "_"),
    ("xi", "ξ"),
    ("yen", "¥"),
    ("zero", "0"),
    ("zeta", "ζ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        let disordered = NAMES.windows(2).find(|pair| pair[0].0 >= pair[1].0);
        assert_eq!(disordered, None);
    }

    #[test]
    fn names_tell_their_text() {
        for (name, is) in [
            ("A", "A"),
            ("eacute", "é"),
            ("Zcaron", "Ž"),
            ("f_i.alt", "fi"),
            ("uni00480069", "Hi"),
            ("u1F600", "\u{1f600}"),
            ("seven.oldstyle", "7"),
        ] {
            assert_eq!(text(name.as_bytes()).as_deref(), Some(is), "{name}");
        }
        for unknown in ["g12", ".notdef", "", "a17", "c5"] {
            assert_eq!(text(unknown.as_bytes()), None, "{unknown}");
        }
        assert_eq!(named_encoding(b"WinAnsiEncoding").unwrap()[0xe9], Some('é'));
        assert_eq!(standard()[0xfb], Some('ß'));
        assert_eq!(
            (
                symbol()[0xb3],
                symbol()[b'm' as usize],
                symbol()[b'~' as usize]
            ),
            (Some('≥'), Some('μ'), Some('~'))
        );
    }
}
