//! Whether an endpoint is on this machine: the one place where a stand-in may be weaker than Azure.

use url::{Host, Url};

/// Whether `url` can only be this machine. A name other than `localhost` never is, whatever it resolves to.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // Schemes that `url` does not know, such as smtp, have hosts that it does not parse.
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_this_machine() {
        for (url, here) in [
            ("https://localhost:1", true),
            ("https://127.0.0.1", true),
            ("http://127.9.9.9:80/x", true),
            ("http://[::1]:80", true),
            ("https://localhost.evil.example", false),
            ("https://127.0.0.1.evil.example", false),
            ("https://127.0.0.1@evil.example", false),
            ("https://10.0.0.1", false),
            ("https://[::ffff:127.0.0.1]", false),
            ("data:localhost", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), here, "{url}");
        }
    }
}
