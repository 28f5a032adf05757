//! Lists of names, places and words, made from `data/` when the crate is built.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "drawn from when surrogates are minted")
)]
pub(crate) mod surrogates;
