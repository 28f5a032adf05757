//! Which features a token has: the rows of the table that its neighbourhood names.

use super::atoms::Window;

/// Rows of a table, as a power of two.
pub(crate) const ROWS_LOG2: u32 = 19;
/// Rows of a table.
pub(crate) const ROWS: usize = 1 << ROWS_LOG2;

/// At most so many features has a token.
pub(crate) const COUNT_MAX: usize = 64;

/// Names the row of each feature of the token in the middle of a window.
#[inline]
pub(crate) fn rows(window: &Window<'_>, mut each: impl FnMut(u32)) {
    let mut template = 0u32;
    let mut row = |hash: u32| {
        template = template.wrapping_add(0x9E37_79B9);
        let mixed = (hash ^ template).wrapping_mul(0x85EB_CA6B);
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0xC2B2_AE35);
        each(mixed >> (32 - ROWS_LOG2));
    };
    words(window, &mut row);
    shapes(window, &mut row);
    lists(window, &mut row);
    phrase(window, &mut row);
}

/// The token by itself, and the words around it.
#[inline]
fn words(window: &Window<'_>, row: &mut impl FnMut(u32)) {
    let [_, p2, p1, t, n1, n2, _] = *window;
    row(t.word);
    row(t.shape);
    row(t.prefix);
    row(t.suffix3);
    row(pair(t.suffix2, t.shape));
    row(pair(t.classes, t.shape));
    row(pair(t.word, t.shape));
    row(pair(t.rule, t.shape));
    row(p1.word);
    row(n1.word);
    row(p2.word);
    row(n2.word);
    row(pair(p1.word, t.word));
    row(pair(t.word, n1.word));
    row(pair(p2.word, p1.word));
    row(pair(n1.word, n2.word));
    row(pair(p1.word, n1.word));
    row(pair(p1.word, t.shape));
    row(pair(n1.word, t.shape));
    row(triple(p2.word, p1.word, t.shape));
    row(triple(t.shape, n1.word, n2.word));
    row(triple(p1.word, t.shape, n1.shape));
}

/// How it and its neighbours are written.
#[inline]
fn shapes(window: &Window<'_>, row: &mut impl FnMut(u32)) {
    let [_, p2, p1, t, n1, n2, _] = *window;
    row(triple(p1.shape, t.shape, n1.shape));
    row(triple(p2.shape, p1.shape, t.shape));
    row(triple(t.shape, n1.shape, n2.shape));
    row(pair(t.chunk, t.place));
    row(triple(t.chunk, t.place, p1.word));
}

/// The lists that it and its neighbours are on.
#[inline]
fn lists(window: &Window<'_>, row: &mut impl FnMut(u32)) {
    let [_, _, p1, t, n1, _, _] = *window;
    row(pair(t.lists, t.shape));
    row(pair(t.group, t.shape));
    row(triple(t.group, t.left, t.shape));
    row(pair(p1.group, t.group));
    row(pair(t.group, n1.group));
    row(triple(p1.group, t.group, n1.group));
    row(pair(p1.word, t.group));
    row(pair(t.group, n1.word));
    row(triple(p1.classes, t.group, t.shape));
    row(triple(n1.classes, t.group, t.shape));
    row(pair(t.named, t.shape));
    row(triple(p1.named, p1.shape, pair(t.named, t.shape)));
    row(triple(n1.named, n1.shape, pair(t.named, t.shape)));
    row(triple(t.named, t.left, t.shape));
    row(triple(t.named, t.right, t.shape));
    row(triple(t.place_name, t.shape, p1.word));
    row(triple(n1.place_name, t.group, t.shape));
}

/// The line and the phrase that it stands in.
#[inline]
fn phrase(window: &Window<'_>, row: &mut impl FnMut(u32)) {
    let [_, _, p1, t, n1, _, _] = *window;
    row(pair(t.gap, t.shape));
    row(triple(t.gap, t.group, n1.gap));
    row(pair(t.label, t.shape));
    row(pair(t.label, t.group));
    row(triple(t.label_last, t.shape, n1.shape));
    row(triple(t.left, p1.shape, t.shape));
    row(triple(t.right, t.shape, t.group));
    row(pair(t.left, t.right));
    row(pair(t.run_last, t.shape));
    row(pair(t.run_last, t.left));
    row(pair(t.run_first, t.shape));
    row(pair(t.run, t.shape));
    row(pair(p1.rule, t.shape));
    row(pair(n1.rule, t.shape));
}

#[inline]
fn pair(a: u32, b: u32) -> u32 {
    a.wrapping_mul(0xCC9E_2D51).rotate_left(13) ^ b.wrapping_mul(0x1B87_3593)
}

#[inline]
fn triple(a: u32, b: u32, c: u32) -> u32 {
    pair(pair(a, b), c)
}
