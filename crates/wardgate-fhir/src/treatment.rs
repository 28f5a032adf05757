//! The one table of rules: what becomes of an element, by its place and its type.
//!
//! What the definitions know and no line here names is treated by its type: free text is read by the text engine,
//! dates move, codes, numbers and units stay, bytes go.

/// What becomes of a string, a number or a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leaf {
    /// The URL of an extension, which was looked at before.
    Known,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// The value of a quantity: it stands, but no age over 89.
    Amount,
    /// The value of an age.
    Age,
    /// A word of a code system.
    Code,
    /// A number of a version.
    Version,
    /// Numbers in one string.
    Samples,
    /// The letters of a molecule.
    Sequence,
    /// A time of day.
    Time,
    /// A date, whole or partial, with or without a time.
    Moment,
    /// The words of a code.
    Display,
    /// Short words that repeat: units, the text of a concept.
    Term,
    /// Free text.
    Text,
    /// Text, or the name of a file.
    Title,
    /// The date of a birth.
    Birth,
    /// What points to another resource.
    Reference,
    /// The address of a system, a profile, a definition.
    Uri,
    /// The system of an identifier, which is often an institution's own.
    System,
    /// A query of the interface.
    Query,
    /// What a reference says of its target.
    ReferenceDisplay,
    /// The id of a resource.
    Id,
    /// A name in one string.
    Name,
    Family,
    Given,
    Facility,
    Place,
    Street,
    City,
    State,
    Zip,
    Country,
    /// A phone number, an e-mail address.
    Telecom,
    /// The value of an identifier.
    Identifier,
    Serial,
    Plan,
    /// Any other number that belongs to somebody.
    OtherNumber,
    Ip,
    /// A UID of an image.
    Uid,
    /// The XHTML of a narrative.
    Xhtml,
    /// The type of an attachment.
    MediaType,
    /// The bytes of an attachment.
    Data,
    /// The size of an attachment.
    Size,
    /// It goes.
    Remove,
}

impl Leaf {
    /// Of two treatments, the one that lets less stand.
    pub(crate) fn stricter(self, other: Self) -> Self {
        self.max(other)
    }
}

/// How an object is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// Member by member.
    Plain,
    HumanName,
    Identifier,
    Reference,
    Extension,
    Attachment,
    Quantity,
    /// A resource of its own.
    Resource,
    /// It goes as a whole.
    Remove,
}

impl Special {
    pub(crate) fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Remove, _) | (_, Self::Remove) => Self::Remove,
            (Self::Plain, other) => other,
            (own, _) => own,
        }
    }
}

/// The treatment of an object of a type at an element.
pub(crate) fn special_of(shape: &str, field: &str, kind: &str) -> Special {
    if (shape, field) == ("Location", "position") {
        return Special::Remove;
    }
    match kind {
        "HumanName" => Special::HumanName,
        "Identifier" => Special::Identifier,
        "Reference" => Special::Reference,
        "Extension" => Special::Extension,
        "Attachment" => Special::Attachment,
        "Quantity" | "Age" | "Count" | "Distance" | "Duration" | "SimpleQuantity" => {
            Special::Quantity
        }
        "Resource" => Special::Resource,
        _ => Special::Plain,
    }
}

/// The treatment of a primitive at an element.
pub(crate) fn leaf_of(shape: &str, resource: bool, field: &str, kind: &str) -> Leaf {
    if resource && field == "id" {
        return Leaf::Id;
    }
    if let Some(leaf) = placed(shape, field) {
        return leaf;
    }
    if let Some(leaf) = named(field, kind) {
        return leaf;
    }
    match kind {
        "boolean" => Leaf::Bool,
        "decimal" | "integer" | "integer64" | "positiveInt" | "unsignedInt" => Leaf::Number,
        "code" => Leaf::Code,
        "date" | "dateTime" | "instant" => Leaf::Moment,
        "time" => Leaf::Time,
        "uri" | "url" | "canonical" | "oid" | "uuid" => Leaf::Uri,
        "id" => Leaf::Id,
        "string" | "markdown" => Leaf::Text,
        _ => Leaf::Remove,
    }
}

