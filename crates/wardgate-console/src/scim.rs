//! People from a directory: SCIM 2.0 (RFC 7643, RFC 7644).
//!
//! An application with the operation `scim.provision` creates, changes and deactivates people, and
//! puts them into groups. What a group gives is decided by the operator's mapping alone; roles,
//! authority and proof of identity can not be stated here.

mod discovery;
mod fault;
mod filter;
mod groups;
mod list;
mod patch;
mod resource;
mod schema;
mod users;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request;
use axum::routing::{any, get, post};
use wardgate_authz::{Operation, Target};
use wardgate_records::directory::DirectoryRules;

use crate::Parts;
use crate::allow::allow;
use crate::caller::identify;
use fault::ScimFault;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
        .route("/scim/v2/Users", get(users::list).post(users::create))
        .route(
            "/scim/v2/Users/{id}",
            get(users::read)
                .put(users::replace)
                .patch(users::patch)
                .delete(users::remove),
        )
        .route("/scim/v2/Groups", get(groups::list).post(groups::create))
        .route(
            "/scim/v2/Groups/{id}",
            get(groups::read)
                .put(groups::replace)
                .patch(groups::patch)
                .delete(groups::remove),
        )
        .route(
            "/scim/v2/ServiceProviderConfig",
            get(discovery::service_provider_config),
        )
        .route("/scim/v2/ResourceTypes", get(discovery::resource_types))
        .route("/scim/v2/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/scim/v2/Schemas", get(discovery::schemas))
        .route("/scim/v2/Schemas/{id}", get(discovery::schema))
        .route(
            "/scim/v2/.search",
            post(|| async { ScimFault::not_implemented() }),
        )
        .route("/scim/v2/{*rest}", any(|| async { ScimFault::not_found() }))
}

/// An application that may provision people.
#[derive(Debug)]
pub(crate) struct Provisioner {
    /// The application.
    source: String,
    rules: DirectoryRules,
}

impl FromRequestParts<Parts> for Provisioner {
    type Rejection = ScimFault;

    async fn from_request_parts(
        request: &mut request::Parts,
        parts: &Parts,
    ) -> Result<Self, ScimFault> {
        let caller = identify(parts, &request.headers)
            .await
            .map_err(|_| ScimFault::stranger())?;
        allow(parts, &caller, Operation::ScimProvision, &Target::any())
            .map_err(|refusal| ScimFault::refused(&refusal))?;
        let provider = parts.settings.scim_provider.as_deref();
        let provider = provider.and_then(|name| parts.settings.provider(name));
        let rules = provider.map_or_else(DirectoryRules::default, |provider| DirectoryRules {
            issuer: Some(provider.settings().issuer.clone()),
            roles: provider.settings().roles.clone(),
        });
        Ok(Self {
            source: caller.id().to_owned(),
            rules,
        })
    }
}
