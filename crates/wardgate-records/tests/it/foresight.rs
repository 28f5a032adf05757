//! Recorded decisions replayed from ledger entries alone.

use std::convert::Infallible;

use jiff::{SignedDuration, Timestamp};
use wardgate_authz::{Denial, Gate, Permit, Policies};
use wardgate_records::events::{
    CallIntent, CallRefused, Decision, DeidSummary, Event, FactUsed, Token,
};
use wardgate_records::foresight::{Flip, Foresight, RECORDS_SHOWN_MAX, foresee};
use wardgate_records::{Ask, RecordId};

use crate::facts::{ASK, ask};
use crate::hospital::{Hospital, example, now};

/// One decided call as the gate records it.
struct Call<'a> {
    ask: Ask<'a>,
    at: Timestamp,
    decided: &'a Result<Permit, Denial>,
    decision: bool,
}

fn id(number: u16) -> RecordId {
    let [high, low] = number.to_be_bytes();
    RecordId::new(now(), [high, low, 0, 0, 0, 0, 0, 0, 0, 1])
}

impl Call<'_> {
    fn decision(&self) -> Option<Decision<'static>> {
        self.decision.then_some(Decision {
            at: self.at,
            vendor: Token::or_unfit("acme"),
            recipient: Token::or_unfit("acme"),
            region: Token::or_unfit("us"),
            about_patient: true,
        })
    }

    fn leaf(&self, number: u16) -> Vec<u8> {
        let word = Token::or_unfit;
        let decision = self.decision();
        let policies: Vec<Token<'_>> = match self.decided {
            Ok(permit) => permit.policies().map(word).collect(),
            Err(denial) => denial.policies().map(word).collect(),
        };
        let facts: Vec<FactUsed<'_>> = match self.decided {
            Ok(permit) => permit.facts().map(FactUsed::from).collect(),
            Err(denial) => denial.facts().map(FactUsed::from).collect(),
        };
        let event = match self.decided {
            Ok(permit) => Event::CallIntent(CallIntent {
                app: word(self.ask.app),
                key: Some(id(1)),
                credential: None,
                on_behalf_of: None,
                person: self.ask.person.map(word),
                system: word(self.ask.system),
                system_digest: None,
                purpose: word(self.ask.purpose),
                patient: None,
                data_class: word(self.ask.data_class),
                recipient: word("acme"),
                region: word("us"),
                policy_hash: *permit.policy_hash(),
                policies: &policies,
                facts: &facts,
                consents: &[],
                consent_default: None,
                facts_as_of: Some(now()),
                decision,
                gates: &[],
                deid: DeidSummary {
                    counts: &[],
                    off: None,
                    scanned_bytes: 0,
                },
                request_commitment: [0; 32],
                endpoint: word("main"),
                stream: false,
            }),
            Err(denial) => Event::CallRefused(CallRefused {
                app: Some(word(self.ask.app)),
                key: Some(id(1)),
                person: self.ask.person.map(word),
                system: Some(word(self.ask.system)),
                purpose: Some(word(self.ask.purpose)),
                patient: None,
                data_class: Some(word(self.ask.data_class)),
                gate: word(if denial.gate() == Gate::Facts {
                    "facts"
                } else {
                    "authorise"
                }),
                code: word(denial.code()),
                record: None,
                policy_hash: Some(*denial.policy_hash()),
                policies: &policies,
                facts: &facts,
                consents: &[],
                consent_default: None,
                facts_as_of: Some(now()),
                decision,
                gates: &[],
            }),
        };
        event.leaf(id(number), self.at).unwrap()
    }
}

/// The example hospital after one thing after another went out of order.
const EDITS: &[(&str, &str)] = &[
    ("mfa: 2 ", "mfa: 2 "),
    ("\nmfa: 2 ", "\nmfa: 1 "),
    ("roles: [clinician]", "roles: [nurse]"),
    ("roles: [clinician]", "roles: [auditor, clerk]"),
    ("state: live ", "state: suspended "),
    ("expires: 2027-06-30", "expires: 2026-11-22"),
    ("expires: 2027-02-28", "expires: 2026-11-01"),
    ("assessed_until: 2027-03-31", "assessed_until: 2026-10-01"),
    ("findings_overdue: 0", "findings_overdue: 2"),
    ("purposes: [TREAT, AI-INFERENCE]", "purposes: [HPAYMT]"),
    ("state: declared", "state: withdrawn"),
];

/// Many decisions of a hospital in which things lapse, as the ledger has them, newest first.
async fn recorded(rounds: u16) -> Vec<Result<(u64, Vec<u8>), Infallible>> {
    let hospital = Hospital::furnished().await;
    let mut leaves = Vec::new();
    let mut number = 0;
    for (from, to) in EDITS {
        let edited = example().replacen(from, to, 1);
        hospital.yaml(&edited).await.unwrap();
        let snapshot = hospital.store.snapshot();
        for round in 0..rounds {
            for purpose in ["TREAT", "ETREAT", "HPAYMT", "HRESCH"] {
                for person in [Some("dr.osei"), None] {
                    let asked = Ask {
                        person,
                        purpose,
                        ..ASK
                    };
                    let at = now() + SignedDuration::from_millis(i64::from(round));
                    let decided = ask(&snapshot, &asked, at);
                    let call = Call {
                        ask: asked,
                        at,
                        decided: &decided,
                        decision: true,
                    };
                    number += 1;
                    leaves.push(Ok((u64::from(number), call.leaf(number))));
                }
            }
        }
    }
    leaves.reverse();
    leaves
}

