//! Multidimensional recoding: all rows begin as one group, which is cut along one hierarchy after another for
//! as long as every part fulfils the models, as Mondrian does it (LeFevre et al. 2006).

use crate::partition::{Cutter, recoded};
use crate::problem::Problem;
use crate::recoding::Recoding;
use crate::search::Unfound;
use crate::watch::Watch;

/// Cuts as far as the models allow.
pub(crate) fn recode(problem: &Problem, watch: &Watch<'_>) -> Result<Recoding, Unfound> {
    let items = (0..problem.items.count())
        .filter_map(|item| u32::try_from(item).ok())
        .collect();
    let (mut groups, lost) = Cutter::new(problem, 1).cut(items, watch)?;
    for group in &mut groups {
        group.tighten(problem);
    }
    Ok(recoded(problem, &groups, &lost))
}
