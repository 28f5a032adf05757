//! Events of data sets that leave, and of the privacy that answers about them cost.

use super::Token;
use super::canonical::Canonical;
use crate::RecordId;

/// A data set left with a manifest.
#[derive(Clone, Copy, Debug)]
pub struct DatasetReleased<'a> {
    /// The data set.
    pub dataset: RecordId,
    /// Its name.
    pub name: Token<'a>,
    /// SHA-256 of the manifest.
    pub manifest: [u8; 32],
    /// How many files it has.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// What is guaranteed of it, as codes such as `k=5`.
    pub guarantee: &'a str,
    /// Which checks were waived, as codes.
    pub waived: &'a str,
    /// Who released it.
    pub person: Token<'a>,
}

/// A data set was not let go.
#[derive(Clone, Copy, Debug)]
pub struct DatasetRefused<'a> {
    /// Its name.
    pub name: Token<'a>,
    /// What was to be guaranteed of it, as codes.
    pub guarantee: &'a str,
    /// Why, as codes.
    pub reasons: &'a str,
    /// Who asked.
    pub person: Token<'a>,
}

/// Records were de-identified on request of an interface, and searched; the answer follows.
#[derive(Clone, Copy, Debug)]
pub struct DatasetDeidentified<'a> {
    /// The application that asked.
    pub app: Option<Token<'a>>,
    /// The person who asked.
    pub person: Option<Token<'a>>,
    /// The profile that decided.
    pub profile: Token<'a>,
    /// How many resources were answered.
    pub resources: u64,
    /// What was done to their elements.
    pub done: ElementCounts,
    /// How many resources the verifier searched without finding an identifier of the input: all.
    pub verified: u64,
    /// The size of the answer in bytes.
    pub bytes: u64,
    /// SHA-256 of the answer.
    pub output: [u8; 32],
}

/// What was done to elements, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElementCounts {
    /// Elements that stand as they were.
    pub kept: u64,
    /// Elements that are gone.
    pub removed: u64,
    /// Elements for which another value stands.
    pub replaced: u64,
    /// Dates that moved by their patient's shift.
    pub shifted: u64,
    /// Elements for which a coarser value stands.
    pub generalised: u64,
    /// Free texts that went through the text engine.
    pub cleaned: u64,
    /// Elements for which an empty value stands, or one that says nothing.
    pub emptied: u64,
}

/// A privacy budget was opened.
#[derive(Clone, Copy, Debug)]
pub struct BudgetOpened<'a> {
    /// The budget.
    pub budget: Token<'a>,
    /// How spendings add up.
    pub accounting: Token<'a>,
    /// What may be spent, in trillionths of the accounting's unit.
    pub limit: u64,
    /// Who opened it.
    pub person: Token<'a>,
}

/// Privacy was spent; the answer is drawn afterwards.
#[derive(Clone, Copy, Debug)]
pub struct BudgetSpent<'a> {
    /// The budget.
    pub budget: Token<'a>,
    /// The number of the spending, from 1.
    pub number: u64,
    /// What was spent, in trillionths.
    pub price: u64,
    /// What is spent with it, in trillionths.
    pub spent: u64,
    /// What is left, in trillionths.
    pub left: u64,
    /// SHA-256 of the question.
    pub question: [u8; 32],
    /// Who asked.
    pub person: Token<'a>,
}

impl DatasetReleased<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("bytes").integer(self.bytes);
        json.member("dataset").id(&self.dataset);
        json.member("files").integer(self.files);
        json.member("guarantee").words(self.guarantee);
        json.member("manifest").hex(&self.manifest);
        json.member("name").token(self.name);
        json.member("person").token(self.person);
        json.member("waived").words(self.waived);
    }
}

impl DatasetRefused<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("guarantee").words(self.guarantee);
        json.member("name").token(self.name);
        json.member("person").token(self.person);
        json.member("reasons").words(self.reasons);
    }
}

impl DatasetDeidentified<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        if let Some(app) = self.app {
            json.member("app").token(app);
        }
        json.member("bytes").integer(self.bytes);
        json.member("cleaned").integer(self.done.cleaned);
        json.member("emptied").integer(self.done.emptied);
        json.member("generalised").integer(self.done.generalised);
        json.member("kept").integer(self.done.kept);
        json.member("output").hex(&self.output);
        if let Some(person) = self.person {
            json.member("person").token(person);
        }
        json.member("profile").token(self.profile);
        json.member("removed").integer(self.done.removed);
        json.member("replaced").integer(self.done.replaced);
        json.member("resources").integer(self.resources);
        json.member("shifted").integer(self.done.shifted);
        json.member("verified").integer(self.verified);
    }
}

impl BudgetOpened<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("accounting").token(self.accounting);
        json.member("budget").token(self.budget);
        json.member("limit").integer(self.limit);
        json.member("person").token(self.person);
    }
}

impl BudgetSpent<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("budget").token(self.budget);
        json.member("left").integer(self.left);
        json.member("number").integer(self.number);
        json.member("person").token(self.person);
        json.member("price").integer(self.price);
        json.member("question").hex(&self.question);
        json.member("spent").integer(self.spent);
    }
}
