//! `GET /api/v1/openapi.json`: the description of the API (OpenAPI 3.1), made from the code that answers (HUB-12).
//!
//! What holds for every call is added here: the error document, the key, and the header that makes a command repeatable.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::calls::Roles;
use super::problem::Problem;
use crate::accounts::Least;

/// Unsigned integers: the format `utoipa` writes, the one the format registry of OpenAPI has, and the largest number. Of
/// 64 bits none is told: readers of JSON round such numbers.
const UNSIGNED: [(&str, &str, Option<u64>); 4] = [
    ("u-int8", "uint8", Some(0xff)),
    ("u-int16", "uint16", Some(0xffff)),
    ("u-int32", "uint32", Some(0xffff_ffff)),
    ("u-int64", "uint64", None),
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cuelight hub",
        description = "Everything that a hub can be told and asked. The words are those of docs/operations/api.md.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem)),
    tags(
        (name = "show", description = "The whole show: levels, tempo, which one is armed"),
        (name = "scenes", description = "What the show, a group or a node shows"),
        (name = "nodes", description = "Who is in the show"),
        (name = "groups", description = "Nodes that are commanded together"),
        (name = "documents", description = "What is edited, as it was after each change, and the way back"),
        (name = "cues", description = "Show files, and what is played of one"),
        (name = "patterns", description = "Files that are played in place of an effect"),
        (name = "updates", description = "Images of nodes, and rolling them out"),
        (name = "receivers", description = "Programs that follow the hub over HTTP, and commands to one of them"),
        (name = "events", description = "What happens, as it happens"),
        (name = "library", description = "What there is to show"),
        (name = "access", description = "People, roles, keys and sessions"),
        (name = "hub", description = "The hub itself"),
    )
)]
struct Description;

/// The description of the API: an OpenAPI 3.1 document, its keys in alphabetical order, with a line feed at the end.
pub fn openapi() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = serde_json::to_string_pretty(&document()).expect("a description is JSON");
        text.push('\n');
        text
    })
}

/// The description of this API.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getDescription",
    tag = "hub",
    responses((status = OK, description = "An OpenAPI 3.1 document", body = Object)),
)]
pub(crate) async fn get() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi())
}

fn document() -> Value {
    let calls = super::calls(None);
    let roles = calls.roles();
    let router = OpenApiRouter::with_openapi(Description::openapi()).merge(calls.router);
    let mut document = serde_json::to_value(router.into_openapi()).expect("a description is JSON");
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let components = &mut document["components"];
    components["securitySchemes"] = json!({
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key that an admin made (POST /api/v1/keys), or the one in operator.key in the hub's data folder.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-cuelight",
            "description": "A browser that has logged in (POST /api/v1/session). Over plain HTTP the cookie is called cuelight.",
        },
    });
    components["responses"] = json!({
        "Problem": {
            "description": "What went wrong, where, and what to do about it (RFC 9457)",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        },
    });
    components["parameters"] = json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same request with the same key gets the first answer and changes nothing.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$" },
        },
    });
    bound_integers(&mut document["components"]);
    bound_integers(&mut document["paths"]);
    let paths = document["paths"].as_object_mut().expect("there are paths");
    for (path, item) in paths {
        let operations = item.as_object_mut().expect("a path has operations");
        for (method, operation) in operations {
            describe_errors(operation);
            describe_role(operation, least(&roles, path, method));
            if method != "get" && is_repeatable(path) {
                let parameters = operation.as_object_mut().expect("an operation is an object");
                let parameters = parameters.entry("parameters").or_insert_with(|| json!([]));
                let key = json!({ "$ref": "#/components/parameters/IdempotencyKey" });
                parameters.as_array_mut().expect("parameters are a list").push(key);
            }
        }
    }
    // What other crates of a build ask of serde_json decides whether objects keep their order.
    document.sort_all_objects();
    document
}

fn least(roles: &Roles, path: &str, method: &str) -> Least {
    let method = method.to_uppercase().parse().expect("a method's name is one");
    roles.least(path, &method).expect("what is described has a role")
}

/// Who may make a call: as OpenAPI says it, and which role it wants.
fn describe_role(operation: &mut Value, least: Least) {
    let (security, role) = match least {
        Least::Anybody => (json!([]), Value::Null),
        Least::Known => (json!([{ "key": [] }, { "session": [] }]), "any".into()),
        Least::Role(role) => (json!([{ "key": [] }, { "session": [] }]), role.word().into()),
    };
    operation["security"] = security;
    operation["x-role"] = role;
}

/// Parts of an upload say themselves where they belong, and a show file which it is; what is about keys and passwords is not
/// remembered.
fn is_repeatable(path: &str) -> bool {
    let rest = path.strip_prefix("/api/v1/").unwrap_or_default();
    let first = rest.split('/').next().unwrap_or_default();
    !(path.contains("/ota/uploads/")
        || path.ends_with("/show/file")
        || ["me", "setup", "session", "sessions", "accounts", "keys"].contains(&first))
}

/// Every answer that is an error is a problem document (HUB-5).
fn describe_errors(operation: &mut Value) {
    operation["responses"]["default"] = json!({ "$ref": "#/components/responses/Problem" });
}

/// Says how large the integers are that a field can hold.
fn bound_integers(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let known =
                UNSIGNED.iter().find(|(written, ..)| object.get("format").is_some_and(|given| given == written));
            if let Some((_, format, largest)) = known {
                object.insert("format".into(), (*format).into());
                if let Some(largest) = largest {
                    object.entry("maximum").or_insert_with(|| (*largest).into());
                }
            }
            object.values_mut().for_each(bound_integers);
        }
        Value::Array(list) => list.iter_mut().for_each(bound_integers),
        _ => {}
    }
}

/// The paths and methods that are described, in the description's order.
#[cfg(test)]
pub(crate) fn described() -> Vec<(String, Vec<String>)> {
    let document = document();
    let methods = |item: &serde_json::Map<String, Value>| item.keys().map(|method| method.to_uppercase()).collect();
    let paths = document["paths"].as_object().unwrap();
    paths.iter().map(|(path, item)| (path.clone(), methods(item.as_object().unwrap()))).collect()
}
