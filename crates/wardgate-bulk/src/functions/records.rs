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
    work.fhir.resource(input, &mut output).ok()?;
    if work.fhir.verify(input, &output).ok()?.any() {
        output.clear();
        work.fhir.resource_anew(input, &mut output).ok()?;
        if work.fhir.verify(input, &output).ok()?.any() {
            return None;
        }
    }
    // One resource stays in one line.
    String::from_utf8(output)
        .ok()
        .filter(|text| !text.contains('\n'))
}
