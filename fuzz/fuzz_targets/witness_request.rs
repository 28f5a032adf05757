//! Requests to a witness: whatever is sent, only a signed tree that is not smaller is cosigned.

#![no_main]

use std::convert::Infallible;

use libfuzzer_sys::fuzz_target;
use wardgate_anchor::witness::{Cosigned, Verdict, judge};
use wardgate_ledger::note::{Signer, VerifierKey};

fuzz_target!(|input: &[u8]| {
    let signer = Signer::from_seed("log.example/a", &[7; 32]).expect("it is a name");
    let keys: [VerifierKey; 1] = [signer.verifier_key().clone()];
    for size in [0, 5] {
        let last = Cosigned {
            size,
            ..Cosigned::nothing()
        };
        let verdict = judge(input, &keys, |origin| {
            assert_eq!(origin, "log.example/a");
            Ok::<_, Infallible>(last)
        });
        if let Ok(Verdict::Cosign(accepted)) = verdict {
            assert!(accepted.checkpoint.size >= size);
        }
    }
});
