//! Emergency access: opened by a person with the authority for it, for one patient and a short
//! time, and reviewed by another person.

mod rows;

use std::time::Duration;

use jiff::Timestamp;
use wardgate_vault::{Binding, PatientHandle};
use zeroize::Zeroizing;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{BreakGlassOpened, BreakGlassReviewed, Event, Token};
use crate::hold::check_person;
use crate::snapshot::{PatientMatch, Snapshot};
use crate::store::Store;
use crate::store::rows::{BREAK_GLASS_OBJECT, Change, micros};

pub(crate) use rows::newer;

/// An emergency access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// Its id, which a call names.
    pub id: RecordId,
    /// Who opened it.
    pub person: String,
    /// The patient; `None` when nobody on file was meant. Whoever opened it is not told.
    pub patient: Option<PatientHandle>,
    /// Why, as a code.
    pub reason: BreakGlassReason,
    /// When it was opened.
    pub opened: Timestamp,
    /// The first instant at which it is over.
    pub until: Timestamp,
    /// The review, once there is one. It ends the access.
    pub review: Option<BreakGlassReview>,
}

/// The review of an emergency access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlassReview {
    /// Who reviewed it; another person than opened it.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// What they found.
    pub verdict: BreakGlassVerdict,
}

impl BreakGlass {
    /// Whether it opens anything at a time.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.review.is_none() && self.opened <= at && at < self.until
    }

    /// Whether it opens this patient's data to this person at a time.
    #[must_use]
    pub fn opens(&self, person: &str, patient: PatientHandle, at: Timestamp) -> bool {
        self.is_open(at) && self.person == person && self.patient == Some(patient)
    }
}

/// Defines an enum whose cases have one word each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name { $($(#[$case_doc])* $case,)+ }

        impl $name {
            /// Every case.
            pub const ALL: &'static [Self] = &[$(Self::$case,)+];

            /// The word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$case => $word,)+ }
            }

            /// Reads the word for it.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|case| case.word() == word)
            }
        }
    };
}

words! {
    /// Why a patient's data is opened in an emergency.
    BreakGlassReason {
        /// Life or limb is in danger.
        ImmediateDanger = "immediate-danger",
        /// The patient cannot be asked.
        CannotConsent = "cannot-consent",
        /// The one who cares for the patient is not there.
        CoveringForColleague = "covering-for-colleague",
        /// The record system that knows who cares for the patient is down.
        RecordSystemDown = "record-system-down",
        /// Something else, said in words.
        Other = "other",
    }
}

words! {
    /// What a review found.
    BreakGlassVerdict {
        /// It was right.
        Justified = "justified",
        /// It was not.
        NotJustified = "not-justified",
        /// It goes to somebody else to decide.
        Escalated = "escalated",
    }
}

/// What is to be opened.
#[derive(Clone, Copy)]
pub struct BreakGlassRequest<'a> {
    /// Who opens it.
    pub person: &'a str,
    /// The patient, by reference or identifier.
    pub patient: &'a str,
    /// Why, as a code.
    pub reason: BreakGlassReason,
    /// Why, in words. Kept sealed.
    pub words: &'a str,
}

impl std::fmt::Debug for BreakGlassRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Patient and words are patient data.
        f.debug_struct("BreakGlassRequest")
            .field("person", &self.person)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// How long an emergency access lasts.
pub const BREAK_GLASS_LASTS: Duration = Duration::from_secs(60 * 60);
/// How many emergency accesses of one person may await their review.
pub const BREAK_GLASS_UNREVIEWED_MAX: usize = 20;
/// The shortest reason in words: enough for a reviewer to judge by.
pub const BREAK_GLASS_WORDS_BYTES_MIN: usize = 10;
/// The longest reason in words.
pub const BREAK_GLASS_WORDS_BYTES_MAX: usize = 2_000;

/// Why an emergency access was not opened or reviewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BreakGlassError {
    /// The reason in words is too short or too long.
    #[error(
        "the reason must have {BREAK_GLASS_WORDS_BYTES_MIN} to {BREAK_GLASS_WORDS_BYTES_MAX} bytes"
    )]
    Words,
    /// Too many await their review.
    #[error("{BREAK_GLASS_UNREVIEWED_MAX} emergency accesses of this person await their review")]
    TooMany,
    /// There is none with this id.
    #[error("there is no such emergency access")]
    Unknown,
    /// It has been reviewed before.
    #[error("this emergency access was reviewed before")]
    Reviewed,
    /// Nobody reviews their own.
    #[error("whoever opened an emergency access cannot review it")]
    Own,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RecordsError),
}

