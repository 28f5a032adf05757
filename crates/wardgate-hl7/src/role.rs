//! What the leaves of a message hold, and so what becomes of them.

use wardgate_deid::Kind;

/// What a field, component or subcomponent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Structure that a receiver needs: it stands.
    Keep,
    /// A number, which stands when it is one.
    Number,
    /// A code, which stands when it looks like one.
    Code,
    /// What a phone or address on the net is used for, or what answers there: a word of a list.
    Telecom,
    /// The words of a code.
    Display,
    /// Free text.
    Text,
    /// A date with or without time.
    Date,
    /// A birth date.
    Birth,
    /// A family name.
    Family,
    /// A given name.
    Given,
    /// A whole name.
    FullName,
    /// What stands behind a name, such as `Jr`.
    Suffix,
    /// What stands before a name, such as `Dr`.
    Title,
    /// A person's number; which kind, its field or its type code says.
    Identity(Number),
    /// An id that other records refer to.
    Id,
    /// The id of a member of staff.
    Provider,
    /// The control id of a message or batch, which its answer repeats.
    Control,
    /// A universal id.
    Uid,
    /// An organisation or what issues numbers.
    Facility,
    /// The same where a message says who sends and who receives it: one name for the whole project.
    Site,
    /// A street or other line of an address.
    Street,
    /// A city, county or census tract.
    City,
    /// A state or province.
    State,
    /// A postal code.
    Zip,
    /// A country.
    Country,
    /// A place in words.
    Place,
    /// A phone or fax number, or what stands in its place.
    Phone,
    /// An address on the net.
    Email,
    /// A device's own number.
    Device,
    /// Where a document lies.
    Pointer,
    /// The data of an embedded document.
    Document,
    /// It goes.
    Drop,
}

/// The kinds of a person's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Number {
    /// A medical record number.
    Mrn,
    /// A record number under which the patient was known before: it is another patient's pseudonym.
    Prior,
    /// An account or a visit.
    Account,
    /// An insurance.
    Plan,
    /// A social security number.
    Ssn,
    /// A licence.
    Licence,
    /// Any other.
    Other,
}

impl Role {
    /// The role that a word of the data files means.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "keep" => Self::Keep,
            "number" => Self::Number,
            "code" => Self::Code,
            "telecom" => Self::Telecom,
            "display" => Self::Display,
            "text" => Self::Text,
            "date" => Self::Date,
            "birth" => Self::Birth,
            "family" => Self::Family,
            "given" => Self::Given,
            "fullname" => Self::FullName,
            "suffix" => Self::Suffix,
            "title" => Self::Title,
            "identity" => Self::Identity(Number::Other),
            "mrn" => Self::Identity(Number::Mrn),
            "prior" => Self::Identity(Number::Prior),
            "account" => Self::Identity(Number::Account),
            "plan" => Self::Identity(Number::Plan),
            "ssn" => Self::Identity(Number::Ssn),
            "licence" => Self::Identity(Number::Licence),
            "id" => Self::Id,
            "provider" => Self::Provider,
            "control" => Self::Control,
            "uid" => Self::Uid,
            "facility" => Self::Facility,
            "site" => Self::Site,
            "street" => Self::Street,
            "city" => Self::City,
            "state" => Self::State,
            "zip" => Self::Zip,
            "country" => Self::Country,
            "place" => Self::Place,
            "phone" => Self::Phone,
            "email" => Self::Email,
            "device" => Self::Device,
            "pointer" => Self::Pointer,
            "document" => Self::Document,
            "drop" => Self::Drop,
            _ => return None,
        })
    }

    /// What a value of an identifying data type holds where an old version writes it as one string.
    pub(crate) fn of_whole(data_type: &str) -> Option<Self> {
        Some(match data_type {
            "XPN" | "XCN" | "PPN" | "CNN" => Self::FullName,
            "XON" => Self::Facility,
            "CX" => Self::Identity(Number::Other),
            "XAD" | "PL" => Self::Place,
            "XTN" => Self::Phone,
            _ => return None,
        })
    }

    /// Whether the leaf belongs to what identifies the people of a message, which its texts are searched for.
    pub(crate) fn identifies(self) -> bool {
        matches!(
            self,
            Self::Birth
                | Self::Family
                | Self::Given
                | Self::FullName
                | Self::Identity(_)
                | Self::Provider
                | Self::Street
                | Self::City
                | Self::Zip
                | Self::Place
                | Self::Phone
                | Self::Email
                | Self::Device
        )
    }
}

impl Number {
    /// The kind that a profile decides on.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Mrn | Self::Prior => Kind::Mrn,
            Self::Account => Kind::Account,
            Self::Plan => Kind::HealthPlan,
            Self::Ssn => Kind::Ssn,
            Self::Licence => Kind::License,
            Self::Other => Kind::Id,
        }
    }

    /// The kind that an identifier type code means (table 0203); nothing when the field says it better.
    pub(crate) fn of_type_code(code: &str) -> Option<Self> {
        let code = code.trim().to_ascii_uppercase();
        Some(match code.as_str() {
            "MR" | "PI" | "PT" | "MRN" | "MRT" | "EPI" => Self::Mrn,
            "SS" | "SSN" => Self::Ssn,
            "DL" | "LN" | "MD" | "DO" | "NP" | "RN" | "PPN" => Self::Licence,
            "AN" | "VN" | "ACSN" | "AM" | "BA" | "CC" | "FI" => Self::Account,
            "MA" | "MC" | "HC" | "SN" | "MB" | "PN" | "JHN" | "NIIP" | "PHC" => Self::Plan,
            _ => return None,
        })
    }
}
