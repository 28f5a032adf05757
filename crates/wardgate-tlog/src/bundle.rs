//! Entry bundles: entries one after another, each behind its length as big-endian `u16`.

use thiserror::Error;

/// The longest entry that a bundle can hold.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// Appends an entry to a bundle.
pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleFault> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleFault::EntryTooLong)?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Reads the entries of a bundle in order; ends after the first fault.
pub fn entries(bundle: &[u8]) -> Entries<'_> {
    Entries { rest: bundle }
}

/// What is wrong with a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// An entry is longer than its length field can say.
    #[error("an entry is longer than {ENTRY_BYTES_MAX} bytes")]
    EntryTooLong,
    /// The bundle ends inside a length or an entry.
    #[error("the bundle ends inside an entry")]
    CutShort,
}

/// The entries of a bundle.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<&'a [u8], BundleFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = self.rest.split_first_chunk().and_then(|(length, rest)| {
            rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        });
        match split {
            Some((entry, rest)) => {
                self.rest = rest;
                Some(Ok(entry))
            }
            None => {
                self.rest = &[];
                Some(Err(BundleFault::CutShort))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bundle_has_big_endian_lengths() {
        let mut bundle = Vec::new();
        push(&mut bundle, b"ab").unwrap();
        push(&mut bundle, b"").unwrap();
        push(&mut bundle, &[7; 300]).unwrap();
        assert_eq!(&bundle[..8], &[0, 2, b'a', b'b', 0, 0, 1, 44]);
        assert_eq!(
            push(&mut bundle, &[0; 65_536]),
            Err(BundleFault::EntryTooLong)
        );
        assert!(push(&mut bundle, &[0; 65_535]).is_ok());
    }

    proptest! {
        #[test]
        fn bundles_read_back(list: Vec<Vec<u8>>) {
            let mut bundle = Vec::new();
            for entry in &list {
                push(&mut bundle, entry).unwrap();
            }
            let read: Vec<_> = entries(&bundle).map(|entry| entry.unwrap().to_vec()).collect();
            prop_assert_eq!(read, list);
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            prop_assert!(entries(&bytes).count() <= bytes.len());
        }
    }
}
