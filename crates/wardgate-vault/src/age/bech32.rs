//! Bech32 (BIP 173) without its length limit on the data, as the age format uses it.

use zeroize::Zeroizing;

/// Writes bytes, in lower case.
pub(super) fn encode(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let symbols = regroup(bytes, 8, 5);
    let mut sum = prefix_sum(prefix);
    for symbol in symbols.iter() {
        sum = step(sum, *symbol);
    }
    for _ in 0..CHECK_SYMBOLS {
        sum = step(sum, 0);
    }
    sum ^= 1;
    let check = (0..CHECK_SYMBOLS)
        .rev()
        .map(|place| (sum >> (5 * place)) as u8 & 0x1f);
    let mut text = Zeroizing::new(String::with_capacity(
        prefix.len() + 1 + symbols.len() + CHECK_SYMBOLS,
    ));
    text.push_str(prefix);
    text.push('1');
    for symbol in symbols.iter().copied().chain(check) {
        text.extend(ALPHABET.chars().nth(usize::from(symbol)));
    }
    text
}

/// Reads what [`encode`] wrote for this prefix. The text is all lower case.
pub(super) fn decode(prefix: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let symbols = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('1'))
        .ok_or("it starts with something else")?;
    let symbols: Zeroizing<Vec<u8>> = Zeroizing::new(
        symbols
            .chars()
            .map(|symbol| ALPHABET.find(symbol).map(|place| place as u8))
            .collect::<Option<_>>()
            .ok_or("it has a character that does not belong in it")?,
    );
    let sum = symbols
        .iter()
        .fold(prefix_sum(prefix), |sum, symbol| step(sum, *symbol));
    if sum != 1 {
        return Err("its checksum does not fit");
    }
    let data = symbols
        .len()
        .checked_sub(CHECK_SYMBOLS)
        .and_then(|length| symbols.get(..length))
        .ok_or("it is too short")?;
    let mut bytes = regroup(data, 5, 8);
    // The symbols carry up to four bits more than the bytes; those must be zero.
    let whole = data.len() * 5 / 8;
    let rest = data.len() * 5 % 8;
    if rest >= 5
        || bytes
            .get(whole..)
            .is_some_and(|end| end.iter().any(|b| *b != 0))
    {
        return Err("it is not padded with zero bits");
    }
    bytes.truncate(whole);
    Ok(bytes)
}

/// Turns groups of `from` bits into groups of `to` bits, the last one filled up with zeros.
fn regroup(values: &[u8], from: u32, to: u32) -> Zeroizing<Vec<u8>> {
    let mut groups = Zeroizing::new(Vec::with_capacity(values.len() * 8 / 5 + 1));
    let (mut held, mut bits) = (0_u32, 0_u32);
    for value in values {
        held = (held << from | u32::from(*value)) & 0xffff;
        bits += from;
        while bits >= to {
            bits -= to;
            groups.push((held >> bits & ((1 << to) - 1)) as u8);
        }
    }
    if bits > 0 {
        groups.push((held << (to - bits) & ((1 << to) - 1)) as u8);
    }
    groups
}

fn prefix_sum(prefix: &str) -> u32 {
    let sum = prefix.bytes().fold(1, |sum, byte| step(sum, byte >> 5));
    let sum = step(sum, 0);
    prefix.bytes().fold(sum, |sum, byte| step(sum, byte & 0x1f))
}

fn step(sum: u32, symbol: u8) -> u32 {
    let top = sum >> 25;
    let mut sum = (sum & 0x01ff_ffff) << 5 ^ u32::from(symbol);
    for (place, generator) in GENERATORS.iter().enumerate() {
        if top >> place & 1 == 1 {
            sum ^= generator;
        }
    }
    sum
}

const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATORS: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];
const CHECK_SYMBOLS: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_strings_are_read_and_written() {
        // Valid checksums of BIP 173: no data, and 32 symbols of zero.
        for (prefix, text, bytes) in [
            ("a", "a12uel5l", vec![]),
            (
                "1",
                "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
                vec![0; 51],
            ),
        ] {
            assert_eq!(*decode(prefix, text).unwrap(), bytes);
            // 82 symbols are 410 bits: two bits beyond the 51 bytes.
            assert_eq!(encode(prefix, &bytes).as_str(), text);
        }
    }

    #[test]
    fn faults_are_named() {
        for (prefix, text, what) in [
            ("a", "b12uel5l", "it starts with something else"),
            (
                "a",
                "a12uelbl",
                "it has a character that does not belong in it",
            ),
            ("a", "a12uel5p", "its checksum does not fit"),
            ("a", "a1", "its checksum does not fit"),
        ] {
            assert_eq!(decode(prefix, text).unwrap_err(), what, "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = encode("age", &bytes);
            prop_assert_eq!(&*decode("age", &text).unwrap(), &bytes);
        }

        #[test]
        fn one_other_character_is_noticed(
            bytes in prop::collection::vec(any::<u8>(), 1..40),
            at in any::<prop::sample::Index>(),
            other in "[02-9ac-hj-np-z]",
        ) {
            let text = encode("age", &bytes);
            let at = at.index(text.len());
            let mut altered = text.to_string();
            altered.replace_range(at..=at, &other);
            prop_assume!(altered != *text);
            prop_assert!(decode("age", &altered).is_err());
        }
    }
}
