//! Requests that another site made a browser send (CSRF): refused whatever they carry, by what the browser itself says of them
//! (`Sec-Fetch-Site`, and `Origin` where a browser does not send that).

use axum::http::{Method, header::ORIGIN, request::Parts};
use domain::Class;

use crate::Problem;

/// Refuses a request that changes something and comes from another site. One that is authenticated by a cookie must say where it comes from;
/// a program that holds its token itself says nothing, and need not.
pub(crate) fn refuse_cross_site(
    parts: &Parts,
    public_url: &str,
    by_cookie: bool,
) -> Result<(), Problem> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let header = |name: &str| parts.headers.get_all(name).iter().collect::<Vec<_>>();
    let (site, origin) = (header("sec-fetch-site"), header(ORIGIN.as_str()));
    let is_own_site = site.iter().all(|value| *value == "same-origin" || *value == "none");
    let is_own_origin = origin.iter().all(|value| value.as_bytes() == public_url.as_bytes());
    let says_where = !site.is_empty() || !origin.is_empty();
    if is_own_site && is_own_origin && (says_where || !by_cookie) {
        return Ok(());
    }
    Err(Problem::new(
        Class::Forbidden,
        "cross-site",
        "This request comes from another site. Send it from a page of this deployment, or with a bearer token and without cookies.",
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const URL: &str = "https://proofline.example";

    fn code(method: &str, headers: &[(&str, &str)], by_cookie: bool) -> Option<&'static str> {
        let request = headers.iter().fold(Request::builder().method(method), |request, header| {
            request.header(header.0, header.1)
        });
        let (parts, ()) = request.body(()).unwrap().into_parts();
        refuse_cross_site(&parts, URL, by_cookie).err().map(|problem| problem.code)
    }

    /// Threats T21 and T42: what Fetch Metadata and `Origin` say, over every method that we have.
    #[test]
    fn what_another_site_made_a_browser_send_is_refused() {
        let good: [&[(&str, &str)]; 4] = [
            &[("sec-fetch-site", "same-origin"), ("origin", URL)],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", URL)],
            &[("sec-fetch-site", "none")],
        ];
        let bad: [&[(&str, &str)]; 9] = [
            &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://other.proofline.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", URL)],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.test")],
            &[("origin", "https://evil.test")],
            &[("origin", "null")],
            &[("origin", "http://proofline.example")],
            &[("origin", "https://proofline.example.evil.test")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        ];
        for method in ["POST", "PUT", "DELETE"] {
            for by_cookie in [false, true] {
                for headers in good {
                    assert_eq!(code(method, headers, by_cookie), None, "{method} {headers:?}");
                }
                for headers in bad {
                    let found = code(method, headers, by_cookie);
                    assert_eq!(found, Some("cross-site"), "{method} {headers:?}");
                }
            }
            assert_eq!(code(method, &[], false), None, "a program says nothing");
            assert_eq!(code(method, &[], true), Some("cross-site"), "a browser does");
        }
        assert_eq!(code("GET", bad[0], true), None, "reading changes nothing");
    }
}
