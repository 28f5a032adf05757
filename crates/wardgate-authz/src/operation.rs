//! What people and applications do beside calling a system, and who may do it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::policies::{Policies, Unpermitted};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// Something that is done on the console, its interfaces or from afar by a command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$doc])* $name,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its word in policies, refusals and the ledger, such as `policy.approve`.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads its word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|operation| operation.word() == word)
            }
        }
    };
}

operations! {
    /// See and change one's own ways to sign in and one's own sessions. The target belongs to oneself.
    AccountOwn = "account.own";
    /// See the people on file.
    PeopleRead = "people.read";
    /// Give a person a link to enrol with.
    PeopleEnrol = "people.enrol";
    /// Suspend a person or let them act again.
    PeopleSuspend = "people.suspend";
    /// Change a person's roles and authority.
    PeopleRoles = "people.roles";
    /// End sessions of another person.
    SessionRevoke = "session.revoke";
    /// Create, change and deactivate people from a directory.
    ScimProvision = "scim.provision";
    /// See vendors, systems, apps and flows.
    RecordsRead = "records.read";
    /// Propose a vendor or a change of one.
    VendorPropose = "vendor.propose";
    /// Approve a vendor that another person proposed.
    VendorApprove = "vendor.approve";
    /// See policies, their versions and proposals.
    PolicyRead = "policy.read";
    /// Propose a change of the policies.
    PolicyPropose = "policy.propose";
    /// Approve a change of the policies that another person proposed.
    PolicyApprove = "policy.approve";
    /// Go back to an earlier version of the policies.
    PolicyRollback = "policy.rollback";
    /// Open a patient's data in an emergency.
    BreakGlassOpen = "break_glass.open";
    /// See who opened whose data in an emergency.
    BreakGlassRead = "break_glass.read";
    /// Review an emergency access of another person.
    BreakGlassReview = "break_glass.review";
    /// See consents.
    ConsentRead = "consent.read";
    /// Create and change consents.
    ConsentWrite = "consent.write";
    /// Settle a consent that cannot be computed.
    ConsentResolve = "consent.resolve";
    /// See who cares for whom.
    CareTeamRead = "care_team.read";
    /// Say who cares for whom.
    CareTeamWrite = "care_team.write";
    /// Have records de-identified under the hospital's own key.
    DataDeidentify = "data.deidentify";
    /// Look at the ledger.
    LedgerRead = "ledger.read";
    /// Export the ledger.
    LedgerExport = "ledger.export";
    /// See API keys and the clients of applications.
    KeyRead = "key.read";
    /// Make an API key.
    KeyCreate = "key.create";
    /// Revoke an API key.
    KeyRevoke = "key.revoke";
    /// Register or change the keys and certificates of an application.
    ClientRegister = "client.register";
}

/// Who does it.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// A person or an application.
    pub who: Who<'a>,
    /// How strongly they signed in: 0 none, 1 one factor, 2 two factors, 3 phishing-resistant.
    pub mfa_level: u8,
    /// How many seconds ago they last proved it.
    pub mfa_age_s: u64,
}

/// A person or an application.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// A person with roles.
    Person {
        /// The person's id.
        id: &'a str,
        /// The person's roles.
        roles: &'a [String],
        /// Whether the person may open data in an emergency.
        break_glass: bool,
    },
    /// An application with the operations it was granted, by their words.
    App {
        /// The application's id.
        id: &'a str,
        /// The operations it was granted.
        operations: &'a [String],
    },
}

/// What it is done to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The kind of record, such as `policy`.
    pub kind: &'a str,
    /// Its id.
    pub id: &'a str,
    /// The person who made, proposed or opened it, or whom it belongs to. Without it nothing
    /// is approved, reviewed or owned.
    pub made_by: Option<&'a str>,
}

impl Target<'_> {
    /// Nothing in particular, such as a list, or a record that does not exist yet.
    #[must_use]
    pub const fn any() -> Self {
        Self {
            kind: "any",
            id: "any",
            made_by: None,
        }
    }
}

/// Proof that one operation may be done.
#[derive(Debug)]
pub struct Allowed {
    operation: Operation,
    policies: Vec<Arc<str>>,
}

impl Allowed {
    /// What may be done.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The policies that permit it.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().map(AsRef::as_ref)
    }
}

/// Why an operation may not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// The stable code, such as `operation.not_permitted` or `mfa.step_up_required`.
    pub code: Arc<str>,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Arc<str>,
}

impl Actor<'_> {
    /// The id of the person or the application.
    #[must_use]
    pub fn id(&self) -> &str {
        match self.who {
            Who::Person { id, .. } | Who::App { id, .. } => id,
        }
    }
}

/// Decides whether an actor may do something. What no policy permits is refused.
///
/// # Errors
/// Why not.
pub fn operate(
    actor: &Actor<'_>,
    operation: Operation,
    target: &Target<'_>,
    policies: &Policies,
    now: Timestamp,
) -> Result<Allowed, Forbidden> {
    let permitted = policies.permit_operation(actor, operation, target, now);
    let refused = match permitted {
        Ok(policies) => {
            return Ok(Allowed {
                operation,
                policies,
            });
        }
        Err(refused) => refused,
    };
    let deciding = match &refused {
        Unpermitted::Forbidden(positions) => policies.first_refusal(positions),
        Unpermitted::NotPermitted => None,
        Unpermitted::Failed => {
            return Err(Forbidden {
                code: "policy.failed".into(),
                message: FAILED_MESSAGE.to_owned(),
                hint: FAILED_HINT.into(),
            });
        }
    };
    Err(match deciding {
        Some(text) => Forbidden {
            code: Arc::clone(&text.code),
            message: text.message.fill_operation(actor, operation, target),
            hint: Arc::clone(&text.hint),
        },
        None => Forbidden {
            code: NOT_PERMITTED.into(),
            message: NOT_PERMITTED_MESSAGE
                .replace("{operation}", operation.word())
                .replace("{actor}", actor.id()),
            hint: NOT_PERMITTED_HINT.into(),
        },
    })
}

pub(crate) const NOT_PERMITTED: &str = "operation.not_permitted";
pub(crate) const NOT_PERMITTED_MESSAGE: &str = "no policy permits `{actor}` to do {operation}";
pub(crate) const NOT_PERMITTED_HINT: &str = "ask an administrator for a role that may do this; an application needs it among its operations";
pub(crate) const FAILED_MESSAGE: &str = "the policies could not be evaluated for this operation";
pub(crate) const FAILED_HINT: &str = "report this; nothing is ever done on a failed policy";
