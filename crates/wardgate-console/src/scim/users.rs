//! `/scim/v2/Users`.

use axum::extract::{Path, Query as UrlQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use wardgate_records::directory::{DirectoryUser, UserQuery, UserWrite};

use super::Provisioner;
use super::fault::ScimFault;
use super::filter;
use super::list::{Query, text, text_of};
use super::patch as changes;
use super::resource::{Body, answer, insisted, meta};
use super::schema::{GROUP, USER};
use crate::Parts;

pub(super) async fn list(
    State(parts): State<Parts>,
    _: Provisioner,
    UrlQuery(asked): UrlQuery<Query>,
) -> Result<Response, ScimFault> {
    let mut query = UserQuery::default();
    for equals in asked.conditions()? {
        let attribute = USER.unqualified(&equals.attribute).to_ascii_lowercase();
        let field = match attribute.as_str() {
            "id" => &mut query.id,
            "username" => &mut query.user_name,
            "externalid" => &mut query.external_id,
            _ => return Err(filter::unfit()),
        };
        let value = text_of(equals)?;
        if field.as_ref().is_some_and(|held| *held != value) {
            return Ok(asked.answer(0, Vec::new()));
        }
        *field = Some(value);
    }
    let (total, users) = parts.store.directory_users(&query, asked.page()).await?;
    let told = users.iter().map(|user| resource(&parts, user)).collect();
    Ok(asked.answer(total, told))
}

pub(super) async fn read(
    State(parts): State<Parts>,
    _: Provisioner,
    Path(id): Path<String>,
    UrlQuery(asked): UrlQuery<Query>,
) -> Result<Response, ScimFault> {
    let user = parts.store.directory_user(&id).await?;
    Ok(answer(StatusCode::OK, &asked.told(resource(&parts, &user))))
}

pub(super) async fn create(
    State(parts): State<Parts>,
    by: Provisioner,
    body: Body,
) -> Result<Response, ScimFault> {
    let wanted = Wanted::of(body.of(&USER)?, true)?;
    let now = (parts.clock)();
    let write = wanted.write(&by.source);
    let created = parts
        .store
        .create_directory_user(&write, &by.rules, now)
        .await?;
    Ok(answer(StatusCode::CREATED, &resource(&parts, &created)))
}

pub(super) async fn replace(
    State(parts): State<Parts>,
    by: Provisioner,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ScimFault> {
    let held = parts.store.directory_user(&id).await?;
    // A replacement that does not say whether the person may act does not change it.
    let wanted = Wanted::of(body.of(&USER)?, held.active)?;
    put(&parts, &by, &held, insisted(&headers)?, &wanted).await
}

pub(super) async fn patch(
    State(parts): State<Parts>,
    by: Provisioner,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ScimFault> {
    let held = parts.store.directory_user(&id).await?;
    let changed = changes::apply(&USER, body, members(&held))?;
    let wanted = Wanted::of(changed, held.active)?;
    // What was changed is what was read: a change in between is told, not overwritten.
    let version = insisted(&headers)?.unwrap_or(held.version);
    put(&parts, &by, &held, Some(version), &wanted).await
}

pub(super) async fn remove(
    State(parts): State<Parts>,
    by: Provisioner,
    Path(id): Path<String>,
) -> Result<Response, ScimFault> {
    let now = (parts.clock)();
    parts
        .store
        .remove_directory_user(&id, &by.rules, now)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn put(
    parts: &Parts,
    by: &Provisioner,
    held: &DirectoryUser,
    version: Option<u64>,
    wanted: &Wanted,
) -> Result<Response, ScimFault> {
    let now = (parts.clock)();
    let write = wanted.write(&by.source);
    let changed = parts
        .store
        .replace_directory_user(&held.person, version, &write, &by.rules, now)
        .await?;
    Ok(answer(StatusCode::OK, &resource(parts, &changed)))
}

/// A user as a directory states it.
struct Wanted {
    user_name: String,
    external_id: Option<String>,
    active: bool,
    shown: Option<String>,
    attributes: Map<String, Value>,
}

impl Wanted {
    fn of(mut members: Map<String, Value>, active_otherwise: bool) -> Result<Self, ScimFault> {
        let mut taken = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let user_name = taken("userName");
        let external_id = taken("externalId");
        let active = members.remove("active").and_then(|active| active.as_bool());
        Ok(Self {
            user_name: user_name.ok_or_else(|| ScimFault::value("`userName` is missing"))?,
            external_id,
            active: active.unwrap_or(active_otherwise),
            shown: shown(&members),
            attributes: members,
        })
    }

    fn write<'w>(&'w self, source: &'w str) -> UserWrite<'w> {
        UserWrite {
            user_name: &self.user_name,
            external_id: self.external_id.as_deref(),
            active: self.active,
            shown: self.shown.as_deref(),
            attributes: &self.attributes,
            source,
        }
    }
}

/// The name that people read.
fn shown(attributes: &Map<String, Value>) -> Option<String> {
    if let Some(name) = text(attributes, "displayName") {
        return Some(name.to_owned());
    }
    let name = attributes.get("name")?.as_object()?;
    if let Some(whole) = text(name, "formatted") {
        return Some(whole.to_owned());
    }
    let parts: Vec<&str> = ["givenName", "familyName"]
        .iter()
        .filter_map(|part| text(name, part))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What a directory may change of a user.
fn members(user: &DirectoryUser) -> Map<String, Value> {
    let mut members = user.attributes.clone();
    members.insert("userName".to_owned(), user.user_name.clone().into());
    members.insert("active".to_owned(), user.active.into());
    if let Some(external_id) = &user.external_id {
        members.insert("externalId".to_owned(), external_id.clone().into());
    }
    members
}

fn resource(parts: &Parts, user: &DirectoryUser) -> Value {
    let root = format!("{}/scim/v2", parts.settings.origin);
    let location = format!("{root}{}/{}", USER.path, user.person);
    let mut members = members(user);
    members.insert("schemas".to_owned(), json!([USER.urn]));
    members.insert("id".to_owned(), user.person.clone().into());
    let groups: Vec<Value> = user
        .groups
        .iter()
        .map(|(id, name)| {
            json!({"value": id, "display": name, "$ref": format!("{root}{}/{id}", GROUP.path)})
        })
        .collect();
    if !groups.is_empty() {
        members.insert("groups".to_owned(), groups.into());
    }
    let times = (user.created_at, user.changed_at);
    members.insert(
        "meta".to_owned(),
        meta(&USER, &location, times, user.version),
    );
    Value::Object(members)
}
