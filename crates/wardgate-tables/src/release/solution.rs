//! What a search found, as bytes that another run can go on with.

use std::io::{self, Read, Write};

use crate::plan::Method;
use crate::problem::Problem;
use crate::recoding::Recoding;

/// What a search found for a table and a plan. It says levels of hierarchies, and never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A level for each quasi-identifier.
    Levels(Vec<u8>),
    /// A level for each cell of each different row.
    Cells(Recoding),
}

/// Keeps what a search found over an interruption. What it gives back is looked at like any other answer: it can
/// cost utility, never the guarantee.
pub trait Keeper: Sync {
    /// What an earlier run found for the same table and plan.
    fn recall(&self) -> Option<Solution>;
    /// Told what was found.
    fn keep(&self, solution: &Solution);
}

impl Solution {
    /// Writes it.
    ///
    /// # Errors
    /// When the output fails.
    pub fn write(&self, mut output: impl Write) -> io::Result<()> {
        let count = |count: usize| (count as u64).to_le_bytes();
        match &self.0 {
            Kind::Levels(levels) => {
                output.write_all(LEVELS)?;
                output.write_all(&count(levels.len()))?;
                output.write_all(levels)
            }
            Kind::Cells(recoding) => {
                output.write_all(CELLS)?;
                output.write_all(&count(recoding.levels.len()))?;
                output.write_all(&count(recoding.suppressed.len()))?;
                for levels in &recoding.levels {
                    output.write_all(levels)?;
                }
                for chunk in recoding.suppressed.chunks(CHUNK) {
                    let bytes: Vec<u8> = chunk.iter().map(|is| u8::from(*is)).collect();
                    output.write_all(&bytes)?;
                }
                Ok(())
            }
        }
    }

    /// Reads what [`Solution::write`] wrote.
    ///
    /// # Errors
    /// When the input fails, or holds anything else.
    pub fn read(mut input: impl Read) -> io::Result<Self> {
        let mut kind = [0; 8];
        input.read_exact(&mut kind)?;
        let solution = match &kind {
            LEVELS => {
                let axes = count(&mut input)?;
                Kind::Levels(taken(&mut input, axes)?)
            }
            CELLS => {
                let (axes, items) = (count(&mut input)?, count(&mut input)?);
                if axes > AXES_MAX {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                let mut levels = Vec::new();
                for _ in 0..axes {
                    levels.push(taken(&mut input, items)?);
                }
                let suppressed = taken(&mut input, items)?;
                Kind::Cells(Recoding {
                    levels,
                    suppressed: suppressed.iter().map(|byte| *byte != 0).collect(),
                })
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        match input.read(&mut [0])? {
            0 => Ok(Self(solution)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    pub(super) fn of_levels(levels: &[usize]) -> Self {
        let levels = levels.iter();
        Self(Kind::Levels(
            levels
                .map(|level| u8::try_from(*level).unwrap_or(u8::MAX))
                .collect(),
        ))
    }

    pub(super) fn of_cells(recoding: Recoding) -> Self {
        Self(Kind::Cells(recoding))
    }

    /// The levels of all cells; none of a solution that has them not.
    pub(super) fn into_cells(self) -> Recoding {
        match self.0 {
            Kind::Cells(recoding) => recoding,
            Kind::Levels(_) => Recoding {
                levels: Vec::new(),
                suppressed: Vec::new(),
            },
        }
    }

    /// What it makes of a problem; nothing when it is that of another one, or of another method.
    pub(super) fn recoding(self, problem: &Problem, method: Method) -> Option<Recoding> {
        let known = |axis: usize, level: u8| {
            let axis = problem.axes.get(axis);
            axis.is_some_and(|axis| usize::from(level) < axis.levels.len())
        };
        let recoding = match self.0 {
            Kind::Levels(levels) => {
                let fits = levels.len() == problem.axes.len()
                    && levels
                        .iter()
                        .enumerate()
                        .all(|(at, level)| known(at, *level));
                if !fits || method != Method::Exact {
                    return None;
                }
                let levels: Vec<usize> = levels.into_iter().map(usize::from).collect();
                Recoding::uniform(problem, &levels)
            }
            Kind::Cells(recoding) => {
                let items = problem.items.count();
                let fits = recoding.levels.len() == problem.axes.len()
                    && recoding.suppressed.len() == items
                    && recoding.levels.iter().enumerate().all(|(at, levels)| {
                        levels.len() == items && levels.iter().all(|level| known(at, *level))
                    });
                if !fits || method == Method::Exact {
                    return None;
                }
                recoding
            }
        };
        let suppressed = recoding.suppressed_rows(problem);
        (suppressed <= problem.suppressed_max).then_some(recoding)
    }
}

fn count(input: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// So many bytes; memory is taken as they come, not as they are announced.
fn taken(input: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut taken = Vec::new();
    input.take(bytes).read_to_end(&mut taken)?;
    match taken.len() as u64 == bytes {
        true => Ok(taken),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

const LEVELS: &[u8; 8] = b"levels 1";
const CELLS: &[u8; 8] = b"cells  1";
const CHUNK: usize = 1 << 16;
/// More quasi-identifiers than a table may have columns.
const AXES_MAX: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_is_read_as_it_was_written_or_not_at_all() {
        let recoding = Recoding {
            levels: vec![vec![0, 2, 1], vec![3, 3, 0]],
            suppressed: vec![false, true, false],
        };
        for solution in [
            Solution::of_levels(&[2, 0, 7]),
            Solution::of_cells(recoding),
        ] {
            let mut bytes = Vec::new();
            solution.write(&mut bytes).unwrap();
            assert_eq!(Solution::read(bytes.as_slice()).unwrap(), solution);
            for end in 0..bytes.len() {
                assert!(Solution::read(&bytes[..end]).is_err());
            }
            bytes.push(0);
            assert!(Solution::read(bytes.as_slice()).is_err());
        }
    }
}
