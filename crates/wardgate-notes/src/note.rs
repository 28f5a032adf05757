//! What comes out: a note, its gold spans, and both as a line of JSON.

use std::fmt;

/// The language of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lang {
    /// English
    En,
    /// Spanish
    Es,
    /// German
    De,
}

impl Lang {
    /// As files and JSON write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::De => "de",
        }
    }

    /// Reads `en`, `es` or `de`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::En, Self::Es, Self::De]
            .into_iter()
            .find(|lang| lang.as_str() == text)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a gold span is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As corpora write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// A person's name, without titles.
    Name = "NAME",
    /// Street, city, postal code, county.
    Location = "LOCATION",
    /// A hospital, clinic or other place of care.
    Facility = "FACILITY",
    /// A date with a day or a month.
    Date = "DATE",
    /// An age of 90 or over.
    Age = "AGE",
    /// A telephone number.
    Phone = "PHONE",
    /// A fax number.
    Fax = "FAX",
    /// An e-mail address.
    Email = "EMAIL",
    /// A web address.
    Url = "URL",
    /// An IP address.
    Ip = "IP",
    /// A US social security number.
    Ssn = "SSN",
    /// A medical record number.
    Mrn = "MRN",
    /// A number of an insurance or health service.
    HealthPlan = "HEALTH_PLAN",
    /// An account number.
    Account = "ACCOUNT",
    /// A licence or certificate.
    License = "LICENSE",
    /// A vehicle: number or plate.
    Vehicle = "VEHICLE",
    /// A device: serial number or identifier.
    Device = "DEVICE",
    /// Any other identifying number.
    Id = "ID",
    /// An age under 90: neutral.
    AgeU90 = "AGE_U90",
    /// Sex: neutral.
    Sex = "SEX",
    /// A country: neutral.
    Country = "COUNTRY",
    /// A state: neutral.
    State = "STATE",
    /// A title: neutral.
    Title = "TITLE",
    /// A relative: neutral.
    Relative = "RELATIVE",
    /// A profession: neutral.
    Profession = "PROFESSION",
    /// An organisation that does not treat: neutral.
    Org = "ORG",
    /// Anything else a source labels: neutral.
    Other = "OTHER",
}

impl Kind {
    /// Reads the name that corpora write.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether it is scored as an identifier.
    pub fn is_identifier(self) -> bool {
        self < Self::AgeU90
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an identifier stands, in code points; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First code point.
    pub start: usize,
    /// One after the last code point.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// A generated note. Everything in it is invented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Unique within one plan.
    pub id: String,
    /// Its language.
    pub lang: Lang,
    /// What kind of document, as the template file says.
    pub kind: String,
    /// Who wrote the template.
    pub writer: String,
    /// The text.
    pub text: String,
    /// Sorted, not overlapping.
    pub spans: Vec<Span>,
}

impl Note {
    /// The text of each span with its kind.
    pub fn gold(&self) -> Vec<(Kind, String)> {
        let part = |span: &Span| {
            let length = span.end.saturating_sub(span.start);
            self.text.chars().skip(span.start).take(length).collect()
        };
        self.spans
            .iter()
            .map(|span| (span.kind, part(span)))
            .collect()
    }

    /// One line of JSON, without the line's end.
    pub fn to_json(&self) -> String {
        let spans: Vec<serde_json::Value> = self
            .spans
            .iter()
            .map(|span| {
                serde_json::json!({
                    "start": span.start, "end": span.end, "type": span.kind.as_str()
                })
            })
            .collect();
        serde_json::json!({
            "id": self.id, "lang": self.lang.as_str(), "kind": self.kind,
            "writer": self.writer, "text": self.text, "spans": spans,
        })
        .to_string()
    }
}
