//! The OpenAPI document, made of the same declarations as the router.

use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    ResponseBuilder, Schema,
};

use super::route::{Route, Verb};
use crate::refusal::ErrorBody;

/// A type of body with all that it refers to.
#[derive(Clone)]
pub(crate) struct Documented {
    name: String,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Documented {
    pub(super) fn of<T: ToSchema>() -> Self {
        let name = T::name().into_owned();
        let mut schemas = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        Self { name, schemas }
    }

    fn reference(&self) -> Ref {
        Ref::from_schema_name(&self.name)
    }
}

/// The routes as the document tells of them.
pub(super) struct Described {
    paths: Paths,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Default for Described {
    fn default() -> Self {
        Self {
            paths: Paths::new(),
            schemas: Documented::of::<ErrorBody>().schemas,
        }
    }
}

impl Described {
    pub(super) fn add(&mut self, route: &Route) {
        let mut operation = OperationBuilder::new()
            .summary(Some(route.summary))
            .operation_id(Some(operation_id(route)))
            .tag(tag(route.path));
        if let Some(asked) = route.operation {
            operation = operation
                .description(Some(format!("Asks for the operation `{}`.", asked.word())))
                .securities(Some([
                    SecurityRequirement::new::<_, _, &str>("session", []),
                    SecurityRequirement::new::<_, _, &str>("bearer", []),
                ]));
        }
        for name in path_parameters(route.path) {
            operation = operation.parameter(
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Path)
                    .required(Required::True)
                    .schema(Some(text())),
            );
        }
        for (name, meaning) in &route.query {
            operation = operation.parameter(
                ParameterBuilder::new()
                    .name(*name)
                    .parameter_in(ParameterIn::Query)
                    .required(Required::False)
                    .description(Some(*meaning))
                    .schema(Some(text())),
            );
        }
        if let Some(body) = &route.takes {
            self.schemas.extend(body.schemas.iter().cloned());
            operation = operation.request_body(Some(
                RequestBodyBuilder::new()
                    .content(
                        JSON,
                        ContentBuilder::new().schema(Some(body.reference())).build(),
                    )
                    .required(Some(Required::True))
                    .build(),
            ));
        }
        let mut good = ResponseBuilder::new().description("Done.");
        if let Some(body) = &route.gives {
            self.schemas.extend(body.schemas.iter().cloned());
            good = good.content(
                JSON,
                ContentBuilder::new().schema(Some(body.reference())).build(),
            );
        }
        operation = operation.response(route.status.as_str(), good.build());
        for (status, meaning) in REFUSALS {
            operation = operation.response(status, refusal(meaning));
        }
        let method = match route.verb {
            Verb::Get => HttpMethod::Get,
            Verb::Post => HttpMethod::Post,
            Verb::Put => HttpMethod::Put,
            Verb::Delete => HttpMethod::Delete,
        };
        self.paths
            .add_path_operation(route.path, vec![method], operation.build());
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.paths.merge(other.paths);
        self.schemas.extend(other.schemas);
    }

    /// The whole document.
    pub(super) fn document(self) -> OpenApi {
        let components = ComponentsBuilder::new()
            .schemas_from_iter(self.schemas)
            .security_scheme(
                "session",
                SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                    "__Host-wardgate",
                    "The session of a browser. What changes something must come from a page of the console.",
                ))),
            )
            .security_scheme(
                "bearer",
                SecurityScheme::Http(
                    HttpBuilder::new()
                        .scheme(HttpAuthScheme::Bearer)
                        .description(Some(
                            "The token of `wardgate login`, an API key or an access token.",
                        ))
                        .build(),
                ),
            )
            .build();
        OpenApiBuilder::new()
            .info(
                InfoBuilder::new()
                    .title("Wardgate")
                    .version(env!("CARGO_PKG_VERSION"))
                    .description(Some(DESCRIPTION))
                    .build(),
            )
            .paths(self.paths)
            .components(Some(components))
            .build()
    }
}

fn refusal(meaning: &str) -> utoipa::openapi::Response {
    let body = Ref::from_schema_name(ErrorBody::name());
    ResponseBuilder::new()
        .description(meaning)
        .content(JSON, ContentBuilder::new().schema(Some(body)).build())
        .build()
}

fn text() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).build())
}

/// The names in braces.
pub(super) fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The first word after `/api/`.
fn tag(path: &str) -> String {
    path.split('/').nth(2).unwrap_or("api").to_owned()
}

/// Such as `post_people_id_roles`.
fn operation_id(route: &Route) -> String {
    let verb = match route.verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Put => "put",
        Verb::Delete => "delete",
    };
    let words = route
        .path
        .split('/')
        .skip(2)
        .filter(|part| !part.is_empty());
    let mut id = verb.to_owned();
    for word in words {
        id.push('_');
        id.extend(
            word.chars()
                .filter(|letter| !"{}".contains(*letter))
                .map(|letter| {
                    if letter.is_ascii_alphanumeric() {
                        letter
                    } else {
                        '_'
                    }
                }),
        );
    }
    id
}

const JSON: &str = "application/json";
const DESCRIPTION: &str = "What people do on the pages of the console, for programs. Every route asks the policies in force for the operation that it names. Changes are recorded in the ledger.";

const REFUSALS: [(&str, &str); 8] = [
    ("400", "It can not be read."),
    ("401", "Nobody was identified."),
    (
        "403",
        "The policies do not permit it, or a new proof of identity is needed.",
    ),
    ("404", "There is no such thing."),
    ("409", "It can not be done as things are."),
    ("413", "It is larger than is read."),
    ("415", "It is not JSON."),
    ("422", "It is readable, but can not be done so."),
];