/// Rules for one element of one type.
fn placed(shape: &str, field: &str) -> Option<Leaf> {
    let found = PLACED
        .iter()
        .find(|(other, key, _)| *other == shape && *key == field);
    found.map(|(_, _, leaf)| *leaf)
}

/// Rules for elements of a name, wherever they stand.
fn named(field: &str, kind: &str) -> Option<Leaf> {
    Some(match field {
        "id" if kind == "string" || kind == "id" => Leaf::Remove,
        "implicitRules" => Leaf::Remove,
        "linkId" | "language" => Leaf::Code,
        "observedSeq" | "literalValue" | "sequence" | "referenceSeqString" if kind == "string" => {
            Leaf::Sequence
        }
        "lotNumber" | "modelNumber" | "prefix" | "unit" if kind == "string" => Leaf::Term,
        "preAuthRef" | "businessArrangement" | "altId" => Leaf::OtherNumber,
        "authorString" | "performerString" | "requesterString" | "assigner" if kind == "string" => {
            Leaf::Name
        }
        "distinctIdentifier" | "serialNumber" | "deviceIdentifier" | "carrierHRF"
        | "partNumber" => Leaf::Serial,
        "expression" if kind == "string" => Leaf::Term,
        // Where anything may stand, an address is more often somebody's page than a system's.
        "valueUrl" | "answerUrl" => Leaf::Reference,
        "valueUri" | "answerUri" => Leaf::System,
        "valueBase64Binary" => Leaf::Data,
        _ => return None,
    })
}

