//! The names of slots.

/// A slot that the renderers fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Person(Role, PersonForm),
    /// Days from the document's day; the document's own style when there is none.
    Date(Option<DateStyle>, i64),
    Birth(Option<DateStyle>),
    Year(i64),
    Weekday(i64),
    Time,
    Age,
    Age90,
    /// Writes nothing; everybody and every number from here on is new.
    New,
    Field(Field),
}

/// The persons of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Patient,
    Doctor,
    Doctor2,
    Doctor3,
    Nurse,
    Relative,
    Relative2,
    Other,
}

/// How a person is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PersonForm {
    Full,
    First,
    Last,
    LastFirst,
    Initials,
    Nick,
    /// A word that agrees; not gold.
    Word(Word),
}

/// Words that agree with a person's sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Mr,
    He,
    HeCapital,
    His,
    HisCapital,
    Him,
    Himself,
    Man,
    Sex,
}

/// Ways to write a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateStyle {
    Us,
    Us2,
    Iso,
    Long,
    Dmy,
    Dots,
    Slash,
    Short,
    MonthDay,
    MonthYear,
    Compact,
}

macro_rules! fields {
    ($($name:ident = $text:literal,)*) => {
        /// Slots that take no form.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Field { $($name,)* }

        impl Field {
            fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }

            /// Its place in the order of all fields.
            pub(crate) fn index(self) -> usize {
                self as usize
            }
        }
    };
}

fields! {
    Street = "street",
    StreetName = "street.name",
    City = "city",
    State = "state",
    StateAbbr = "state.abbr",
    Zip = "zip",
    County = "county",
    Country = "country",
    Address = "address",
    Hospital = "hospital",
    HospitalShort = "hospital.short",
    Clinic = "clinic",
    Pharmacy = "pharmacy",
    NursingHome = "nursing_home",
    Lab = "lab",
    Facility = "facility",
    Employer = "employer",
    School = "school",
    Insurer = "insurer",
    Phone = "phone",
    Fax = "fax",
    Email = "email",
    Url = "url",
    Ip = "ip",
    Ssn = "ssn",
    Mrn = "mrn",
    HealthPlan = "health_plan",
    Account = "account",
    License = "license",
    Npi = "npi",
    Vin = "vin",
    Plate = "plate",
    Device = "device",
    Id = "id",
    Accession = "accession",
    Nhs = "nhs",
}

impl Slot {
    /// Reads what stands between the braces.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some(field) = Field::parse(name) {
            return Some(Self::Field(field));
        }
        let (name, offset) = split_offset(name)?;
        let (base, form) = name
            .split_once('.')
            .map_or((&*name, None), |(base, form)| (base, Some(form)));
        match (base, form) {
            ("date", None) => Some(Self::Date(None, offset)),
            ("date", Some(style)) => Some(Self::Date(Some(DateStyle::parse(style)?), offset)),
            ("year", None) => Some(Self::Year(offset)),
            ("weekday", None) => Some(Self::Weekday(offset)),
            _ if offset != 0 => None,
            ("dob", None) => Some(Self::Birth(None)),
            ("dob", Some(style)) => Some(Self::Birth(Some(DateStyle::parse(style)?))),
            ("new", None) => Some(Self::New),
            ("time", None) => Some(Self::Time),
            ("age", None) => Some(Self::Age),
            ("age90", None) => Some(Self::Age90),
            (role, form) => Some(Self::Person(
                Role::parse(role)?,
                PersonForm::parse(form.unwrap_or("full"))?,
            )),
        }
    }
}

/// Takes `+3` or `-14` out of a name: `date.long+3`, `date-14.iso`.
fn split_offset(name: &str) -> Option<(String, i64)> {
    let Some(at) = name.find(['+', '-']) else {
        return Some((name.to_string(), 0));
    };
    let (before, rest) = name.split_at_checked(at)?;
    let digits = rest
        .chars()
        .skip(1)
        .take_while(char::is_ascii_digit)
        .count();
    let (number, after) = rest.split_at_checked(1 + digits)?;
    let offset = number.parse().ok()?;
    (-OFFSET_DAYS_MAX..=OFFSET_DAYS_MAX)
        .contains(&offset)
        .then(|| (format!("{before}{after}"), offset))
}

impl Role {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "patient" => Self::Patient,
            "doctor" => Self::Doctor,
            "doctor2" => Self::Doctor2,
            "doctor3" => Self::Doctor3,
            "nurse" => Self::Nurse,
            "relative" => Self::Relative,
            "relative2" => Self::Relative2,
            "other" => Self::Other,
            _ => return None,
        })
    }
}

impl PersonForm {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "full" => Self::Full,
            "first" => Self::First,
            "last" => Self::Last,
            "lastfirst" => Self::LastFirst,
            "initials" => Self::Initials,
            "nick" => Self::Nick,
            "mr" => Self::Word(Word::Mr),
            "he" => Self::Word(Word::He),
            "He" => Self::Word(Word::HeCapital),
            "his" => Self::Word(Word::His),
            "His" => Self::Word(Word::HisCapital),
            "him" => Self::Word(Word::Him),
            "himself" => Self::Word(Word::Himself),
            "man" => Self::Word(Word::Man),
            "sex" => Self::Word(Word::Sex),
            _ => return None,
        })
    }
}

impl DateStyle {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "us" => Self::Us,
            "us2" => Self::Us2,
            "iso" => Self::Iso,
            "long" => Self::Long,
            "dmy" => Self::Dmy,
            "dots" => Self::Dots,
            "slash" => Self::Slash,
            "short" => Self::Short,
            "monthday" => Self::MonthDay,
            "monthyear" => Self::MonthYear,
            "compact" => Self::Compact,
            _ => return None,
        })
    }
}

/// The farthest day from the document's own.
const OFFSET_DAYS_MAX: i64 = 40_000;
