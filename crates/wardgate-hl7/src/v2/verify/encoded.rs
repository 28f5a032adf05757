//! Base64 in a value: what it holds is searched too.

use std::sync::LazyLock;

use wardgate_deid::{Found, Tracer};

/// Looks into what may be base64.
pub(super) fn search_encoded(tracers: &[&Tracer], value: &str, found: &mut Found) {
    let bytes = value.as_bytes();
    let mut decoded = Vec::new();
    let is_code = |at: usize| bytes.get(at).is_some_and(|byte| is_encoding(*byte));
    let mut from = 0;
    // A run that is long enough has one of its letters at each step.
    while from + ENCODED_LEN_MIN <= bytes.len() {
        let step = from + ENCODED_LEN_MIN - 1;
        let back = (from..=step).rev().take_while(|at| is_code(*at)).count();
        if back == 0 {
            from = step + 1;
            continue;
        }
        let start = step + 1 - back;
        let ahead = bytes.get(step + 1..).unwrap_or_default();
        let end = step + 1 + ahead.iter().take_while(|byte| is_encoding(**byte)).count();
        let run = bytes.get(start..end).unwrap_or_default();
        if run.len() >= ENCODED_LEN_MIN {
            decode(run, &mut decoded);
            found.merge(&super::bytes(tracers, &decoded));
        }
        from = end;
    }
}

/// Reads the whole groups of a run of base64.
fn decode(run: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let (groups, _) = run.as_chunks::<4>();
    for group in groups {
        let value = group.iter().fold(0_u32, |value, byte| {
            (value << 6)
                | u32::from(
                    SIX_BITS
                        .get(usize::from(*byte))
                        .copied()
                        .unwrap_or_default(),
                )
        });
        let [_, bytes @ ..] = value.to_be_bytes();
        out.extend_from_slice(&bytes);
    }
}

/// Whether a byte is one of those of base64.
pub(super) fn is_encoding(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

const ENCODED_LEN_MIN: usize = 16;
/// What each byte of base64 stands for (RFC 4648, table 1).
static SIX_BITS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    let upper = b'A'..=b'Z';
    let all = upper
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain([b'+', b'/']);
    let mut table = [0; 256];
    for (value, byte) in (0..).zip(all) {
        if let Some(slot) = table.get_mut(usize::from(byte)) {
            *slot = value;
        }
    }
    table
});

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use wardgate_deid::Traces;

    use super::*;

    #[test]
    fn words_of_base64_are_found_wherever_they_stand() {
        let mut traces = Traces::default();
        traces.name("Maria Lindqvist");
        let tracer = traces.compile();
        let word = BASE64_STANDARD.encode("seen: Maria Lindqvist, 12");
        for before in 0..40 {
            for behind in ["", "|", "||||", "|short|words|only|here"] {
                let value = format!("{}|{word}{behind}", "x|".repeat(before));
                let mut found = Found::default();
                search_encoded(&[&tracer], &value, &mut found);
                assert!(found.any(), "{before} {behind}");
            }
        }
        for length in 0..40 {
            let text: String = ('a'..='z').cycle().take(length).collect();
            let word = BASE64_STANDARD.encode(&text);
            let word = word.trim_end_matches('=');
            let mut decoded = Vec::new();
            decode(word.as_bytes(), &mut decoded);
            assert_eq!(decoded, text.as_bytes()[..word.len() / 4 * 3]);
        }
        let mut found = Found::default();
        search_encoded(
            &[&tracer],
            "nothing|of|anybody|hereorelsewhere|0123456789",
            &mut found,
        );
        assert!(!found.any());
    }
}
