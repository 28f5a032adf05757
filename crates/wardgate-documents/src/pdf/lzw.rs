//! LZW as PDF and TIFF use it: codes of 9 to 12 bits, 256 clears the table, 257 ends.

use super::filter::Unfiltered;

/// The bytes that codes stand for; `early` is whether a code grows one entry before it must.
pub(super) fn decoded(coded: &[u8], early: bool, most: usize) -> Result<Vec<u8>, Unfiltered> {
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a piece of the output: where it begins, and its length.
    let mut entries: Vec<(usize, usize)> = Vec::new();
    let mut last: Option<(usize, usize)> = None;
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in coded {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        let width = width(entries.len(), early);
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held & ((1 << width) - 1)) as usize;
        bits &= (1 << held) - 1;
        let begins = out.len();
        match code {
            CLEAR => {
                entries.clear();
                last = None;
                continue;
            }
            END => break,
            0..=255 => out.push(code as u8),
            _ => {
                let known = entries.get(code - FIRST).copied();
                // The entry that is only now being made is the last one with its own first byte again.
                let Some((from, length)) = known.or(last
                    .filter(|_| code - FIRST == entries.len())
                    .map(|(from, length)| (from, length + 1)))
                else {
                    break;
                };
                for at in from..from + length {
                    let byte = out.get(at).copied().unwrap_or_default();
                    out.push(byte);
                }
            }
        }
        if let Some((from, length)) = last
            && entries.len() < ENTRIES_MAX
        {
            entries.push((from, length + 1));
        }
        last = Some((begins, out.len() - begins));
        if out.len() > most {
            return Err(Unfiltered::TooLong);
        }
    }
    Ok(out)
}

/// The bits of the next code, when the table has so many entries.
fn width(entries: usize, early: bool) -> u32 {
    let next = FIRST + entries + usize::from(early);
    match next {
        0..=511 => 9,
        512..=1023 => 10,
        1024..=2047 => 11,
        _ => 12,
    }
}

const CLEAR: usize = 256;
const END: usize = 257;
const FIRST: usize = 258;
const ENTRIES_MAX: usize = 4096 - FIRST;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_read() {
        let coded = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        let bytes = decoded(&coded, true, 100).unwrap();
        assert_eq!(bytes, [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
    }

    #[test]
    fn any_bytes_end() {
        for seed in 0..50_u8 {
            let coded: Vec<u8> = (0..2000_u32)
                .map(|n| (n.wrapping_mul(u32::from(seed) * 7 + 3) >> 3) as u8)
                .collect();
            let _ = decoded(&coded, seed % 2 == 0, 1 << 20);
        }
    }
}
