//! Command sets of DIMSE: what is read is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_relay::fuzzing::Command;

fuzz_target!(|bytes: &[u8]| {
    if let Some(command) = Command::read(bytes) {
        let again = Command::read(&command.write()).expect("what was written is read");
        assert_eq!(again.field, command.field);
        assert_eq!(again.message_id, command.message_id);
    }
});
