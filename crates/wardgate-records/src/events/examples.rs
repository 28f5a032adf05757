//! One invented leaf of every kind, for the reference and for tests of foreign readers.

use jiff::Timestamp;
use wardgate_vault::PatientHandle;

use super::*;

/// A leaf of every kind, in the order of [`EventKind::ALL`]: with every member that a kind may
/// have, or without the optional ones.
///
/// # Errors
/// Never in effect: every example is far smaller than a leaf may be.
pub fn examples(whole: bool) -> Result<Vec<Vec<u8>>, LeafTooLarge> {
    let invented = Invented { whole };
    let mut leaves = Vec::with_capacity(EventKind::ALL.len());
    let mut tell = |event: Event<'_>| -> Result<(), LeafTooLarge> {
        leaves.push(event.leaf(id(0x41), AT)?);
        Ok(())
    };
    invented.calls(&mut tell)?;
    invented.records(&mut tell)?;
    invented.ledger(&mut tell)?;
    invented.anchors(&mut tell)?;
    invented.keeping(&mut tell)?;
    invented.vault(&mut tell)?;
    tell(Event::ClockAnomaly(ClockAnomaly {
        boot: id(0x0b),
        before: AT,
        after: Timestamp::UNIX_EPOCH,
        monotonic_ms: 1000,
    }))?;
    invented.people(&mut tell)?;
    invented.identity(&mut tell)?;
    invented.proposals(&mut tell)?;
    invented.emergencies(&mut tell)?;
    invented.datasets(&mut tell)?;
    Ok(leaves)
}

