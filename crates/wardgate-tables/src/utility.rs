//! What a generalised table has lost.

/// How much an axis lost, 0 for every value as it was and 1 for nothing left: the leaves that each cell may
/// stand for, a suppressed cell for all, between the least and the most that they could be.
pub(crate) fn loss_of_axis(covered: u64, rows: u64, domain: u64) -> f64 {
    let least = rows;
    let most = rows.saturating_mul(domain);
    if most <= least {
        return 0.0;
    }
    covered.saturating_sub(least) as f64 / (most - least) as f64
}

/// The geometric mean of the axes' losses, each moved by one so that none makes it vanish.
pub(crate) fn loss_of_product(product: f64, axes: usize) -> f64 {
    product.powf(1.0 / (axes as f64).max(1.0)) - 1.0
}