fn all_but(file: &str) -> Policies {
    let files = Policies::built_in_files().iter().copied();
    let files: Vec<_> = files.filter(|(name, _)| *name != file).collect();
    Policies::parse(&files).unwrap()
}

fn seen(foresight: &Foresight) -> u64 {
    let flips: u64 = foresight.flips.iter().map(|group| group.count).sum();
    let lost: u64 = foresight.unreplayable.values().sum();
    foresight.same + foresight.not_by_policies + flips + foresight.ungrouped + lost
}

#[tokio::test]
async fn every_fresh_entry_comes_out_as_it_was_under_the_same_policies() {
    let leaves = recorded(16).await;
    let count = leaves.len() as u64;
    assert!(count > 1_400);
    let built_in = Policies::built_in().unwrap();
    let foresight = foresee(leaves.into_iter(), &built_in, u64::MAX).unwrap();
    assert_eq!(foresight.decisions, count);
    assert_eq!(foresight.same + foresight.not_by_policies, count);
    assert!(foresight.same > foresight.not_by_policies);
    assert!(foresight.flips.is_empty() && foresight.unreplayable.is_empty());
}

#[tokio::test]
async fn flips_are_counted_and_grouped_by_why() {
    let leaves = recorded(16).await;
    let foresight = foresee(leaves.into_iter(), &all_but("mfa.cedar"), u64::MAX).unwrap();
    assert_eq!(seen(&foresight), foresight.decisions);
    let [group] = &foresight.flips[..] else {
        panic!("{:#?}", foresight.flips);
    };
    // Signed in with one factor, for treatment, of which the patient was never asked.
    assert_eq!(group.flip, Flip::PermitsIfConsented);
    assert_eq!(group.before.as_deref(), Some("mfa.required"));
    assert_eq!(
        (group.after.as_deref(), &group.policies[..]),
        (None, &["access.clinician".to_owned()][..])
    );
    assert_eq!(
        group.records.len() as u64,
        group.count.min(RECORDS_SHOWN_MAX as u64)
    );
    assert_eq!(foresight.flipped(), group.count);
    // The newest of them come first.
    assert!(group.records.windows(2).all(|pair| pair[0] > pair[1]));
}

#[tokio::test]
async fn a_stricter_set_refuses_what_passed() {
    let leaves = recorded(1).await;
    let never = r#"
        @id("mine.never") @code("mine.never") @message("no") @hint("do") @fact("person.roles")
        forbid (principal, action == Wardgate::Action::"call", resource)
        when { context.purpose == "TREAT" };"#;
    let mut files = Policies::built_in_files().to_vec();
    files.push(("mine.cedar", never));
    let stricter = Policies::parse(&files).unwrap();
    let foresight = foresee(leaves.into_iter(), &stricter, u64::MAX).unwrap();
    assert_eq!(seen(&foresight), foresight.decisions);
    let refuses: Vec<_> = foresight
        .flips
        .iter()
        .filter(|group| group.flip == Flip::Refuses)
        .collect();
    assert_eq!(refuses.len(), 1, "{:#?}", foresight.flips);
    assert_eq!(refuses[0].after.as_deref(), Some("mine.never"));
    assert_eq!(refuses[0].before, None);
    // A refusal that stays a refusal is no other answer.
    let others: u64 = foresight
        .flips
        .iter()
        .filter(|group| group.flip == Flip::OtherCode)
        .map(|group| group.count)
        .sum();
    let flips: u64 = foresight.flips.iter().map(|group| group.count).sum();
    assert_eq!(foresight.flipped(), flips - others);
}

#[tokio::test]
async fn the_newest_decisions_are_replayed_and_no_more() {
    let leaves = recorded(1).await;
    let built_in = Policies::built_in().unwrap();
    let foresight = foresee(leaves.into_iter(), &built_in, 7).unwrap();
    assert_eq!(foresight.decisions, 7);
}

#[tokio::test]
async fn entries_that_lack_what_policies_read_are_counted_and_never_guessed() {
    let hospital = Hospital::furnished().await;
    let decided = ask(&hospital.store.snapshot(), &ASK, now());
    let call = |decision| Call {
        ask: ASK,
        at: now(),
        decided: &decided,
        decision,
    };
    let old = call(false).leaf(1);
    let fresh = String::from_utf8(call(true).leaf(2)).unwrap();
    let unfit = fresh.replace(r#""vendor":"acme""#, r#""vendor":"unfit""#);
    let lost = fresh.replace("vendor.region", "vendor.colour");
    assert_ne!(unfit, fresh);
    let leaves = [
        old,
        unfit.into_bytes(),
        lost.into_bytes(),
        fresh.into_bytes(),
    ];
    let leaves = leaves
        .into_iter()
        .map(|leaf| Ok::<_, Infallible>((0, leaf)));
    let foresight = foresee(leaves, &Policies::built_in().unwrap(), u64::MAX).unwrap();
    assert_eq!((foresight.decisions, foresight.same), (4, 1));
    let reasons: Vec<(&str, u64)> = foresight
        .unreplayable
        .iter()
        .map(|(reason, count)| (reason.as_str(), *count))
        .collect();
    assert_eq!(
        reasons,
        [
            ("a fact was recorded that this program does not know", 1),
            ("the entry does not say what the policies were asked", 2),
        ]
    );
}
