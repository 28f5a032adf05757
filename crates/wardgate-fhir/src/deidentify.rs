//! The public face: one resource or Bundle in, one out.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use wardgate_deid::{
    Action, Engine, Found, Kind, Part, PatientIdentifiers, RecordFault, RecordRules, Tally,
};

use crate::counts::Counts;
use crate::memory::Memory;
use crate::overlay::Overlay;
use crate::patients::{Patient, PatientIndex};
use crate::rewrite::{Means, rewrite};
use crate::rulefile::RuleFile;
use crate::schema::{FhirVersion, Schema};
use crate::verify::{names, verify};

/// What holds for a run besides the rules.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The version that resources are read by.
    pub version: FhirVersion,
}

/// De-identifies resources; threads share it.
pub struct ResourceDeidentifier {
    rules: Arc<RecordRules>,
    patients: Arc<PatientIndex>,
    schema: &'static Schema,
    exact: Engine,
    whole: Engine,
    nobody: Arc<Patient>,
    overlay: Option<Arc<Overlay>>,
    /// What threads remembered that are not at work now.
    resting: Mutex<Vec<Memory>>,
}

impl ResourceDeidentifier {
    /// A de-identifier of the resources of one data set, whose patients a first pass has learned.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>, patients: Arc<PatientIndex>, options: Options) -> Self {
        let nobody = Patient::new(&rules, "", PatientIdentifiers::default(), None);
        Self {
            nobody: Arc::new(nobody),
            rules,
            patients,
            schema: Schema::of(options.version),
            exact: Engine::exact_only(),
            whole: Engine::new(),
            overlay: None,
            resting: Mutex::new(Vec::new()),
        }
    }

    /// The same with the rules of a file over the profile: where one of them is met it decides, and the version of the
    /// file is the one that resources are read by.
    #[must_use]
    pub fn with_rules(mut self, file: RuleFile) -> Self {
        self.schema = Schema::of(file.version());
        self.overlay = Some(Arc::new(file.overlay));
        self
    }

    /// Writes what may leave of one resource or Bundle to the end of `output`, and says what was done.
    ///
    /// A set of many resources is faster with [`Self::resource_into`].
    ///
    /// # Errors
    /// When it is not JSON, nests too deep, has a key twice, or holds a resource of an unknown type. `output` is then
    /// as it was.
    pub fn resource(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        let mut counts = self.counts();
        self.resource_into(input, output, &mut counts)?;
        Ok(counts.tally())
    }

    /// The same, with what was done added to counts that go on from resource to resource.
    ///
    /// # Errors
    /// As [`Self::resource`]. What a refused resource added to the counts stays in them.
    pub fn resource_into(
        &self,
        input: &[u8],
        output: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<(), RecordFault> {
        if input.len() > RECORD_BYTES_MAX {
            return Err(RecordFault::new(
                "fhir.size",
                format!("the record has more than {} MiB", RECORD_BYTES_MAX >> 20),
                "split the Bundle, or export as NDJSON",
            ));
        }
        let means = self.means(&[]);
        let mut memory = self.rested().pop().unwrap_or_else(Memory::new);
        let length = output.len();
        let done = rewrite(&means, &mut memory, counts, input, output);
        if done.is_err() {
            output.truncate(length);
        }
        self.rested().push(memory);
        done
    }

    /// Writes a resource or Bundle whose output [`Self::verify`] found something in once more, with stand-ins that are
    /// none of the names that are sought in it.
    ///
    /// Stand-ins are real names. One is drawn knowing whom the resource is about, and not everybody whom it and the
    /// resources that it points to name; whoever reads it could take it for one that was left. Verify the output again.
    ///
    /// # Errors
    /// As [`Self::resource`].
    pub fn resource_anew(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        let names = names(&self.rules, &self.patients, input)?;
        let mut counts = self.counts();
        let length = output.len();
        // What was worked out before was drawn without knowing them.
        let mut memory = Memory::new();
        let done = rewrite(&self.means(&names), &mut memory, &mut counts, input, output);
        if done.is_err() {
            output.truncate(length);
        }
        done.map(|()| counts.tally())
    }

    /// Writes a resource or Bundle to the end of `output` and searches what was written: as [`Self::resource_into`] does,
    /// then [`Self::verify`] and, where that finds something, once more [`Self::resource_anew`].
    ///
    /// What is found in the end must not leave.
    ///
    /// # Errors
    /// As [`Self::resource`].
    pub fn searched_into(
        &self,
        input: &[u8],
        output: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<Found, RecordFault> {
        let begin = output.len();
        self.resource_into(input, output, counts)?;
        let found = self.verify(input, output.get(begin..).unwrap_or_default())?;
        if !found.any() {
            return Ok(found);
        }
        output.truncate(begin);
        self.resource_anew(input, output)?;
        self.verify(input, output.get(begin..).unwrap_or_default())
    }

    /// Looks in an output for what identified somebody in its input: a walk of its own over both, which knows nothing
    /// of the treatments.
    ///
    /// # Errors
    /// When either is not JSON.
    pub fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        verify(&self.rules, &self.patients, input, output)
    }

    /// Counts of nothing yet, for [`Self::resource_into`].
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::new(self.schema)
    }

    fn means<'m>(&'m self, avoided: &'m [String]) -> Means<'m> {
        let profile = self.rules.profile();
        Means {
            rules: &self.rules,
            exact: &self.exact,
            whole: &self.whole,
            index: &self.patients,
            schema: self.schema,
            nobody: &self.nobody,
            overlay: self.overlay.as_deref(),
            avoided,
            keep_ids: profile.action(Kind::Id, Part::Whole) == Action::Keep,
            keep_urls: profile.action(Kind::Url, Part::Whole) == Action::Keep,
        }
    }

    fn rested(&self) -> std::sync::MutexGuard<'_, Vec<Memory>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ResourceDeidentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceDeidentifier")
            .finish_non_exhaustive()
    }
}

/// Bytes of one record.
const RECORD_BYTES_MAX: usize = 256 << 20;
