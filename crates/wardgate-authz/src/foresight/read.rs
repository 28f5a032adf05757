//! Facts read back from the text that the ledger keeps of them.

use std::str::FromStr;

use jiff::Timestamp;

use crate::facts::{Agreement, BreakGlass, Care, Containment, SystemState, Training, VendorState};

/// The inverse of the text of a fact's value.
pub(super) trait ReadFact: Sized {
    fn read(text: &str) -> Option<Self>;
}

impl ReadFact for bool {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ReadFact for u8 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ReadFact for u64 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ReadFact for u32 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ReadFact for String {
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl<T: FromStr> ReadFact for Vec<T> {
    fn read(text: &str) -> Option<Self> {
        text.split_whitespace()
            .map(|word| word.parse().ok())
            .collect()
    }
}

impl ReadFact for Option<Timestamp> {
    fn read(text: &str) -> Option<Self> {
        match text {
            "never" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }
}

impl ReadFact for Care {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "not-asked" => Self::NotAsked,
            "current" => Self::Current,
            "none" => Self::Missing,
            _ => return None,
        })
    }
}

impl ReadFact for BreakGlass {
    fn read(text: &str) -> Option<Self> {
        if text == "not-open" {
            return Some(Self::NotOpen);
        }
        let until = text.strip_prefix("open/")?.parse().ok()?;
        Some(Self::Open { until })
    }
}

impl ReadFact for VendorState {
    fn read(text: &str) -> Option<Self> {
        Self::from_word(text)
    }
}

impl ReadFact for SystemState {
    fn read(text: &str) -> Option<Self> {
        Self::from_word(text)
    }
}

impl ReadFact for Agreement {
    fn read(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::None);
        }
        let (from, until) = text.split_once('/')?;
        Some(Self::Signed {
            from: from.parse().ok()?,
            until: until.parse().ok()?,
        })
    }
}

impl ReadFact for Training {
    fn read(text: &str) -> Option<Self> {
        let (course, until) = text.rsplit_once('/')?;
        Some(Self {
            course: course.to_owned(),
            until: Option::<Timestamp>::read(until)?,
        })
    }
}

impl ReadFact for Containment {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "open" => Self::Open,
            incident => Self::Contained {
                incident: incident.to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::FactValue;
    use crate::purpose::Purpose;

    fn survives<T: ReadFact + FactValue>(value: &T) {
        let text = value.text();
        let read = T::read(&text).unwrap_or_else(|| panic!("`{text}` is not read"));
        assert_eq!(read.text(), text);
    }

    #[test]
    fn every_value_survives_its_text() {
        let at: Timestamp = "2026-03-01T12:00:00.123456789Z".parse().unwrap();
        survives(&true);
        survives(&3_u8);
        survives(&70_000_u32);
        survives(&"us-east".to_owned());
        survives(&vec!["chat".to_owned(), "notes-2".to_owned()]);
        survives(&Vec::<String>::new());
        survives(&Purpose::all().collect::<Vec<_>>());
        survives(&Some(at));
        survives(&None::<Timestamp>);
        for state in VendorState::ALL {
            survives(state);
        }
        for state in SystemState::ALL {
            survives(state);
        }
        survives(&Agreement::None);
        let until = at;
        survives(&Agreement::Signed { from: at, until });
        let course = "phi-basics".to_owned();
        survives(&Training {
            course: course.clone(),
            until: Some(at),
        });
        survives(&Training {
            course,
            until: None,
        });
        survives(&Containment::Open);
        survives(&Containment::Contained {
            incident: "inc-4".to_owned(),
        });
    }

    #[test]
    fn what_is_not_the_text_of_a_value_is_not_read() {
        assert!(bool::read("unfit").is_none());
        assert!(Vec::<Purpose>::read("TREAT unfit").is_none());
        assert!(Agreement::read("2026-03-01T12:00:00Z").is_none());
        assert!(Training::read("phi-basics").is_none());
        assert!(Option::<Timestamp>::read("unfit").is_none());
    }
}
