//! What a user and a group are here. What does not stand here is not taken.

/// One attribute.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Parts of a complex attribute; none of a simple one.
    pub(super) parts: &'static [Attribute],
    pub(super) many: bool,
    pub(super) required: bool,
    pub(super) read_only: bool,
    pub(super) unique: bool,
    pub(super) description: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Complex,
    Reference,
}

/// A kind of resource.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) urn: &'static str,
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) description: &'static str,
    pub(super) attributes: &'static [Attribute],
    /// What a directory may state by RFC 7643 and is not kept: nobody here needs it.
    pub(super) passed_over: &'static [&'static str],
}

impl Schema {
    /// An attribute by its name in any case, with or without the schema before it.
    pub(super) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes, self.unqualified(name))
    }

    /// The name without the schema before it.
    pub(super) fn unqualified<'n>(&self, name: &'n str) -> &'n str {
        match name.get(..self.urn.len()) {
            Some(prefix) if prefix.eq_ignore_ascii_case(self.urn) => {
                name.get(self.urn.len() + 1..).unwrap_or_default()
            }
            _ => name,
        }
    }
}

pub(super) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

const fn text(name: &'static str, description: &'static str) -> Attribute {
    Attribute {
        name,
        kind: Kind::Text,
        parts: &[],
        many: false,
        required: false,
        read_only: false,
        unique: false,
        description,
    }
}

const fn complex(
    name: &'static str,
    parts: &'static [Attribute],
    description: &'static str,
) -> Attribute {
    Attribute {
        kind: Kind::Complex,
        parts,
        ..text(name, description)
    }
}

pub(super) static USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    path: "/Users",
    description: "A person who works with AI systems.",
    attributes: &[
        Attribute {
            required: true,
            unique: true,
            ..text(
                "userName",
                "What the directory calls the person, in any case.",
            )
        },
        text(
            "externalId",
            "What the provider of identity knows the person by.",
        ),
        complex("name", NAME, "The person's name in its parts."),
        text("displayName", "The person's name as it is shown."),
        Attribute {
            many: true,
            ..complex("emails", EMAIL, "Addresses of the person.")
        },
        Attribute {
            kind: Kind::Flag,
            ..text("active", "Whether the person may act.")
        },
        Attribute {
            many: true,
            read_only: true,
            ..complex("groups", GROUP_OF_USER, "Groups that the person is in.")
        },
    ],
    passed_over: &[
        "addresses",
        "ims",
        "locale",
        "nickName",
        "password",
        "phoneNumbers",
        "photos",
        "preferredLanguage",
        "profileUrl",
        "timezone",
        "title",
        "userType",
        "x509Certificates",
    ],
};

const NAME: &[Attribute] = &[
    text("formatted", "The whole name."),
    text("familyName", "The family name."),
    text("givenName", "The given name."),
    text("middleName", "Further names."),
    text("honorificPrefix", "A title before the name."),
    text("honorificSuffix", "An addition after the name."),
];

const EMAIL: &[Attribute] = &[
    text("value", "The address."),
    text("type", "What it is for, such as `work`."),
    Attribute {
        kind: Kind::Flag,
        ..text("primary", "Whether it is the first to be used.")
    },
];

const GROUP_OF_USER: &[Attribute] = &[
    Attribute {
        read_only: true,
        ..text("value", "The id of the group.")
    },
    Attribute {
        kind: Kind::Reference,
        read_only: true,
        ..text("$ref", "The address of the group.")
    },
    Attribute {
        read_only: true,
        ..text("display", "The name of the group.")
    },
];

pub(super) static GROUP: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    path: "/Groups",
    description: "People who have a role together, where the operator mapped its name to one.",
    attributes: &[
        Attribute {
            required: true,
            unique: true,
            ..text(
                "displayName",
                "The name of the group, by which roles are mapped.",
            )
        },
        text("externalId", "What the directory knows the group by."),
        Attribute {
            many: true,
            ..complex("members", MEMBER, "The people in the group.")
        },
    ],
    passed_over: &[],
};

const MEMBER: &[Attribute] = &[
    text("value", "The id of the person."),
    Attribute {
        kind: Kind::Reference,
        ..text("$ref", "The address of the person; `value` is what counts.")
    },
    Attribute {
        read_only: true,
        ..text("type", "Always `User`.")
    },
];
