//! Filters of streams (ISO 32000-1, 7.4), within a budget of bytes for the whole file.

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};

use super::object::{Dict, Object, nibble};

/// Why a stream is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfiltered {
    /// More bytes than the file may unfold to.
    TooLong,
    /// A filter of pictures, or one that is not known.
    Unknown,
}

/// The bytes of a stream without its filters.
///
/// `bytes_left` is what the file may still unfold to.
pub(super) fn unfiltered(
    dict: &Dict,
    coded: &[u8],
    bytes_left: &mut usize,
) -> Result<Vec<u8>, Unfiltered> {
    let filters = list(dict, b"Filter", b"F");
    let parameters = list(dict, b"DecodeParms", b"DP");
    if filters.len() > FILTERS_MAX {
        return Err(Unfiltered::Unknown);
    }
    let mut bytes = coded.to_vec();
    charge(bytes.len().saturating_add(STREAM_BYTES), bytes_left)?;
    for (index, filter) in filters.iter().enumerate() {
        let parameters = parameters.get(index).and_then(|object| object.dict());
        let name = filter.name().ok_or(Unfiltered::Unknown)?;
        bytes = match name {
            b"FlateDecode" | b"Fl" => predicted(inflated(&bytes, *bytes_left)?, parameters)?,
            b"LZWDecode" | b"LZW" => {
                let early = number(parameters, b"EarlyChange", 1) != 0;
                predicted(super::lzw::decoded(&bytes, early, *bytes_left)?, parameters)?
            }
            b"ASCII85Decode" | b"A85" => ascii85(&bytes),
            b"ASCIIHexDecode" | b"AHx" => hexadecimal(&bytes),
            b"RunLengthDecode" | b"RL" => runs(&bytes, *bytes_left)?,
            _ => return Err(Unfiltered::Unknown),
        };
        charge(bytes.len(), bytes_left)?;
    }
    Ok(bytes)
}

fn charge(bytes: usize, left: &mut usize) -> Result<(), Unfiltered> {
    *left = left.checked_sub(bytes).ok_or(Unfiltered::TooLong)?;
    Ok(())
}

fn list<'d>(dict: &'d Dict, key: &[u8], short: &[u8]) -> Vec<&'d Object> {
    match dict.get(key).or_else(|| dict.get(short)) {
        None | Some(Object::Null) => Vec::new(),
        Some(Object::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
    }
}

fn number(parameters: Option<&Dict>, key: &[u8], otherwise: usize) -> usize {
    let object = parameters.and_then(|dict| dict.get(key));
    object.and_then(Object::whole).unwrap_or(otherwise)
}

fn inflated(coded: &[u8], most: usize) -> Result<Vec<u8>, Unfiltered> {
    let (bytes, whole) = drained(ZlibDecoder::new(coded), most)?;
    if whole || !bytes.is_empty() {
        // What could be read of a damaged stream is what readers show of it.
        return Ok(bytes);
    }
    let bare = coded.get(2..).unwrap_or_default();
    Ok(drained(DeflateDecoder::new(bare), most)?.0)
}

/// All bytes up to an error, and whether there was none.
fn drained(from: impl Read, most: usize) -> Result<(Vec<u8>, bool), Unfiltered> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let whole = from.take(limit).read_to_end(&mut bytes).is_ok();
    match bytes.len() > most {
        true => Err(Unfiltered::TooLong),
        false => Ok((bytes, whole)),
    }
}

fn ascii85(coded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(coded.len() / 5 * 4);
    let mut group: Vec<u32> = Vec::with_capacity(5);
    for byte in coded {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => {}
        }
        if group.len() == 5 {
            put_group(&group, 4, &mut out);
            group.clear();
        }
    }
    if group.len() > 1 {
        let kept = group.len() - 1;
        group.resize(5, 84);
        put_group(&group, kept, &mut out);
    }
    out
}

fn put_group(group: &[u32], kept: usize, out: &mut Vec<u8>) {
    let word = group.iter().fold(0_u32, |word, digit| {
        word.wrapping_mul(85).wrapping_add(*digit)
    });
    out.extend(word.to_be_bytes().into_iter().take(kept));
}

fn hexadecimal(coded: &[u8]) -> Vec<u8> {
    let digits = coded.iter().take_while(|byte| **byte != b'>');
    let digits: Vec<u8> = digits.filter_map(|byte| nibble(*byte)).collect();
    let pairs = digits.chunks(2);
    pairs
        .filter_map(|pair| Some(pair.first()? << 4 | pair.get(1).copied().unwrap_or(0)))
        .collect()
}

