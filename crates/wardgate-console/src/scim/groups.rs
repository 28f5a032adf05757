//! `/scim/v2/Groups`.

use std::collections::BTreeSet;

use axum::extract::{Path, Query as UrlQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use wardgate_records::directory::{DirectoryGroup, GroupQuery, GroupWrite};

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
    let mut query = GroupQuery::default();
    for equals in asked.conditions()? {
        let attribute = GROUP.unqualified(&equals.attribute).to_ascii_lowercase();
        let field = match attribute.as_str() {
            "id" => &mut query.id,
            "displayname" => &mut query.display_name,
            "externalid" => &mut query.external_id,
            _ => return Err(filter::unfit()),
        };
        let value = text_of(equals)?;
        if field.as_ref().is_some_and(|held| *held != value) {
            return Ok(asked.answer(0, Vec::new()));
        }
        *field = Some(value);
    }
    let (total, groups) = parts.store.directory_groups(&query, asked.page()).await?;
    let told = groups.iter().map(|group| resource(&parts, group)).collect();
    Ok(asked.answer(total, told))
}

pub(super) async fn read(
    State(parts): State<Parts>,
    _: Provisioner,
    Path(id): Path<String>,
    UrlQuery(asked): UrlQuery<Query>,
) -> Result<Response, ScimFault> {
    let group = parts.store.directory_group(&id).await?;
    Ok(answer(
        StatusCode::OK,
        &asked.told(resource(&parts, &group)),
    ))
}

pub(super) async fn create(
    State(parts): State<Parts>,
    by: Provisioner,
    body: Body,
) -> Result<Response, ScimFault> {
    let wanted = Wanted::of(&body.of(&GROUP)?)?;
    let now = (parts.clock)();
    let write = wanted.write(&by.source);
    let created = parts
        .store
        .create_directory_group(&write, &by.rules, now)
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
    let wanted = Wanted::of(&body.of(&GROUP)?)?;
    put(&parts, &by, &id, insisted(&headers)?, &wanted).await
}

pub(super) async fn patch(
    State(parts): State<Parts>,
    by: Provisioner,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ScimFault> {
    let held = parts.store.directory_group(&id).await?;
    let wanted = Wanted::of(&changes::apply(&GROUP, body, members(&held))?)?;
    // What was changed is what was read: a change in between is told, not overwritten.
    let version = insisted(&headers)?.unwrap_or(held.version);
    put(&parts, &by, &id, Some(version), &wanted).await
}

pub(super) async fn remove(
    State(parts): State<Parts>,
    by: Provisioner,
    Path(id): Path<String>,
) -> Result<Response, ScimFault> {
    let now = (parts.clock)();
    parts
        .store
        .remove_directory_group(&id, &by.rules, now)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn put(
    parts: &Parts,
    by: &Provisioner,
    id: &str,
    version: Option<u64>,
    wanted: &Wanted,
) -> Result<Response, ScimFault> {
    let now = (parts.clock)();
    let write = wanted.write(&by.source);
    let changed = parts
        .store
        .replace_directory_group(id, version, &write, &by.rules, now)
        .await?;
    Ok(answer(StatusCode::OK, &resource(parts, &changed)))
}

/// A group as a directory states it.
struct Wanted {
    display_name: String,
    external_id: Option<String>,
    members: BTreeSet<String>,
}

impl Wanted {
    fn of(stated: &Map<String, Value>) -> Result<Self, ScimFault> {
        let display_name = text(stated, "displayName");
        let members = stated.get("members").and_then(Value::as_array);
        let mut ids = BTreeSet::new();
        for member in members.into_iter().flatten() {
            let id = member.get("value").and_then(Value::as_str);
            let id = id.ok_or_else(|| ScimFault::value("a member has no `value`"))?;
            ids.insert(id.to_owned());
        }
        Ok(Self {
            display_name: display_name
                .ok_or_else(|| ScimFault::value("`displayName` is missing"))?
                .to_owned(),
            external_id: text(stated, "externalId").map(str::to_owned),
            members: ids,
        })
    }

    fn write<'w>(&'w self, source: &'w str) -> GroupWrite<'w> {
        GroupWrite {
            display_name: &self.display_name,
            external_id: self.external_id.as_deref(),
            members: &self.members,
            source,
        }
    }
}

/// What a directory may change of a group.
fn members(group: &DirectoryGroup) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("displayName".to_owned(), group.display_name.clone().into());
    if let Some(external_id) = &group.external_id {
        members.insert("externalId".to_owned(), external_id.clone().into());
    }
    let people = group.members.iter().map(|id| json!({ "value": id }));
    members.insert("members".to_owned(), people.collect());
    members
}

fn resource(parts: &Parts, group: &DirectoryGroup) -> Value {
    let root = format!("{}/scim/v2", parts.settings.origin);
    let location = format!("{root}{}/{}", GROUP.path, group.id);
    let mut members = members(group);
    let people = group.members.iter().map(
        |id| json!({"value": id, "type": "User", "$ref": format!("{root}{}/{id}", USER.path)}),
    );
    members.insert("members".to_owned(), people.collect());
    members.insert("schemas".to_owned(), json!([GROUP.urn]));
    members.insert("id".to_owned(), group.id.clone().into());
    let times = (group.created_at, group.changed_at);
    members.insert(
        "meta".to_owned(),
        meta(&GROUP, &location, times, group.version),
    );
    Value::Object(members)
}
