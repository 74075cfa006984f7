//! Every address the hub answers, together with the least role that it wants (ACC-1). Nothing else makes routes, so there is no
//! call without a role.

use std::collections::HashMap;
use std::sync::Arc;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::get;
use utoipa::openapi::PathItem;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::accounts::Least;
use crate::shared::Shared;

/// Routes and the roles they want.
pub(crate) struct Calls {
    pub(crate) router: OpenApiRouter<Shared>,
    roles: Vec<Entry>,
}

/// One method of one address.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) method: Method,
    /// With its variable parts in braces.
    pub(crate) path: String,
    pub(crate) least: Least,
}

/// The least role of every method of every address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles(Arc<HashMap<String, Vec<(Method, Least)>>>);

impl Roles {
    /// What a request to a matched address wants; `None` for a method that the address does not take.
    pub(crate) fn least(&self, path: &str, method: &Method) -> Option<Least> {
        // The router has what answers GET answer HEAD.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let methods = self.0.get(path)?;
        methods.iter().find(|(taken, _)| taken == method).map(|(_, least)| *least)
    }
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self { router: OpenApiRouter::new(), roles: Vec::new() }
    }

    /// Adds calls that `routes!` describes.
    pub(crate) fn call(mut self, least: Least, routes: UtoipaMethodRouter<Shared>) -> Self {
        for (path, item) in &routes.1.paths {
            let methods = methods(item).into_iter();
            self.roles.extend(methods.map(|method| Entry { method, path: path.clone(), least }));
        }
        Self { router: self.router.routes(routes), ..self }
    }

    /// Adds something to be read that is no call of the API: pages, files for nodes, the control plane.
    pub(crate) fn file<T: 'static>(mut self, least: Least, path: &str, handler: impl Handler<T, Shared>) -> Self {
        self.roles.push(Entry { method: Method::GET, path: path.to_owned(), least });
        Self { router: self.router.route(path, get(handler)), ..self }
    }

    /// Puts all of it under a prefix.
    pub(crate) fn under(self, prefix: &str) -> Self {
        let below = |entry: Entry| Entry { path: format!("{prefix}{}", entry.path), ..entry };
        Self {
            router: OpenApiRouter::new().nest(prefix, self.router),
            roles: self.roles.into_iter().map(below).collect(),
        }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.roles.extend(other.roles);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// Changes the router, but for its routes.
    pub(crate) fn with(self, change: impl FnOnce(OpenApiRouter<Shared>) -> OpenApiRouter<Shared>) -> Self {
        Self { router: change(self.router), ..self }
    }

    pub(crate) fn roles(&self) -> Roles {
        let mut roles: HashMap<String, Vec<(Method, Least)>> = HashMap::new();
        for Entry { method, path, least } in &self.roles {
            roles.entry(path.clone()).or_default().push((method.clone(), *least));
        }
        Roles(Arc::new(roles))
    }

    #[cfg(test)]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.roles
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    let operations = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
        (Method::HEAD, &item.head),
        (Method::OPTIONS, &item.options),
        (Method::TRACE, &item.trace),
    ];
    operations.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect()
}