type Tell<'t> = &'t mut dyn FnMut(Event<'_>) -> Result<(), LeafTooLarge>;

struct Invented {
    whole: bool,
}

impl Invented {
    fn optional<T>(&self, value: T) -> Option<T> {
        self.whole.then_some(value)
    }

    fn calls(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        let gates = [
            gate("identify", GateOutcome::Passed),
            gate("authorize", GateOutcome::Passed),
            gate("screen", GateOutcome::Flagged),
            gate("deid", GateOutcome::Off),
        ];
        let policies = [word("access.clinician"), word("consent.default")];
        tell(Event::CallIntent(CallIntent {
            app: word("ward-notes"),
            key: self.optional(id(0x0a)),
            credential: self.optional(Credential {
                kind: CredentialKind::AccessToken,
                digest: [11; 32],
            }),
            on_behalf_of: self.optional([12; 32]),
            person: self.optional(word("dr.osei")),
            system: word("note-helper"),
            system_digest: self.optional(word("sha256:5f70bf18")),
            purpose: word("TREAT"),
            patient: self.optional(patient()),
            data_class: word("clinical-note"),
            recipient: word("acme"),
            region: word("us"),
            policy_hash: [1; 32],
            policies: &policies,
            facts: &[],
            consents: &[ConsentHandle([2; 32])],
            consent_default: self.optional(word("permit")),
            facts_as_of: self.optional(AT),
            decision: self.optional(DECISION),
            gates: &gates,
            deid: DeidSummary {
                counts: &[(word("Name"), 2), (word("Phone"), 1)],
                off: self.optional(word("by-configuration")),
                scanned_bytes: 2048,
            },
            request_commitment: [3; 32],
            endpoint: word("main"),
            stream: true,
        }))?;
        self.outcome(tell)?;
        self.refusals(&policies, tell)
    }

    fn refusals(&self, policies: &[Token<'_>], tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::CallRefused(CallRefused {
            app: self.optional(word("ward-notes")),
            key: self.optional(id(0x0a)),
            person: self.optional(word("dr.osei")),
            system: self.optional(word("note-helper")),
            purpose: self.optional(word("TREAT")),
            patient: self.optional(patient()),
            data_class: self.optional(word("clinical-note")),
            gate: word("authorize"),
            code: word("vendor.agreement_expired"),
            record: self.optional(word("vendor/acme")),
            policy_hash: self.optional([1; 32]),
            policies,
            facts: &[],
            consents: &[ConsentHandle([2; 32])],
            consent_default: self.optional(word("permit")),
            facts_as_of: self.optional(AT),
            decision: self.optional(DECISION),
            gates: &[
                gate("identify", GateOutcome::Passed),
                gate("authorize", GateOutcome::Refused),
            ],
        }))?;
        tell(Event::IdentityRefused(IdentityRefused {
            code: word("key.expired"),
            key: self.optional(id(0x0a)),
            count: 12,
            first: AT,
            last: AT,
        }))
    }

    fn outcome(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::CallOutcome(CallOutcome {
            call: id(0x40),
            status: OutcomeStatus::Answered,
            http_status: self.optional(200),
            answer_commitment: self.optional([4; 32]),
            payload_hash: self.optional([5; 32]),
            answer_bytes: 812,
            stream_events: 17,
            attempts: 1,
            duration_us: 1_250_000,
            restored: 3,
            endpoint: self.optional(word("second")),
        }))
    }

    fn records(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::RecordChanged(RecordChanged {
            record: word("vendor"),
            record_id: word("acme"),
            version: 2,
            change: RecordChange::Changed,
            fields: &[word("state")],
            digest: self.optional([6; 32]),
        }))?;
        tell(Event::KeyCreated(KeyCreated {
            key: id(0x0a),
            app: word("ward-notes"),
            person: self.optional(word("dr.osei")),
            expires: AT,
            systems: &[word("note-helper")],
            purposes: &[word("TREAT")],
        }))?;
        tell(Event::KeyRevoked(KeyRevoked {
            key: id(0x0a),
            app: word("ward-notes"),
        }))?;
        tell(Event::PatientShredded(PatientShredded {
            patient: patient(),
            consents: 1,
            certificate: self.optional([7; 32]),
            payloads: self.optional(42),
        }))?;
        tell(Event::GatewayStarted(GatewayStarted {
            boot: id(0x0b),
            version: word("0.1.0"),
            policy_hash: [1; 32],
            recovered: 0,
        }))?;
        tell(Event::GatewayStopped(GatewayStopped { boot: id(0x0b) }))?;
        tell(Event::PolicyChanged(PolicyChanged {
            before: [1; 32],
            after: [8; 32],
        }))
    }

    fn ledger(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::StorageFault(StorageFault {
            reason: word("sync.failed"),
            index: 1000,
            occurred: self.optional(AT),
        }))?;
        tell(Event::StorageFull(StorageFull {
            index: 1000,
            occurred: self.optional(AT),
        }))?;
        tell(Event::LedgerResumed(LedgerResumed {
            index: 1001,
            fault_index: 1000,
        }))?;
        tell(Event::ForkDeclared(ForkDeclared {
            old_origin: word("hospital.example/wardgate"),
            new_origin: word("hospital.example/wardgate/2"),
            found_size: 900,
            witnessed_size: 1001,
            reason: word("restored-from-backup"),
            person: self.optional(word("it.lind")),
        }))?;
        tell(Event::LedgerPruned(LedgerPruned {
            minimum: 512,
            entries: 256,
        }))?;
        tell(Event::LedgerExported(LedgerExported {
            from: 512,
            to: 1001,
            manifest: [9; 32],
        }))
    }

    fn anchors(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::AnchorLost(AnchorLost {
            anchor: AnchorKind::Witness,
            name: word("witness-one"),
            since: AT,
        }))?;
        tell(Event::AnchorRestored(AnchorRestored {
            anchor: AnchorKind::Timestamp,
            name: word("tsa-one"),
            since: AT,
        }))
    }

    fn keeping(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::RetentionSet(RetentionSet {
            class: word("ledger"),
            days: 3650,
            before_days: self.optional(2190),
            person: self.optional(word("legal.moreau")),
        }))?;
        let (patient, person) = (
            self.optional(patient()),
            self.optional(word("legal.moreau")),
        );
        tell(Event::HoldPlaced(HoldPlaced {
            hold: id(0x0c),
            patient,
            from: self.optional(AT),
            to: self.optional(AT),
            reason: word("litigation"),
            person,
        }))?;
        tell(Event::HoldReleased(HoldReleased {
            hold: id(0x0c),
            patient,
            reason: word("case-closed"),
            person,
        }))
    }

    fn people(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        let person = word("dr.osei");
        tell(Event::SessionStarted(SessionStarted {
            session: id(0x0e),
            person,
            kind: word("browser"),
            means: word("passkey"),
            level: 3,
            rotated_from: self.optional(id(0x0f)),
        }))?;
        tell(Event::SessionEnded(SessionEnded {
            session: id(0x0e),
            person,
            reason: word("signed_out"),
        }))?;
        let (credential, kind) = (id(0x10), word("passkey"));
        tell(Event::CredentialAdded(CredentialAdded {
            credential,
            kind,
            person,
        }))?;
        tell(Event::CredentialRemoved(CredentialRemoved {
            credential,
            kind,
            person,
            reason: word("removed"),
        }))?;
        tell(Event::EnrolmentIssued(EnrolmentIssued {
            link: id(0x11),
            person,
            purpose: word("enrol"),
            expires: AT,
            by: self.optional(word("admin")),
        }))?;
        tell(Event::AccessDenied(AccessDenied {
            code: word("session.step_up"),
            operation: self.optional(word("policy.approve")),
            person: self.optional(person),
            count: 3,
            first: AT,
            last: AT,
        }))
    }

    fn identity(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::TokenIssued(TokenIssued {
            app: word("ward-notes"),
            bound: self.whole,
            expires: AT,
            scopes: &[word("wardgate/call")],
            token: [13; 32],
        }))
    }

    fn vault(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::KeyRotated(KeyRotated {
            key: word("tenant"),
            from_version: 1,
            to_version: 2,
            provider: word("passphrase"),
        }))?;
        let (reason, provider) = (word("provider.unreachable"), word("transit"));
        tell(Event::VaultSealed(VaultSealed { reason, provider }))?;
        let reason = word("provider.reachable");
        tell(Event::VaultUnsealed(VaultUnsealed { reason, provider }))?;
        tell(Event::BackupMade(BackupMade {
            backup: id(0x0d),
            bytes: 73_400_320,
            entries: 1001,
            digest: [10; 32],
        }))?;
        tell(Event::BackupRestored(BackupRestored {
            backup: id(0x0d),
            entries: 1001,
            shreddings: 1,
        }))?;
        tell(Event::RecoveryDrilled(RecoveryDrilled {
            took_ms: 840,
            keys: 3,
        }))
    }

    fn proposals(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::ProposalMade(ProposalMade {
            proposal: id(0x0e),
            record: word("vendor"),
            record_id: self.optional(word("acme")),
            base: 2,
            digest: [11; 32],
            person: word("sec.lind"),
        }))?;
        tell(Event::ProposalDecided(ProposalDecided {
            proposal: id(0x0e),
            record: word("vendor"),
            outcome: ProposalOutcome::Approved,
            proposer: word("sec.lind"),
            person: word("committee.abara"),
            version: self.optional(3),
        }))?;
        tell(Event::PolicyRolledBack(PolicyRolledBack {
            version: 5,
            to_version: 3,
            person: word("sec.lind"),
        }))?;
        tell(Event::RollbackReviewed(RollbackReviewed {
            version: 5,
            person: word("privacy.moreau"),
        }))
    }
}

