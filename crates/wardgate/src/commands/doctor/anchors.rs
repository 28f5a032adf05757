//! Whether the anchors of the ledger answer, and agree with it.

use wardgate_anchor::rollback::Said;
use wardgate_vault::Vault;

use super::Finding;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::wiring::anchors;

pub(super) fn check(dir: &DataDir, config: &Config, vault: &Vault) -> Vec<Finding> {
    let settings = match anchors::settings(dir, config, vault) {
        Ok(settings) => settings,
        Err(failure) => return vec![Finding::of_failure(CHECK, &failure)],
    };
    let reports = match anchors::ask(&settings) {
        Ok(reports) => reports,
        Err(failure) => return vec![Finding::of_failure(CHECK, &failure)],
    };
    if reports.is_empty() && settings.authority.is_none() {
        return vec![Finding::warn(
            CHECK,
            "nobody outside knows what the ledger holds, so its owner could rewrite it unseen",
            "name a witness in `ledger/policy`, a timestamp authority or a copy under `anchor`",
        )];
    }
    let mut findings = Vec::new();
    if let Some(authority) = &settings.authority {
        let message = format!("timestamps are taken from {}", authority.url);
        findings.push(Finding::ok(CHECK, message));
    }
    for report in reports {
        let party = format!("{} `{}`", report.kind.as_str(), report.name);
        findings.push(match report.said {
            Said::Agrees => Finding::ok(CHECK, format!("{party} agrees with the ledger")),
            Said::Knows(rollback) => Finding::fail(CHECK, rollback.to_string(), rollback.hint()),
            Said::Contradicts(fault) => Finding::fail(
                CHECK,
                format!("{party}: {fault}"),
                "compare it with the ledger before going on; one that lies has to go",
            ),
            Said::Away(fault) => Finding::warn(
                CHECK,
                format!("{party}: {fault}"),
                "check its address and the network",
            ),
        });
    }
    findings
}

const CHECK: &str = "anchors";
