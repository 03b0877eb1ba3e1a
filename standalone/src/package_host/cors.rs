//! Other origins: preflights are answered by the host and never reach a handler; other answers are marked.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header},
    response::Response,
};

use super::{passing::empty, settings::Cors};

const COPIED: [(HeaderName, HeaderName); 2] = [
    (header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_ALLOW_METHODS),
    (header::ACCESS_CONTROL_REQUEST_HEADERS, header::ACCESS_CONTROL_ALLOW_HEADERS),
];

impl Cors {
    /// The answer to a preflight, if this is one and somebody may ask at all.
    pub(crate) fn preflight<B>(&self, request: &Request<B>) -> Option<Response> {
        let is_preflight = *request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ORIGIN)
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight || self.origins.is_empty() {
            return None;
        }
        let mut response = empty(StatusCode::NO_CONTENT);
        if let Some(origin) = self.allowed(request.headers()) {
            for (asked, allowed) in &COPIED {
                if let Some(value) = request.headers().get(asked) {
                    response.headers_mut().insert(allowed, value.clone());
                }
            }
            self.mark(response.headers_mut(), origin);
        }
        Some(response)
    }

    /// What an answer to somebody of the origin in `headers` is marked with; `None` when nothing is.
    pub(crate) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if self.origins.is_empty() {
            return None;
        }
        let origin = headers.get(header::ORIGIN)?;
        let is_any = self.origins.iter().any(|allowed| allowed == "*");
        if is_any && !self.credentials {
            return Some(HeaderValue::from_static("*"));
        }
        let is_named = self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
        (is_any || is_named).then(|| origin.clone())
    }

    /// Marks an answer.
    pub(crate) fn mark(&self, headers: &mut HeaderMap, origin: HeaderValue) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if self.credentials {
            headers
                .insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preflight(cors: &Cors, origin: &'static str) -> Option<(u16, Option<String>)> {
        let request = Request::builder()
            .method("OPTIONS")
            .header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .body(())
            .unwrap();
        let response = cors.preflight(&request)?;
        let allowed = response.headers().get("access-control-allow-origin");
        Some((response.status().as_u16(), allowed.map(|value| value.to_str().unwrap().to_owned())))
    }

    #[test]
    fn a_preflight_is_answered_when_origins_are_configured() {
        let named = Cors { origins: vec!["http://a".to_owned()], credentials: true };
        assert_eq!(preflight(&named, "http://a"), Some((204, Some("http://a".to_owned()))));
        assert_eq!(preflight(&named, "http://b"), Some((204, None)));
        let any = Cors { origins: vec!["*".to_owned()], credentials: false };
        assert_eq!(preflight(&any, "http://b"), Some((204, Some("*".to_owned()))));
        assert_eq!(preflight(&Cors::default(), "http://a"), None);
    }
}
