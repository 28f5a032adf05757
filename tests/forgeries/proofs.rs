//! No proof can be made, copied, defaulted, converted from something else, or read from text.
//!
//! `cargo xtask gates` compiles this as a module of the gateway, where it sees as much as the rest of
//! the gateway does; a mark at the end of a line names the error that the compiler must report there.

mod identify {
    use crate::identity::Identified;

    fn make() -> Identified {
        Identified {} //~ error
    }

    fn copy(proof: &Identified) -> Identified {
        <Identified as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Identified {
        <Identified as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Identified {
        <Identified as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Identified>(text); //~ E0277
    }
}

mod limits {
    use crate::limits::Admitted;

    fn make() -> Admitted {
        Admitted {} //~ error
    }

    fn copy(proof: &Admitted) -> Admitted {
        <Admitted as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Admitted {
        <Admitted as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Admitted {
        <Admitted as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Admitted>(text); //~ E0277
    }
}

mod facts {
    use crate::facts::Gathered;

    fn make() -> Gathered {
        Gathered {} //~ error
    }

    fn copy(proof: &Gathered) -> Gathered {
        <Gathered as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Gathered {
        <Gathered as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Gathered {
        <Gathered as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Gathered>(text); //~ E0277
    }
}

mod authorise {
    use wardgate_authz::Permit;

    fn make() -> Permit {
        Permit {} //~ error
    }

    fn copy(proof: &Permit) -> Permit {
        <Permit as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Permit {
        <Permit as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Permit {
        <Permit as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Permit>(text); //~ E0277
    }
}

mod deidentify {
    use wardgate_deid::Deidentified;

    fn make() -> Deidentified {
        Deidentified {} //~ error
    }

    fn copy(proof: &Deidentified) -> Deidentified {
        <Deidentified as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Deidentified {
        <Deidentified as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Deidentified {
        <Deidentified as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Deidentified>(text); //~ E0277
    }
}

mod screen {
    use crate::screen::Screened;

    fn make() -> Screened {
        Screened {} //~ error
    }

    fn copy(proof: &Screened) -> Screened {
        <Screened as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Screened {
        <Screened as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Screened {
        <Screened as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Screened>(text); //~ E0277
    }
}

mod intent {
    use wardgate_ledger::Receipt;

    fn make() -> Receipt {
        Receipt {} //~ error
    }

    fn copy(proof: &Receipt) -> Receipt {
        <Receipt as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Receipt {
        <Receipt as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Receipt {
        <Receipt as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Receipt>(text); //~ E0277
    }
}

mod send {
    use crate::pipeline::Cleared;

    fn make() -> Cleared {
        Cleared {} //~ error
    }

    fn copy(proof: &Cleared) -> Cleared {
        <Cleared as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Cleared {
        <Cleared as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Cleared {
        <Cleared as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Cleared>(text); //~ E0277
    }
}

mod inspect {
    use crate::inspect::Inspected;

    fn make() -> Inspected {
        Inspected {} //~ error
    }

    fn copy(proof: &Inspected) -> Inspected {
        <Inspected as Clone>::clone(proof) //~ E0277
    }

    fn default() -> Inspected {
        <Inspected as Default>::default() //~ E0277
    }

    fn convert(digest: [u8; 32]) -> Inspected {
        <Inspected as From<[u8; 32]>>::from(digest) //~ E0277
    }

    fn read(text: &str) {
        let _ = serde_json::from_str::<Inspected>(text); //~ E0277
    }
}
