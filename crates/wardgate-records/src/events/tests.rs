use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use wardgate_vault::PatientHandle;

use super::*;

/// RFC 8785 for what leaves may hold: members sorted, no white space, integers, JSON strings.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Number(number) => {
            // What JavaScript would print of the number as a double.
            let double = number.as_f64().unwrap();
            assert!(double <= 9_007_199_254_740_991.0);
            format!("{}", double as u64)
        }
        other => other.to_string(),
    }
}

fn check(event: &Event<'_>, id: RecordId, at: Timestamp) {
    let leaf = event.leaf(id, at).unwrap();
    let text = String::from_utf8(leaf.clone()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text, canonical(&value));
    assert!(text.is_ascii());
    catalogue::tests::conforms(&value).unwrap();
    let stored = StoredEvent::parse(&leaf).unwrap();
    assert_eq!((stored.id, stored.at, stored.kind), (id, at, event.kind()));
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
}

fn any_id() -> impl Strategy<Value = RecordId> {
    (any_time(), any::<[u8; 10]>()).prop_map(|(at, random)| RecordId::new(at, random))
}

fn any_word() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,30}", "\\PC{0,30}"]
}

fn any_words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(any_word(), 0..5)
}

proptest! {
    #[test]
    fn an_intent_and_a_refusal_are_canonical(
        id in any_id(), at in any_time(), words in any_words(), word in any_word(),
        digest in any::<[u8; 32]>(), count in any::<u64>(), some in any::<bool>(),
    ) {
        let tokens: Vec<Token<'_>> = words.iter().map(|word| Token::or_unfit(word)).collect();
        let token = Token::or_unfit(&word);
        let gates = [
            GateResult { gate: token, outcome: GateOutcome::Passed },
            GateResult { gate: token, outcome: GateOutcome::Off },
        ];
        let counts = [(token, count), (token, 0)];
        let consents = [ConsentHandle(digest)];
        let patient = some.then(|| PatientHandle::from_bytes([count.to_le_bytes()[0]; 16]));
        check(&Event::CallIntent(CallIntent {
            app: token, key: some.then_some(id), credential: (!some).then_some(Credential {
                kind: CredentialKind::EhrToken, digest,
            }),
            on_behalf_of: some.then_some(digest), person: some.then_some(token), system: token,
            system_digest: (!some).then_some(token), purpose: token, patient, data_class: token,
            recipient: token, region: token, policy_hash: digest, policies: &tokens, facts: &[],
            consents: &consents, consent_default: some.then_some(token),
            facts_as_of: some.then_some(at),
            decision: some.then_some(Decision {
                at, vendor: token, recipient: token, region: token, about_patient: some,
            }),
            gates: &gates,
            deid: DeidSummary { counts: &counts, off: some.then_some(token), scanned_bytes: count },
            request_commitment: digest, endpoint: token, stream: some,
        }), id, at);
        check(&Event::CallRefused(CallRefused {
            app: some.then_some(token), key: some.then_some(id), person: some.then_some(token),
            system: some.then_some(token), purpose: (!some).then_some(token), patient,
            data_class: some.then_some(token), gate: token, code: token,
            record: some.then_some(token), policy_hash: some.then_some(digest),
            policies: &tokens, facts: &[], consents: &[], consent_default: None,
            facts_as_of: None,
            decision: (!some).then_some(Decision {
                at, vendor: token, recipient: token, region: token, about_patient: some,
            }),
            gates: &gates,
        }), id, at);
    }

    #[test]
    fn an_outcome_is_canonical(
        id in any_id(), at in any_time(), word in any_word(), digest in any::<[u8; 32]>(),
        counts in any::<[u64; 5]>(), status in any::<u16>(), some in any::<bool>(),
    ) {
        let [answer_bytes, stream_events, attempts, duration_us, restored] = counts;
        check(&Event::CallOutcome(CallOutcome {
            call: id, status: OutcomeStatus::Answered, http_status: some.then_some(status),
            answer_commitment: some.then_some(digest), payload_hash: some.then_some(digest),
            answer_bytes, stream_events, attempts, duration_us, restored,
            endpoint: some.then(|| Token::or_unfit(&word)),
        }), id, at);
        check(&Event::CallOutcome(CallOutcome::unknown_after_restart(id)), id, at);
    }

    #[test]
    fn events_of_records_and_process_are_canonical(
        id in any_id(), at in any_time(), words in any_words(), word in any_word(),
        digest in any::<[u8; 32]>(), count in any::<u64>(), some in any::<bool>(),
    ) {
        let tokens: Vec<Token<'_>> = words.iter().map(|word| Token::or_unfit(word)).collect();
        let token = Token::or_unfit(&word);
        let change = if some { RecordChange::Created } else { RecordChange::Changed };
        check(&Event::RecordChanged(RecordChanged {
            record: token, record_id: token, version: count, change, fields: &tokens,
            digest: some.then_some(digest),
        }), id, at);
        check(&Event::IdentityRefused(IdentityRefused {
            code: token, key: some.then_some(id), count, first: at, last: at,
        }), id, at);
        check(&Event::KeyCreated(KeyCreated {
            key: id, app: token, person: some.then_some(token), expires: at,
            systems: &tokens, purposes: &tokens,
        }), id, at);
        check(&Event::KeyRevoked(KeyRevoked { key: id, app: token }), id, at);
        check(&Event::TokenIssued(TokenIssued {
            app: token, bound: some, expires: at, scopes: &tokens, token: digest,
        }), id, at);
        let patient = PatientHandle::from_bytes([7; 16]);
        check(&Event::PatientShredded(PatientShredded {
            patient, consents: count, certificate: some.then_some(digest),
            payloads: some.then_some(count),
        }), id, at);
        check(&Event::GatewayStarted(GatewayStarted {
            boot: id, version: token, policy_hash: digest, recovered: count,
        }), id, at);
        check(&Event::GatewayStopped(GatewayStopped { boot: id }), id, at);
        check(&Event::PolicyChanged(PolicyChanged { before: digest, after: digest }), id, at);
    }

    #[test]
    fn events_of_the_ledger_and_its_anchors_are_canonical(
        id in any_id(), at in any_time(), word in any_word(), digest in any::<[u8; 32]>(),
        counts in any::<[u64; 2]>(), some in any::<bool>(),
    ) {
        let token = Token::or_unfit(&word);
        let [index, count] = counts;
        let occurred = some.then_some(at);
        check(&Event::StorageFault(StorageFault { reason: token, index, occurred }), id, at);
        check(&Event::StorageFull(StorageFull { index, occurred }), id, at);
        check(&Event::LedgerResumed(LedgerResumed { index, fault_index: count }), id, at);
        check(&Event::ForkDeclared(ForkDeclared {
            old_origin: token, new_origin: token, found_size: index, witnessed_size: count,
            reason: token, person: some.then_some(token),
        }), id, at);
        check(&Event::LedgerPruned(LedgerPruned { minimum: index, entries: count }), id, at);
        check(&Event::LedgerExported(LedgerExported { from: index, to: count, manifest: digest }), id, at);
        for anchor in AnchorKind::ALL {
            check(&Event::AnchorLost(AnchorLost { anchor, name: token, since: at }), id, at);
            check(&Event::AnchorRestored(AnchorRestored { anchor, name: token, since: at }), id, at);
        }
        check(&Event::ClockAnomaly(ClockAnomaly {
            boot: id, before: at, after: at, monotonic_ms: count,
        }), id, at);
    }

    #[test]
    fn events_of_people_are_canonical(
        id in any_id(), at in any_time(), word in any_word(), count in any::<u64>(), some in any::<bool>(),
    ) {
        let token = Token::or_unfit(&word);
        let kind = Token::or_unfit(if some { "browser" } else { "cli" });
        check(&Event::SessionStarted(SessionStarted {
            session: id, person: token, kind, means: token, level: count,
            rotated_from: some.then_some(id),
        }), id, at);
        check(&Event::SessionEnded(SessionEnded { session: id, person: token, reason: token }), id, at);
        let kind = Token::or_unfit(if some { "passkey" } else { "totp" });
        check(&Event::CredentialAdded(CredentialAdded { credential: id, kind, person: token }), id, at);
        check(&Event::CredentialRemoved(CredentialRemoved {
            credential: id, kind, person: token, reason: token,
        }), id, at);
        check(&Event::EnrolmentIssued(EnrolmentIssued {
            link: id, person: token, purpose: Token::or_unfit("recover"), expires: at,
            by: some.then_some(token),
        }), id, at);
        check(&Event::AccessDenied(AccessDenied {
            code: token, operation: some.then_some(token), person: (!some).then_some(token), count,
            first: at, last: at,
        }), id, at);
    }

    #[test]
    fn events_of_custody_are_canonical(
        id in any_id(), at in any_time(), word in any_word(), digest in any::<[u8; 32]>(),
        counts in any::<[u64; 2]>(), some in any::<bool>(),
    ) {
        let token = Token::or_unfit(&word);
        let [first, second] = counts;
        let person = some.then_some(token);
        let patient = some.then(|| PatientHandle::from_bytes([9; 16]));
        check(&Event::RetentionSet(RetentionSet {
            class: token, days: first, before_days: some.then_some(second), person,
        }), id, at);
        check(&Event::HoldPlaced(HoldPlaced {
            hold: id, patient, from: some.then_some(at), to: some.then_some(at), reason: token, person,
        }), id, at);
        check(&Event::HoldReleased(HoldReleased { hold: id, patient, reason: token, person }), id, at);
        check(&Event::KeyRotated(KeyRotated {
            key: token, from_version: first, to_version: second, provider: token,
        }), id, at);
        check(&Event::VaultSealed(VaultSealed { reason: token, provider: token }), id, at);
        check(&Event::VaultUnsealed(VaultUnsealed { reason: token, provider: token }), id, at);
        check(&Event::BackupMade(BackupMade { backup: id, bytes: first, entries: second, digest }), id, at);
        check(&Event::BackupRestored(BackupRestored {
            backup: id, entries: first, shreddings: second,
        }), id, at);
        check(&Event::RecoveryDrilled(RecoveryDrilled { took_ms: first, keys: second }), id, at);
        check(&Event::BreakGlassOpened(BreakGlassOpened {
            access: id, patient, person: token, reason: token, until: at,
        }), id, at);
        check(&Event::BreakGlassReviewed(BreakGlassReviewed {
            access: id, opened_by: token, patient, person: token, verdict: token,
        }), id, at);
    }

    #[test]
    fn events_of_data_sets_are_canonical(
        id in any_id(), at in any_time(), word in any_word(), words in any_words(),
        digest in any::<[u8; 32]>(), counts in any::<[u64; 4]>(), some in any::<bool>(),
    ) {
        let token = Token::or_unfit(&word);
        let words = words.join(" ");
        let [first, second, third, fourth] = counts;
        check(&Event::DatasetReleased(DatasetReleased {
            dataset: id, name: token, manifest: digest, files: first, bytes: second, guarantee: &words,
            waived: &words, person: token,
        }), id, at);
        check(&Event::DatasetRefused(DatasetRefused {
            name: token, guarantee: &words, reasons: &words, person: token,
        }), id, at);
        check(&Event::DatasetDeidentified(DatasetDeidentified {
            app: some.then_some(token), person: (!some).then_some(token), profile: token,
            resources: first, done: ElementCounts { kept: second, ..ElementCounts::default() }, verified: first,
            bytes: second, output: digest,
        }), id, at);
        check(&Event::BudgetOpened(BudgetOpened {
            budget: token, accounting: token, limit: first, person: token,
        }), id, at);
        check(&Event::BudgetSpent(BudgetSpent {
            budget: token, number: first, price: second, spent: third, left: fourth, question: digest,
            person: token,
        }), id, at);
    }

    #[test]
    fn events_of_proposals_are_canonical(
        id in any_id(), at in any_time(), word in any_word(), digest in any::<[u8; 32]>(),
        counts in any::<[u64; 2]>(), some in any::<bool>(),
    ) {
        let token = Token::or_unfit(&word);
        let [first, second] = counts;
        check(&Event::ProposalMade(ProposalMade {
            proposal: id, record: token, record_id: some.then_some(token), base: first, digest,
            person: token,
        }), id, at);
        for outcome in [
            ProposalOutcome::Approved, ProposalOutcome::Rejected, ProposalOutcome::Withdrawn,
            ProposalOutcome::Stale,
        ] {
            check(&Event::ProposalDecided(ProposalDecided {
                proposal: id, record: token, outcome, proposer: token, person: token,
                version: some.then_some(first),
            }), id, at);
        }
        check(&Event::PolicyRolledBack(PolicyRolledBack {
            version: first, to_version: second, person: token,
        }), id, at);
        check(&Event::RollbackReviewed(RollbackReviewed { version: first, person: token }), id, at);
    }

    #[test]
    fn words_of_any_content_are_canonical_and_never_text(words in any_words(), text in "\\PC{0,60}") {
        for text in [words.join(" "), text] {
            let mut json = Canonical::with_capacity(64);
            json.object(|json| json.member("words").words(&text));
            let written = String::from_utf8(json.into_bytes()).unwrap();
            let value: Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&written, &canonical(&value));
            let kept = value["words"].as_str().unwrap();
            prop_assert!(kept.split(' ').all(|word| word.is_empty() || Token::new(word).is_ok()));
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = StoredEvent::parse(&bytes);
    }

    #[test]
    fn a_token_holds_no_sentence(text in "\\PC{1,20} \\PC{1,20}") {
        prop_assert!(Token::new(&text).is_err());
        prop_assert_eq!(Token::or_unfit(&text), Token::UNFIT);
    }
}

