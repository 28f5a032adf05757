//! The age format: keys in text, headers and payloads. What is read as a key is written the same,
//! and nothing but the end of a genuine file is taken for its end.

#![no_main]

use std::io::{Read, Write};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wardgate_vault::age::{Identity, Recipient, decrypt, encrypt};

const SECRET: &str = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

/// One identity, and a file for it that is made anew at each start.
static FILE: LazyLock<([Identity; 1], Vec<u8>)> = LazyLock::new(|| {
    let identity = Identity::parse(SECRET).expect("it is one");
    let mut file = encrypt(Vec::new(), &[identity.recipient().clone()]).expect("it is for one");
    file.write_all(b"what was sealed").expect("memory takes it");
    let file = file.finish().expect("memory takes it");
    ([identity], file)
});

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let (identities, genuine) = &*FILE;
    match kind % 3 {
        0 => {
            let Ok(text) = std::str::from_utf8(rest) else {
                return;
            };
            if let Ok(recipient) = text.parse::<Recipient>() {
                assert_eq!(recipient.to_string(), text);
            }
            let _ = Identity::parse_file(text);
        }
        // The vectors of the corpus are for this identity, so their payloads are reached too.
        1 => {
            if let Ok(mut reader) = decrypt(rest, identities) {
                let _ = reader.read_to_end(&mut Vec::new());
            }
        }
        _ => {
            let mut file = genuine.clone();
            for change in rest.chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % file.len();
                file[at] ^= change[2];
            }
            let mut plain = Vec::new();
            let read = decrypt(file.as_slice(), identities)
                .map(|mut reader| reader.read_to_end(&mut plain));
            let whole = matches!(read, Ok(Ok(_)));
            assert_eq!(whole, file == *genuine);
            assert_eq!(plain, if whole { &b"what was sealed"[..] } else { b"" });
        }
    }
});
