//! A rule file of any content is read or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_fhir::RuleFile;

fuzz_target!(|text: &str| {
    if let Err(fault) = RuleFile::parse(text) {
        assert_eq!(fault.code(), "fhir.rule_file");
    }
});
