//! What is asked for: Parameters with a Bundle, and the policy by its name.

use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use wardgate_deid::Profile;

use super::files::{self, SentFile};
use crate::fhir::outcome::Outcome;

/// The Parameters of a run. An element that is used and stands there twice is refused.
#[derive(Deserialize)]
pub(super) struct Sent<'a> {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(borrow, default)]
    parameter: Vec<SentParameter<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentParameter<'a> {
    name: String,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    value_string: Option<String>,
    value_code: Option<String>,
}

/// The Bundle of a run.
#[derive(Clone, Copy)]
pub(super) struct SentBundle<'a> {
    pub(super) json: &'a str,
    /// How many entries it has.
    pub(super) entries: u64,
}

impl<'a> Sent<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Outcome> {
        let sent: Self = serde_json::from_slice(body).map_err(|fault| {
            Outcome::invalid(format!(
                "these are not Parameters in JSON, from line {} column {} on",
                fault.line(),
                fault.column()
            ))
        })?;
        if sent.resource_type != "Parameters" {
            return Err(Outcome::invalid(
                "only Parameters are taken: put the Bundle into the parameter `identifiableData`",
            ));
        }
        // A name that is not known is not repeated: it may be anything.
        let known = |parameter: &SentParameter<'_>| KNOWN.contains(&parameter.name.as_str());
        if !sent.parameter.iter().all(known) {
            return Err(Outcome::not_supported(
                "a parameter is not one of this operation; these are `identifiableData`, \
                 `identifiableDataFileUrls` and `policy`",
            ));
        }
        Ok(sent)
    }

    /// The profile that is asked for, here or in the address.
    pub(super) fn profile(&self, in_address: Option<Profile>) -> Result<Profile, Outcome> {
        let here = self.one(POLICY)?.map(|parameter| {
            let value = parameter.value_string.as_deref();
            let value = value.or(parameter.value_code.as_deref());
            let value = value.ok_or_else(|| Outcome::invalid("`policy` has no `valueString`"));
            value.and_then(profile)
        });
        match (here.transpose()?, in_address) {
            (Some(here), Some(there)) if here.id() != there.id() => Err(Outcome::invalid(
                "`policy` says one thing in the address and another in the Parameters",
            )),
            (Some(profile), _) | (None, Some(profile)) => Ok(profile),
            (None, None) => Err(Outcome::required(
                "`policy` is missing, such as `safe-harbor`",
            )),
        }
    }

    /// The files that are asked for, where no Bundle is.
    pub(super) fn files(&self) -> Result<Option<Vec<SentFile>>, Outcome> {
        match (self.one(FILE_URLS)?, self.one(DATA)?) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(Outcome::invalid(
                "`identifiableData` and `identifiableDataFileUrls` stand there both: send one of them",
            )),
            (Some(urls), None) => {
                let json = urls.resource.map_or("null", RawValue::get);
                files::read(json).map(Some)
            }
        }
    }

    pub(super) fn bundle(&self) -> Result<SentBundle<'a>, Outcome> {
        let resource = self
            .one(DATA)?
            .and_then(|parameter| parameter.resource)
            .ok_or_else(|| {
                Outcome::required("the parameter `identifiableData` has no `resource`")
            })?;
        let json = resource.get();
        let head = serde_json::from_str::<BundleHead>(json).ok();
        let head = head.filter(|head| head.resource_type == "Bundle");
        let head = head.ok_or_else(|| {
            Outcome::invalid("the `resource` of `identifiableData` is not a Bundle")
        })?;
        Ok(SentBundle {
            json,
            entries: head.entry.map_or(0, |entries| entries.len() as u64),
        })
    }

    fn one(&self, name: &str) -> Result<Option<&SentParameter<'a>>, Outcome> {
        let mut found = self.parameter.iter().filter(|one| one.name == name);
        match (found.next(), found.next()) {
            (found, None) => Ok(found),
            _ => Err(Outcome::invalid(format!("`{name}` stands there twice"))),
        }
    }
}

#[derive(Deserialize)]
struct BundleHead {
    #[serde(rename = "resourceType")]
    resource_type: String,
    entry: Option<Vec<IgnoredAny>>,
}

/// A profile by its name, or by the guide's name for the same.
pub(super) fn profile(policy: &str) -> Result<Profile, Outcome> {
    let id = match policy {
        SAFE_HARBOR_IN_DARTS => "safe-harbor",
        id => id,
    };
    Profile::named(id).ok_or_else(|| {
        Outcome::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "code-invalid",
            format!(
                "`policy` names none that there is; these are `safe-harbor` ({SAFE_HARBOR_IN_DARTS}), \
                 `limited-data-set` and `gdpr-pseudonymise`"
            ),
        )
    })
}

const DATA: &str = "identifiableData";
const FILE_URLS: &str = "identifiableDataFileUrls";
const POLICY: &str = "policy";
const KNOWN: [&str; 3] = [DATA, FILE_URLS, POLICY];

/// The code of the guide's `darts-policy-identifiers` for HIPAA's Safe Harbor.
const SAFE_HARBOR_IN_DARTS: &str = "HHS_SAFE_HARBOR_DETERMINISTIC_METHOD";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameters: &str) -> Result<(), Outcome> {
        let body = format!(r#"{{"resourceType":"Parameters","parameter":[{parameters}]}}"#);
        let sent = Sent::read(body.as_bytes())?;
        sent.profile(None)?;
        match sent.files()? {
            Some(_) => Ok(()),
            None => sent.bundle().map(|_| ()),
        }
    }

    #[test]
    fn parameters_are_those_of_the_guide_each_once() {
        let policy = r#"{"name":"policy","valueString":"safe-harbor"}"#;
        let data = r#"{"name":"identifiableData","resource":{"resourceType":"Bundle"}}"#;
        assert!(read(&format!("{policy},{data}")).is_ok());
        for refused in [
            policy.to_owned(),
            data.to_owned(),
            format!("{policy},{policy},{data}"),
            format!("{policy},{data},{data}"),
            format!("{policy},{data},{{\"name\":\"other\"}}"),
            format!("{policy},{{\"name\":\"identifiableData\"}}"),
            format!("{policy},{}", data.replace("Bundle", "Patient")),
            format!("{policy},{data},{{\"name\":\"identifiableDataFileUrls\"}}"),
            format!("{},{data}", policy.replace("valueString", "valueUri")),
            format!("{},{data}", policy.replace("safe-harbor", "Safe Harbor")),
        ] {
            assert!(read(&refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_guides_name_of_safe_harbor_is_ours() {
        let named = |policy| profile(policy).map(|profile| profile.id().to_owned()).ok();
        assert_eq!(named(SAFE_HARBOR_IN_DARTS).as_deref(), Some("safe-harbor"));
        assert_eq!(
            named("limited-data-set").as_deref(),
            Some("limited-data-set")
        );
        // What an expert determined is not known here.
        assert_eq!(named("HHS_EXPERT_DETERMINATION_METHOD"), None);
    }
}