impl Invented {
    fn emergencies(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::BreakGlassOpened(BreakGlassOpened {
            access: id(0x0e),
            patient: self.optional(patient()),
            person: word("dr.osei"),
            reason: word("immediate-danger"),
            until: AT,
        }))?;
        tell(Event::BreakGlassReviewed(BreakGlassReviewed {
            access: id(0x0e),
            opened_by: word("dr.osei"),
            patient: self.optional(patient()),
            person: word("m.chen"),
            verdict: word("justified"),
        }))
    }
}

impl Invented {
    fn datasets(&self, tell: Tell<'_>) -> Result<(), LeafTooLarge> {
        tell(Event::DatasetReleased(DatasetReleased {
            dataset: id(0x0f),
            name: word("discharge-2026"),
            manifest: [12; 32],
            files: 3,
            bytes: 4096,
            guarantee: "deidentified k=5",
            waived: "duplicates",
            person: word("data.okafor"),
        }))?;
        tell(Event::DatasetRefused(DatasetRefused {
            name: word("discharge-2026"),
            guarantee: "k=5",
            reasons: "release.k release.verifier_off",
            person: word("data.okafor"),
        }))?;
        tell(Event::DatasetDeidentified(DatasetDeidentified {
            app: self.optional(word("research-export")),
            person: self.optional(word("m.chen")),
            profile: word("safe-harbor"),
            resources: 100,
            done: ElementCounts {
                kept: 2_400,
                removed: 310,
                replaced: 820,
                shifted: 190,
                generalised: 40,
                cleaned: 75,
                emptied: 3,
            },
            verified: 100,
            bytes: 88_064,
            output: [13; 32],
        }))?;
        tell(Event::BudgetOpened(BudgetOpened {
            budget: word("discharge-2026"),
            accounting: word("pure"),
            limit: 1_000_000_000_000,
            person: word("data.okafor"),
        }))?;
        tell(Event::BudgetSpent(BudgetSpent {
            budget: word("discharge-2026"),
            number: 1,
            price: 100_000_000_000,
            spent: 100_000_000_000,
            left: 900_000_000_000,
            question: [14; 32],
            person: word("data.okafor"),
        }))
    }
}

fn gate(name: &'static str, outcome: GateOutcome) -> GateResult<'static> {
    GateResult {
        gate: word(name),
        outcome,
    }
}

fn patient() -> Patient {
    PatientHandle::from_bytes([0xab; 16])
}

fn word(text: &'static str) -> Token<'static> {
    Token::or_unfit(text)
}

fn id(byte: u8) -> RecordId {
    RecordId::new(AT, [byte; 10])
}

const DECISION: Decision<'static> = Decision {
    at: AT,
    vendor: Token::UNFIT,
    recipient: Token::UNFIT,
    region: Token::UNFIT,
    about_patient: true,
};
const AT: Timestamp = Timestamp::constant(1_788_252_300, 0);