/// By type and element. Elements of data types hold wherever the type is used.
const PLACED: &[(&str, &str, Leaf)] = &[
    ("Coding", "display", Leaf::Display),
    ("Coding", "version", Leaf::Code),
    ("CodeableConcept", "text", Leaf::Term),
    ("Quantity", "value", Leaf::Amount),
    ("Age", "value", Leaf::Age),
    ("Count", "value", Leaf::Amount),
    ("Duration", "value", Leaf::Amount),
    ("SimpleQuantity", "value", Leaf::Amount),
    ("SampledData", "data", Leaf::Samples),
    ("HumanName", "text", Leaf::Name),
    ("HumanName", "family", Leaf::Family),
    ("HumanName", "given", Leaf::Given),
    ("HumanName", "prefix", Leaf::Term),
    ("HumanName", "suffix", Leaf::Term),
    ("Address", "text", Leaf::Place),
    ("Address", "line", Leaf::Street),
    ("Address", "city", Leaf::City),
    ("Address", "district", Leaf::City),
    ("Address", "state", Leaf::State),
    ("Address", "postalCode", Leaf::Zip),
    ("Address", "country", Leaf::Country),
    ("ContactPoint", "value", Leaf::Telecom),
    ("ContactDetail", "name", Leaf::Name),
    ("Contributor", "name", Leaf::Name),
    ("Identifier", "system", Leaf::System),
    ("Identifier", "value", Leaf::Identifier),
    ("Reference", "reference", Leaf::Reference),
    ("Reference", "type", Leaf::Code),
    ("Reference", "display", Leaf::ReferenceDisplay),
    ("Extension", "url", Leaf::Known),
    ("Meta", "versionId", Leaf::Version),
    ("Meta", "source", Leaf::Reference),
    ("Narrative", "div", Leaf::Xhtml),
    ("Attachment", "contentType", Leaf::MediaType),
    ("Attachment", "data", Leaf::Data),
    ("Attachment", "size", Leaf::Size),
    ("Attachment", "url", Leaf::Reference),
    ("Attachment", "title", Leaf::Title),
    ("Binary", "contentType", Leaf::MediaType),
    ("Binary", "data", Leaf::Data),
    ("Binary", "content", Leaf::Data),
    ("Expression", "name", Leaf::Code),
    ("ElementDefinition", "id", Leaf::Code),
    ("ElementDefinition", "path", Leaf::Code),
    ("ElementDefinition", "sliceName", Leaf::Code),
    ("Patient", "birthDate", Leaf::Birth),
    ("Person", "birthDate", Leaf::Birth),
    ("RelatedPerson", "birthDate", Leaf::Birth),
    ("Practitioner", "birthDate", Leaf::Birth),
    ("FamilyMemberHistory", "bornDate", Leaf::Birth),
    ("FamilyMemberHistory", "bornPeriod", Leaf::Birth),
    ("FamilyMemberHistory", "name", Leaf::Name),
    ("Organization", "name", Leaf::Facility),
    ("Organization", "alias", Leaf::Facility),
    ("Location", "name", Leaf::Facility),
    ("Location", "alias", Leaf::Facility),
    ("HealthcareService", "name", Leaf::Facility),
    ("Endpoint", "header", Leaf::Remove),
    ("Endpoint", "address", Leaf::Reference),
    ("Device", "url", Leaf::Reference),
    ("Coverage", "subscriberId", Leaf::Plan),
    ("Coverage", "dependent", Leaf::Plan),
    ("Coverage.class", "value", Leaf::Plan),
    ("AuditEvent.agent", "name", Leaf::Name),
    ("AuditEvent.agent.network", "address", Leaf::Ip),
    ("AuditEvent.agent", "networkString", Leaf::Ip),
    ("AuditEvent.agent", "networkUri", Leaf::Remove),
    ("AuditEvent.source", "site", Leaf::Facility),
    ("AuditEvent.entity", "query", Leaf::Remove),
    ("TestReport", "tester", Leaf::Name),
    ("ImagingStudy.series", "uid", Leaf::Uid),
    ("ImagingStudy.series.instance", "uid", Leaf::Uid),
    ("ImagingSelection", "studyUid", Leaf::Uid),
    ("ImagingSelection", "seriesUid", Leaf::Uid),
    ("ImagingSelection", "frameOfReferenceUid", Leaf::Uid),
    ("ImagingSelection.instance", "uid", Leaf::Uid),
    ("Bundle.link", "relation", Leaf::Code),
    ("Bundle.link", "url", Leaf::Query),
    ("Bundle.entry", "fullUrl", Leaf::Reference),
    ("Bundle.entry.request", "url", Leaf::Query),
    ("Bundle.entry.request", "ifNoneExist", Leaf::Query),
    ("Bundle.entry.request", "ifNoneMatch", Leaf::Remove),
    ("Bundle.entry.request", "ifMatch", Leaf::Remove),
    ("Bundle.entry.response", "location", Leaf::Reference),
    ("Bundle.entry.response", "etag", Leaf::Remove),
    ("Bundle.entry.response", "status", Leaf::Term),
    ("Parameters.parameter", "name", Leaf::Code),
    ("Parameters.parameter", "valueUri", Leaf::Reference),
    ("Parameters.parameter", "valueUrl", Leaf::Reference),
    ("Subscription", "criteria", Leaf::Query),
    ("Subscription", "endpoint", Leaf::Remove),
    ("Subscription.channel", "endpoint", Leaf::Remove),
    ("Subscription.channel", "header", Leaf::Remove),
    ("MessageHeader.source", "endpoint", Leaf::Remove),
    ("MessageHeader.source", "endpointUrl", Leaf::Remove),
    ("MessageHeader.destination", "endpoint", Leaf::Remove),
    ("MessageHeader.destination", "endpointUrl", Leaf::Remove),
    (
        "SubscriptionStatus.notificationEvent",
        "eventNumber",
        Leaf::Number,
    ),
    ("List", "title", Leaf::Text),
];
