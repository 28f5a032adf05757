//! Changes that take two people, as API and pages show and make them.

use std::sync::Arc;

use axum::http::StatusCode;
use wardgate_authz::Policies;
use wardgate_authz::foresight::{Difference, PolicyChange};
use wardgate_records::foresight::{FlipGroup, Foresight, foresee};
use wardgate_records::{ApplyError, PolicyFile, Proposal, ProposedChange, RecordId};

use crate::Parts;
use crate::caller::{Caller, Named};
use crate::refusal::Refusal;

/// What a proposal of policies would change, looked at before anybody approves it.
#[derive(Debug)]
pub(crate) struct Outlook {
    /// The policies and the answers to invented calls and operations that differ.
    pub(crate) difference: Difference,
    /// The recorded decisions that would flip.
    pub(crate) foresight: Foresight,
}

/// Compares policies with those in force, and replays the newest recorded decisions under them.
///
/// Both take a while, and run where nothing else waits for them.
pub(crate) async fn outlook(
    parts: &Parts,
    files: &[PolicyFile],
    last: u64,
) -> Result<Outlook, Refusal> {
    let current = Arc::clone(parts.store.snapshot().policies());
    let ledger = parts.ledger.clone();
    let files = files.to_vec();
    let work = tokio::task::spawn_blocking(move || {
        let proposed = policies_of(&files)?;
        let difference = Difference::between(&current, &proposed);
        let foresight = foresee(ledger.entries(..).rev(), &proposed, last).map_err(|error| {
            tracing::error!(%error, "the ledger could not be read for a replay");
            Refusal::internal()
        })?;
        Ok(Outlook {
            difference,
            foresight,
        })
    });
    work.await.map_err(|_| Refusal::internal())?
}

fn policies_of(files: &[PolicyFile]) -> Result<Policies, Refusal> {
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file.id.as_str(), file.cedar.as_str()))
        .collect();
    let parsed = if texts.is_empty() {
        Policies::built_in()
    } else {
        Policies::parse(&texts)
    };
    parsed.map_err(|_| {
        Refusal::conflict(
            "proposal.invalid",
            "the proposed policies are not valid in this build",
            "propose them anew",
        )
    })
}

/// The set in force with files added, each instead of the one with its name.
pub(crate) async fn onto_current(
    parts: &Parts,
    files: Vec<PolicyFile>,
) -> Result<Vec<PolicyFile>, Refusal> {
    let versions = parts.store.policy_versions().await?;
    let newest = versions.into_iter().next().ok_or_else(Refusal::internal)?;
    let mut whole = newest.files;
    for file in files {
        match whole.iter_mut().find(|known| known.id == file.id) {
            Some(known) => *known = file,
            None => whole.push(file),
        }
    }
    Ok(whole)
}

/// The person who asks. An application proposes and decides nothing that takes two people.
pub(crate) fn person_of(caller: &Caller) -> Result<&str, Refusal> {
    match &caller.who {
        Named::Person { id, .. } => Ok(id),
        Named::App { .. } => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "person.required",
            "this needs a person who takes responsibility for it",
            "sign in as a person; an application can only look",
        )),
    }
}

/// A proposal of one kind by the text of its id. One of the other kind is not there.
pub(crate) async fn find(parts: &Parts, id: &str, kind: &str) -> Result<Proposal, Refusal> {
    let id: RecordId = id.parse().map_err(|_| Refusal::not_found("proposal"))?;
    let proposal = parts.store.proposal(id).await?;
    if proposal.change.kind() == kind {
        Ok(proposal)
    } else {
        Err(Refusal::not_found("proposal"))
    }
}

/// The policy files of a proposal.
pub(crate) fn files_of(proposal: &Proposal) -> &[PolicyFile] {
    match &proposal.change {
        ProposedChange::Policies(files) => files,
        ProposedChange::Vendor(_) => &[],
    }
}

/// Why a proposal was not taken, with every fault of what was proposed.
pub(crate) fn not_taken(error: ApplyError) -> Refusal {
    match error {
        ApplyError::Store(error) => error.into(),
        ApplyError::Faults(faults) => {
            let told: Vec<String> = faults
                .iter()
                .take(FAULTS_TOLD_MAX)
                .map(|fault| format!("{}:{}: {}", fault.file.display(), fault.line, fault.message))
                .collect();
            let hint = faults.first().map_or("", |fault| &fault.hint);
            Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "proposal.invalid",
                told.join("; "),
                hint,
            )
        }
        _ => Refusal::internal(),
    }
}

/// The lines of a policy that only one of two texts has, in order, as people read a difference.
pub(crate) fn lines_of(change: &PolicyChange) -> Vec<(char, String)> {
    let (before, after) = match change {
        PolicyChange::Added(policy) => ("", policy.text.as_str()),
        PolicyChange::Removed(policy) => (policy.text.as_str(), ""),
        PolicyChange::Changed { before, after } => (before.text.as_str(), after.text.as_str()),
    };
    let old: Vec<&str> = before.lines().take(LINES_MAX).collect();
    let new: Vec<&str> = after.lines().take(LINES_MAX).collect();
    let same_start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old.iter().rev().zip(new.iter().rev());
    let room = old.len().min(new.len()) - same_start;
    let same_end = ends.take(room).take_while(|(a, b)| a == b).count();
    let mut lines = Vec::new();
    let mut add = |sign: char, part: Option<&[&str]>| {
        let part = part.unwrap_or_default().iter();
        lines.extend(part.map(|line| (sign, (*line).to_owned())));
    };
    add(' ', old.get(..same_start));
    add('-', old.get(same_start..old.len() - same_end));
    add('+', new.get(same_start..new.len() - same_end));
    add(' ', old.get(old.len() - same_end..));
    lines
}

/// The answer to a group of flips before and after, in words.
pub(crate) fn answers_of(group: &FlipGroup) -> (String, String) {
    let words = |code: &Option<String>| match code {
        None => "passed".to_owned(),
        Some(code) => format!("refused: {code}"),
    };
    (words(&group.before), words(&group.after))
}

/// How many of the newest decisions are replayed when nobody says how many.
pub(crate) const REPLAY_DEFAULT: u64 = 1_000;
/// How many are replayed at most on one request.
pub(crate) const REPLAY_MAX: u64 = 20_000;
const FAULTS_TOLD_MAX: usize = 20;
const LINES_MAX: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use wardgate_authz::PolicyText;

    fn policy(text: &str) -> PolicyText {
        PolicyText {
            id: "one".into(),
            forbids: true,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_difference_shows_what_stays_around_what_changes() {
        let change = PolicyChange::Changed {
            before: policy("a\nb\nc\nd"),
            after: policy("a\nx\nd"),
        };
        let lines: Vec<String> = lines_of(&change)
            .into_iter()
            .map(|(sign, line)| format!("{sign}{line}"))
            .collect();
        assert_eq!(lines, [" a", "-b", "-c", "+x", " d"]);
        let added = lines_of(&PolicyChange::Added(policy("a\na")));
        assert_eq!(added, [('+', "a".to_owned()), ('+', "a".to_owned())]);
        let shorter = PolicyChange::Changed {
            before: policy("a\na"),
            after: policy("a"),
        };
        assert_eq!(lines_of(&shorter).len(), 2);
    }
}