fn runs(coded: &[u8], most: usize) -> Result<Vec<u8>, Unfiltered> {
    let mut out = Vec::new();
    let mut rest = coded;
    while let Some((length, more)) = rest.split_first() {
        let (bytes, behind) = match length {
            128 => break,
            0..=127 => more
                .split_at_checked(usize::from(*length) + 1)
                .unwrap_or((more, &[])),
            129..=255 => more.split_at_checked(1).unwrap_or((more, &[])),
        };
        let times = if *length > 128 {
            257 - usize::from(*length)
        } else {
            1
        };
        for _ in 0..times {
            out.extend_from_slice(bytes);
        }
        if out.len() > most {
            return Err(Unfiltered::TooLong);
        }
        rest = behind;
    }
    Ok(out)
}

/// Takes back what a predictor did (PNG filters and TIFF's of eight bits).
fn predicted(bytes: Vec<u8>, parameters: Option<&Dict>) -> Result<Vec<u8>, Unfiltered> {
    let predictor = number(parameters, b"Predictor", 1);
    if predictor < 2 {
        return Ok(bytes);
    }
    let colors = number(parameters, b"Colors", 1).clamp(1, 64);
    let bits = number(parameters, b"BitsPerComponent", 8).clamp(1, 16);
    let columns = number(parameters, b"Columns", 1).clamp(1, 1 << 20);
    let pixel = (colors * bits).div_ceil(8);
    let row_len = (colors * bits * columns).div_ceil(8);
    if predictor == 2 {
        return match bits {
            8 => Ok(sums(bytes, row_len, pixel)),
            _ => Err(Unfiltered::Unknown),
        };
    }
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut above = vec![0; row_len];
    for coded in bytes.chunks(row_len + 1) {
        let Some((kind, coded)) = coded.split_first() else {
            break;
        };
        let mut row = vec![0; row_len];
        for (at, byte) in coded.iter().enumerate() {
            let left = at.checked_sub(pixel);
            let a = left.and_then(|left| row.get(left)).copied().unwrap_or(0);
            let b = above.get(at).copied().unwrap_or(0);
            let c = left.and_then(|left| above.get(left)).copied().unwrap_or(0);
            let guess = match kind {
                1 => a,
                2 => b,
                3 => (u16::from(a).midpoint(u16::from(b))) as u8,
                4 => paeth(a, b, c),
                _ => 0,
            };
            if let Some(slot) = row.get_mut(at) {
                *slot = byte.wrapping_add(guess);
            }
        }
        out.extend(row.iter().take(coded.len()));
        above = row;
    }
    Ok(out)
}

fn sums(mut bytes: Vec<u8>, row_len: usize, pixel: usize) -> Vec<u8> {
    for row in bytes.chunks_mut(row_len) {
        for at in pixel..row.len() {
            let left = row.get(at - pixel).copied().unwrap_or(0);
            if let Some(slot) = row.get_mut(at) {
                *slot = slot.wrapping_add(left);
            }
        }
    }
    bytes
}

fn paeth(a: u8, b: u8, c: u8) -> u8 {
    let guess = i16::from(a) + i16::from(b) - i16::from(c);
    let far = |from: u8| (guess - i16::from(from)).abs();
    if far(a) <= far(b) && far(a) <= far(c) {
        a
    } else if far(b) <= far(c) {
        b
    } else {
        c
    }
}

const FILTERS_MAX: usize = 8;
/// What a stream costs besides its bytes, so that many empty ones are not free.
const STREAM_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn dict(text: &str) -> Dict {
        let value = super::super::object::Scanner::new(text.as_bytes(), 0, 1000).value();
        value.unwrap().dict().unwrap().clone()
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn filters_are_taken_off_in_order() {
        let mut left = 10_000;
        let filter = dict("<< /Filter [/AHx /A85] >>");
        assert_eq!(
            unfiltered(&filter, b"38376355524 45A7E3E>", &mut left).unwrap(),
            b"Hello"
        );
        let filter = dict("<< /Filter /RunLengthDecode >>");
        assert_eq!(
            unfiltered(&filter, b"\x01ab\xfec\x80", &mut left).unwrap(),
            b"abccc"
        );
        let filter = dict("<< /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 3 >> >>");
        let coded = deflated(b"\x02abc\x02\x01\x01\x01");
        assert_eq!(unfiltered(&filter, &coded, &mut left).unwrap(), b"abcbcd");
        let filter = dict("<< /Filter /DCTDecode >>");
        assert_eq!(
            unfiltered(&filter, b"x", &mut left),
            Err(Unfiltered::Unknown)
        );
    }

    #[test]
    fn a_bomb_ends_at_the_budget() {
        let bomb = deflated(&deflated(&vec![0; 50_000_000]));
        let filter = dict("<< /Filter [/FlateDecode /FlateDecode] >>");
        let mut left = 1_000_000;
        assert_eq!(
            unfiltered(&filter, &bomb, &mut left),
            Err(Unfiltered::TooLong)
        );
    }
}