impl Store {
    /// Opens a patient's data to a person for [`BREAK_GLASS_LASTS`]. Whether the person may is
    /// decided before. A patient who is not on file is recorded as an attempt like any other, so
    /// that nobody learns by it who is a patient here.
    ///
    /// # Errors
    /// When the words are too short or long, too many accesses await their review, the person is
    /// not on file, or the store fails.
    pub async fn open_break_glass(
        &self,
        request: &BreakGlassRequest<'_>,
        now: Timestamp,
    ) -> Result<BreakGlass, BreakGlassError> {
        let words = request.words.trim();
        if !(BREAK_GLASS_WORDS_BYTES_MIN..=BREAK_GLASS_WORDS_BYTES_MAX).contains(&words.len()) {
            return Err(BreakGlassError::Words);
        }
        let patient = match self.snapshot().patient(request.patient) {
            PatientMatch::One(patient) => Some(patient.handle),
            PatientMatch::Unknown | PatientMatch::Ambiguous => None,
        };
        let mut change = self.inner.write().await?;
        check_person(&mut change, request.person).await?;
        if rows::unreviewed_of(&mut change, request.person).await? >= BREAK_GLASS_UNREVIEWED_MAX {
            return Err(BreakGlassError::TooMany);
        }
        let until = now
            .checked_add(BREAK_GLASS_LASTS)
            .map_err(|_| RecordsError::damaged("time", "a time is out of range"))?;
        let access = BreakGlass {
            id: RecordId::new(now, self.inner.vault.random()),
            person: request.person.to_owned(),
            patient,
            reason: request.reason,
            opened: now,
            until,
            review: None,
        };
        let id = access.id.to_string();
        let bound_to = Binding::new(BREAK_GLASS_OBJECT, id.as_bytes());
        // Under the patient's key, the words go when the patient's data goes. Of nobody on file
        // only the code is kept.
        let sealed = patient
            .map(|handle| {
                let vault = &self.inner.vault;
                vault.seal_for_patient(handle, &bound_to, words.as_bytes())
            })
            .transpose()
            .map_err(RecordsError::from)?;
        let mut numbered = Change::begin(&mut change, now).await?;
        rows::insert(&mut change, &access, sealed, numbered.sequence).await?;
        let event = Event::BreakGlassOpened(BreakGlassOpened {
            access: access.id,
            patient,
            person: Token::or_unfit(&access.person),
            reason: Token::or_unfit(access.reason.word()),
            until,
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("open an emergency access"))?;
        self.refresh(now).await?;
        Ok(access)
    }

    /// Reviews an emergency access, and by that ends it.
    ///
    /// # Errors
    /// When there is none, it was reviewed before, the person opened it or is not on file, or
    /// the store fails.
    pub async fn review_break_glass(
        &self,
        id: RecordId,
        person: &str,
        verdict: BreakGlassVerdict,
        now: Timestamp,
    ) -> Result<BreakGlass, BreakGlassError> {
        let mut change = self.inner.write().await?;
        check_person(&mut change, person).await?;
        let mut access = rows::one(&mut change, id)
            .await?
            .ok_or(BreakGlassError::Unknown)?;
        if access.review.is_some() {
            return Err(BreakGlassError::Reviewed);
        }
        if access.person == person {
            return Err(BreakGlassError::Own);
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "UPDATE break_glass SET reviewed_by = $1, reviewed_at = $2, verdict = $3, changed = $4 \
             WHERE id = $5",
        )
        .bind(person)
        .bind(micros(now))
        .bind(verdict.word())
        .bind(numbered.sequence)
        .bind(id.to_string())
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("review an emergency access"))?;
        let event = Event::BreakGlassReviewed(BreakGlassReviewed {
            access: id,
            opened_by: Token::or_unfit(&access.person),
            patient: access.patient,
            person: Token::or_unfit(person),
            verdict: Token::or_unfit(verdict.word()),
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("review an emergency access"))?;
        self.refresh(now).await?;
        access.review = Some(BreakGlassReview {
            person: person.to_owned(),
            at: now,
            verdict,
        });
        Ok(access)
    }

    /// Emergency accesses, the newest first, at most `limit` of them, each with the reason in
    /// words as far as it can still be opened.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn break_glass_history(
        &self,
        limit: u32,
    ) -> Result<Vec<(BreakGlass, Option<Zeroizing<String>>)>, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read emergency accesses"))?;
        let found = rows::newest(&mut connection, limit).await?;
        let opened = found.into_iter().map(|(access, sealed)| {
            let id = access.id.to_string();
            let bound_to = Binding::new(BREAK_GLASS_OBJECT, id.as_bytes());
            let opened = access.patient.zip(sealed).and_then(|(handle, sealed)| {
                let vault = &self.inner.vault;
                vault.open_for_patient(handle, &bound_to, &sealed).ok()
            });
            let words =
                opened.and_then(|words| std::str::from_utf8(&words).ok().map(str::to_owned));
            (access, words.map(Zeroizing::new))
        });
        Ok(opened.collect())
    }

    /// An emergency access by its id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn break_glass(&self, id: RecordId) -> Result<Option<BreakGlass>, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read emergency accesses"))?;
        rows::one(&mut connection, id).await
    }
}

impl Snapshot {
    /// The emergency accesses that await their review, open ones among them, in no order.
    pub fn break_glass_unreviewed(&self) -> impl Iterator<Item = &BreakGlass> {
        self.records.break_glass.values()
    }

    /// Whether an emergency access opens this patient's data to this person now.
    pub(crate) fn break_glass_open(
        &self,
        id: RecordId,
        person: &str,
        patient: PatientHandle,
        now: Timestamp,
    ) -> Option<&BreakGlass> {
        let access = self.records.break_glass.get(&id)?;
        access.opens(person, patient, now).then_some(access)
    }
}
