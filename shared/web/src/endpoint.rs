//! What an endpoint is, declared where it is implemented and nowhere else.

use domain::{EventKind, Feature, Permission};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::Scope;

/// The methods that we use.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "RFC 9110 documents them")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Anyone; the reason says what protects it instead.
    Public(&'static str),
    /// Whoever holds a token for one step of a login.
    Holds(Scope),
    /// A signed-in user whose roles grant the permission.
    Requires(Permission),
    /// An enrolled Runner, by its signature (RFC 9421).
    Runner,
}

/// A function that describes a body.
pub type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One endpoint. The router, the guard, the API description, the policy table and the tests all read this.
#[derive(Clone, Copy, Debug)]
#[must_use = "an endpoint answers nothing until an app routes it"]
pub struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its path below `/api/<app>`, with `{name}` for each parameter.
    pub path: &'static str,
    /// One line for the API description.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The feature that the tenant's plan must include.
    pub feature: Option<Feature>,
    /// Whether a Runner that still waits for approval may call it.
    pub admits_waiting: bool,
    /// Whether a tenant that is closing may call it although it changes something.
    pub while_closing: bool,
    /// The events that it may record; empty when it changes nothing worth recording.
    pub audits: &'static [EventKind],
    /// The status of success.
    pub success: u16,
    /// The largest body that it reads, in bytes.
    pub body_bytes_max: usize,
    /// Describes the query of the URL.
    pub query: Option<Describe>,
    /// Describes the request body.
    pub request: Option<Describe>,
    /// Describes the answer.
    pub response: Option<Describe>,
    /// The media types of the request body; one whose name has `-batch+` holds an array of what the body is otherwise.
    pub takes: &'static [&'static str],
    /// The media types of the answer.
    pub gives: &'static [&'static str],
    /// The problem codes of its own, beside those that every endpoint has.
    pub problems: &'static [&'static str],
}

const BODY_BYTES_MAX: usize = 64 * 1024;
const JSON: &[&str] = &["application/json"];

impl Endpoint {
    const fn new(method: Method, path: &'static str, access: Access, success: u16) -> Self {
        Self {
            method,
            path,
            summary: "",
            access,
            feature: None,
            admits_waiting: false,
            while_closing: false,
            audits: &[],
            success,
            body_bytes_max: BODY_BYTES_MAX,
            query: None,
            request: None,
            response: None,
            takes: JSON,
            gives: JSON,
            problems: &[],
        }
    }

    /// An endpoint that reads.
    pub const fn get(path: &'static str, access: Access) -> Self {
        Self::new(Method::Get, path, access, 200)
    }

    /// An endpoint that creates or does something, and therefore records one of `audits`.
    pub const fn post(path: &'static str, access: Access, audits: &'static [EventKind]) -> Self {
        Self::new(Method::Post, path, access, 201).audited(audits)
    }

    /// An endpoint that sets something, and therefore records one of `audits`.
    pub const fn put(path: &'static str, access: Access, audits: &'static [EventKind]) -> Self {
        Self::new(Method::Put, path, access, 200).audited(audits)
    }

    /// An endpoint that ends something, and therefore records one of `audits`.
    pub const fn delete(path: &'static str, access: Access, audits: &'static [EventKind]) -> Self {
        Self::new(Method::Delete, path, access, 200).audited(audits)
    }

    /// Says what it does.
    pub const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Only for tenants whose plan includes `feature`.
    pub const fn with(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }

    /// Answers Runners that still wait for approval too.
    pub const fn admitting_waiting(mut self) -> Self {
        self.admits_waiting = true;
        self
    }

    /// Also serves tenants that are closing, in every plan, although it changes something: exports, one's own sessions, taking the closing back.
    pub const fn while_closing(mut self) -> Self {
        self.while_closing = true;
        self
    }

    /// Whether a tenant that is closing may call it: what reads, and what says so. What a Runner fetches and is recorded is work for it.
    pub const fn serves_closing(&self) -> bool {
        let is_work = matches!(self.access, Access::Runner) && !self.audits.is_empty();
        self.while_closing || (matches!(self.method, Method::Get) && !is_work)
    }

    /// Whether it takes the key of a repeated request itself ([`Once`](crate::Once)), since it waits for the log.
    pub(crate) fn takes_its_key(&self) -> bool {
        self.problems.contains(&"not-sealed-yet")
    }

    /// Records one of `audits` although it only reads.
    pub const fn audited(mut self, audits: &'static [EventKind]) -> Self {
        self.audits = audits;
        self
    }

    /// Answers success with `status`.
    pub const fn success(mut self, status: u16) -> Self {
        self.success = status;
        self
    }

    /// Reads a query of type `T`.
    pub const fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(describe::<T>);
        self
    }

    /// Reads a body of type `T`.
    pub const fn request<T: JsonSchema>(mut self) -> Self {
        self.request = Some(describe::<T>);
        self
    }

    /// Answers with a `T`.
    pub const fn response<T: JsonSchema>(mut self) -> Self {
        self.response = Some(describe::<T>);
        self
    }

    /// Reads bodies of these media types instead of JSON.
    pub const fn takes(mut self, media: &'static [&'static str]) -> Self {
        self.takes = media;
        self
    }

    /// Answers with one of these media types instead of JSON.
    pub const fn gives(mut self, media: &'static [&'static str]) -> Self {
        self.gives = media;
        self
    }

    /// Reads bodies of up to `bytes`.
    pub const fn body_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// May answer these problems of its own.
    pub const fn problems(mut self, codes: &'static [&'static str]) -> Self {
        self.problems = codes;
        self
    }
}

fn describe<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
