//! The engine as functions of DataFusion.
//!
//! A function travels between the parts of a cluster by its name alone. The name therefore ends in the id of the key
//! with its rules: a part with another key does not know the function, and the job fails instead of writing stand-ins
//! that do not fit, or raw values.

mod cells;
mod dates;
mod general;
mod records;
mod texts;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};

use crate::failure::{BAD_ARGUMENT, NO_KEY, NO_PATIENT};
use crate::rules::Rules;

use cells::Cells;

/// The functions as an executor has them.
pub(crate) fn real(rules: &Rules) -> Vec<ScalarUDF> {
    let work = Work {
        records: Arc::clone(&rules.records),
        fhir: Arc::clone(&rules.fhir),
    };
    functions(rules.id(), Some(&work))
}

/// The functions by name alone, as those parts have them that plan but do not work: called, they fail.
pub(crate) fn named(key_id: &str) -> Vec<ScalarUDF> {
    functions(key_id, None)
}

fn functions(key_id: &str, work: Option<&Work>) -> Vec<ScalarUDF> {
    let function = |kind: &FunctionKind| {
        let (short, _) = kind.face();
        ScalarUDF::new_from_impl(Function {
            name: format!("{short}_{key_id}"),
            aliases: vec![short.to_owned()],
            signature: kind.signature(),
            kind: *kind,
            work: work.cloned(),
        })
    };
    FunctionKind::ALL.iter().map(function).collect()
}

/// What functions work with.
#[derive(Clone, Debug)]
struct Work {
    records: Arc<wardgate_deid::RecordRules>,
    fhir: Arc<wardgate_fhir::ResourceDeidentifier>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum FunctionKind {
    Text,
    Fhir,
    Pseudonym,
    PseudonymId,
    ShiftDate,
    GeneraliseNumber,
    GeneraliseText,
    GeneraliseDate,
}

impl FunctionKind {
    const ALL: [Self; 8] = [
        Self::Text,
        Self::Fhir,
        Self::Pseudonym,
        Self::PseudonymId,
        Self::ShiftDate,
        Self::GeneraliseNumber,
        Self::GeneraliseText,
        Self::GeneraliseDate,
    ];

    /// The name in jobs, and the possible numbers of arguments.
    fn face(self) -> (&'static str, &'static [usize]) {
        match self {
            Self::Text => ("deid_text", &[2, 3]),
            Self::Fhir => ("deid_fhir", &[1]),
            Self::Pseudonym => ("pseudonym", &[3]),
            Self::PseudonymId => ("pseudonym_id", &[2]),
            Self::ShiftDate => ("shift_date", &[2]),
            Self::GeneraliseNumber => ("generalise_number", &[2]),
            Self::GeneraliseText => ("generalise_text", &[2]),
            Self::GeneraliseDate => ("generalise_date", &[1]),
        }
    }

    fn signature(self) -> Signature {
        let (_, counts) = self.face();
        let counts = counts
            .iter()
            .map(|count| TypeSignature::Any(*count))
            .collect();
        Signature::one_of(counts, Volatility::Immutable)
    }
}

/// A function of the engine. All of them take and give text, row by row.
#[derive(Debug)]
struct Function {
    name: String,
    aliases: Vec<String>,
    signature: Signature,
    kind: FunctionKind,
    work: Option<Work>,
}

// The name holds the kind and the id of the key with its rules: what has one name does one thing.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let work = self.work.as_ref().ok_or_else(|| mark(NO_KEY))?;
        let cells = Cells::of(&args)?;
        let written: StringArray = match self.kind {
            FunctionKind::Text => texts::clean(work, &cells)?,
            FunctionKind::Fhir => records::clean(work, &cells),
            FunctionKind::Pseudonym => texts::pseudonyms(work, &cells)?,
            FunctionKind::PseudonymId => texts::pseudonym_ids(work, &cells)?,
            FunctionKind::ShiftDate => dates::shift(work, &cells)?,
            FunctionKind::GeneraliseNumber => general::numbers(&cells)?,
            FunctionKind::GeneraliseText => general::texts(&cells)?,
            FunctionKind::GeneraliseDate => general::dates(&cells),
        };
        Ok(ColumnarValue::Array(Arc::new(written) as ArrayRef))
    }
}

/// An error that says no more than which rule of this program was broken.
fn mark(mark: &'static str) -> DataFusionError {
    DataFusionError::Execution(mark.to_owned())
}

fn no_patient() -> DataFusionError {
    mark(NO_PATIENT)
}

fn bad_argument() -> DataFusionError {
    mark(BAD_ARGUMENT)
}

#[cfg(test)]
mod tests;
