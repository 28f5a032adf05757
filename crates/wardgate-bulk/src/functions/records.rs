//! FHIR resources in a column of text.

use datafusion::arrow::array::StringArray;

use super::Work;
use super::cells::Cells;

/// `deid_fhir(resource)`. A resource that is refused, or in whose output the independent search finds an identifier
/// of the input, is left out.
pub(super) fn clean(work: &Work, cells: &Cells) -> StringArray {
    (0..cells.rows())
        .map(|row| resource(work, cells.filled(0, row)?))
        .collect()
}

fn resource(work: &Work, resource: &str) -> Option<String> {
    let input = resource.trim().as_bytes();
    let mut output = Vec::with_capacity(input.len());
    let mut counts = work.fhir.counts();
    let found = work.fhir.searched_into(input, &mut output, &mut counts);
    if found.ok()?.any() {
        return None;
    }
    // One resource stays in one line.
    String::from_utf8(output)
        .ok()
        .filter(|text| !text.contains('\n'))
}
