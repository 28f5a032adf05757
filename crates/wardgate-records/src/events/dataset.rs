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
