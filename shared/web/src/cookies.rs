//! Cookies for browsers: no script sees a token. Over https their names bind them to the host (RFC 6265bis §4.1.3); on one machine, where
//! there is no TLS, they have plain names.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use domain::Class;

use crate::Problem;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CookieKind {
    /// The access token, for every app.
    Access,
    /// The refresh token, for `auth` alone.
    Refresh,
    /// The device token, for `auth`'s logins; it goes where the access token goes, because only such a path allows the name `__Host-`.
    Device,
}

/// The cookies of one deployment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cookies {
    is_secure: bool,
}

impl Cookies {
    /// Those of the deployment that people reach under `public_url`.
    pub fn of(public_url: &str) -> Self {
        Self { is_secure: public_url.starts_with("https://") }
    }

    /// The name of a cookie.
    pub const fn name(self, kind: CookieKind) -> &'static str {
        match (kind, self.is_secure) {
            (CookieKind::Access, true) => "__Host-at",
            (CookieKind::Refresh, true) => "__Secure-rt",
            (CookieKind::Device, true) => "__Host-dv",
            (CookieKind::Access, false) => "at",
            (CookieKind::Refresh, false) => "rt",
            (CookieKind::Device, false) => "dv",
        }
    }

    /// The value of a cookie that came with a request.
    ///
    /// # Errors
    /// * `cookie-ambiguous`: it came twice; somebody put one beside ours.
    pub fn read(self, kind: CookieKind, headers: &HeaderMap) -> Result<Option<String>, Problem> {
        let name = self.name(kind);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let mut values =
            pairs.filter(|(found, _)| found.trim() == name).map(|(_, value)| value.trim());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Problem::new(
                Class::Invalid,
                "cookie-ambiguous",
                "A cookie of ours came twice. Delete the cookies of this site, then sign in again.",
            )),
            (Some("") | None, None) => Ok(None),
            (Some(value), None) => Ok(Some(value.to_owned())),
        }
    }

    /// Whether a request has cookies of ours that open something.
    pub(crate) fn are_in(self, headers: &HeaderMap) -> bool {
        let opens = [CookieKind::Access, CookieKind::Refresh];
        opens.into_iter().any(|kind| !matches!(self.read(kind, headers), Ok(None)))
    }

    /// `Set-Cookie` for a value of base64url, dots and underscores. `None` when it has other characters.
    pub fn set(self, kind: CookieKind, value: &str, max_age: Duration) -> Option<HeaderValue> {
        let path = match kind {
            CookieKind::Access | CookieKind::Device => "/",
            CookieKind::Refresh => "/api/auth/",
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !value.bytes().all(is_plain) {
            return None;
        }
        let (name, secure) = (self.name(kind), if self.is_secure { "; Secure" } else { "" });
        let age = max_age.as_secs();
        let text = format!(
            "{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"
        );
        HeaderValue::from_str(&text).ok()
    }

    /// `Set-Cookie` that removes the cookie.
    pub fn clear(self, kind: CookieKind) -> Option<HeaderValue> {
        self.set(kind, "", Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| (COOKIE, HeaderValue::from_str(line).unwrap()));
        lines.collect()
    }

    #[test]
    fn over_https_the_name_binds_a_cookie_to_the_host() {
        let cookies = Cookies::of("https://proofline.example");
        let set = |kind| {
            let value = cookies.set(kind, "a.b-c_d", Duration::from_mins(15)).unwrap();
            value.to_str().unwrap().to_owned()
        };
        let common = "Max-Age=900; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(set(CookieKind::Access), format!("__Host-at=a.b-c_d; Path=/; {common}"));
        assert_eq!(
            set(CookieKind::Refresh),
            format!("__Secure-rt=a.b-c_d; Path=/api/auth/; {common}")
        );
        assert_eq!(set(CookieKind::Device), format!("__Host-dv=a.b-c_d; Path=/; {common}"));
        let cleared = cookies.clear(CookieKind::Access).unwrap();
        assert!(cleared.to_str().unwrap().starts_with("__Host-at=; Path=/; Max-Age=0; "));
    }

    #[test]
    fn on_one_machine_names_are_plain_and_the_rest_is_as_strict() {
        let cookies = Cookies::of("http://127.0.0.1:7071");
        let set = cookies.set(CookieKind::Refresh, "x", Duration::from_secs(1)).unwrap();
        assert_eq!(set, "rt=x; Path=/api/auth/; Max-Age=1; HttpOnly; SameSite=Strict");
        assert_eq!(cookies.set(CookieKind::Access, "a; Domain=evil.test", Duration::ZERO), None);
        assert_eq!(cookies.set(CookieKind::Access, "a\r\nb", Duration::ZERO), None);
    }

    #[test]
    fn a_cookie_is_found_among_others_and_two_of_one_name_are_refused() {
        let cookies = Cookies::of("https://proofline.example");
        let read = |lines: &[&str]| cookies.read(CookieKind::Access, &headers(lines));
        assert_eq!(read(&["a=1; __Host-at=token; b=2"]), Ok(Some("token".to_owned())));
        assert_eq!(read(&["a=1", "__Host-at=token"]), Ok(Some("token".to_owned())));
        assert_eq!(read(&["at=token; __host-at=token; x__Host-at=t"]), Ok(None));
        assert_eq!(read(&["__Host-at="]), Ok(None));
        assert_eq!(read(&[]), Ok(None));
        for lines in [&["__Host-at=a; __Host-at=b"][..], &["__Host-at=a", "__Host-at=b"]] {
            assert_eq!(read(lines).unwrap_err().code, "cookie-ambiguous");
        }
    }
}