#[test]
fn an_intent_has_the_documented_form() {
    let id = RecordId::from_bytes([0x11; 16]);
    let token = |word| Token::new(word).unwrap();
    let event = Event::CallIntent(CallIntent {
        app: token("ward-notes"),
        key: Some(id),
        credential: None,
        on_behalf_of: None,
        person: None,
        system: token("note-helper"),
        system_digest: None,
        purpose: token("TREAT"),
        patient: Some(PatientHandle::from_bytes([0xab; 16])),
        data_class: token("clinical-note"),
        recipient: token("acme"),
        region: token("us"),
        policy_hash: [1; 32],
        policies: &[token("access.clinician")],
        facts: &[],
        consents: &[],
        consent_default: None,
        facts_as_of: None,
        decision: None,
        gates: &[GateResult {
            gate: token("authorize"),
            outcome: GateOutcome::Passed,
        }],
        deid: DeidSummary {
            counts: &[(token("Name"), 2)],
            off: None,
            scanned_bytes: 42,
        },
        request_commitment: [2; 32],
        endpoint: token("main"),
        stream: false,
    });
    let leaf = event.leaf(id, Timestamp::UNIX_EPOCH).unwrap();
    let expected = format!(
        concat!(
            r#"{{"at":"1970-01-01T00:00:00Z","data":{{"app":"ward-notes","consents":[],"data_class":"clinical-note","#,
            r#""deid":{{"counts":[{{"count":2,"kind":"Name"}}],"scanned_bytes":42}},"endpoint":"main","facts":[],"#,
            r#""gates":[{{"gate":"authorize","result":"passed"}}],"key":"11111111-1111-1111-1111-111111111111","#,
            r#""patient":"{patient}","policies":["access.clinician"],"policy_hash":"{hash}","purpose":"TREAT","#,
            r#""recipient":"acme","region":"us","request_commitment":"{commitment}","stream":false,"system":"note-helper"}},"#,
            r#""id":"11111111-1111-1111-1111-111111111111","type":"call.intent","v":1}}"#
        ),
        patient = "ab".repeat(16),
        hash = "01".repeat(32),
        commitment = "02".repeat(32),
    );
    assert_eq!(String::from_utf8(leaf).unwrap(), expected);
}

#[test]
fn a_leaf_that_is_too_large_is_refused() {
    let long = "x".repeat(Token::BYTES_MAX);
    let tokens = vec![Token::new(&long).unwrap(); 100];
    let event = Event::RecordChanged(RecordChanged {
        record: Token::UNFIT,
        record_id: Token::UNFIT,
        version: 1,
        change: RecordChange::Changed,
        fields: &tokens,
        digest: None,
    });
    let id = RecordId::from_bytes([1; 16]);
    let fault = event.leaf(id, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(fault.to_string().contains("record.changed"), "{fault}");
}

#[test]
fn a_leaf_of_another_version_type_or_form_is_not_read() {
    let leaf = |v: &str, kind: &str, more: &str| {
        format!(
            r#"{{"at":"1970-01-01T00:00:00Z","data":{{}},"id":"11111111-1111-1111-1111-111111111111"{more},"type":"{kind}","v":{v}}}"#
        )
    };
    let parse = |text: String| StoredEvent::parse(text.as_bytes());
    assert!(parse(leaf("1", "gateway.stopped", "")).is_ok());
    let fault = |text| parse(text).unwrap_err();
    assert!(parse(leaf("2", "gateway.stopped", "")).is_ok());
    for version in [0, SCHEMA_VERSION + 1] {
        assert_eq!(
            fault(leaf(&version.to_string(), "gateway.stopped", "")),
            EventFault::UnknownVersion(version)
        );
    }
    assert_eq!(
        fault(leaf("1", "call.guessed", "")),
        EventFault::UnknownType
    );
    assert_eq!(
        fault(leaf("1", "gateway.stopped", ",\"more\":1")),
        EventFault::Malformed
    );
    assert_eq!(fault(" ".repeat(LEAF_BYTES_MAX + 1)), EventFault::TooLarge);
}

#[test]
fn a_leaf_states_the_oldest_schema_that_has_its_members() {
    let patient = PatientHandle::from_bytes([7; 16]);
    let shredded = |certificate| {
        let event = Event::PatientShredded(PatientShredded {
            patient,
            consents: 1,
            certificate,
            payloads: None,
        });
        let id = RecordId::from_bytes([1; 16]);
        String::from_utf8(event.leaf(id, Timestamp::UNIX_EPOCH).unwrap()).unwrap()
    };
    assert!(shredded(None).ends_with(r#""type":"patient.shredded","v":1}"#));
    assert!(shredded(Some([3; 32])).ends_with(r#""type":"patient.shredded","v":2}"#));
}

#[test]
fn every_kind_is_read_by_its_word() {
    for &kind in EventKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
}
