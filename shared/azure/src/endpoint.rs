//! Endpoints as the SDK wants them.

use url::Url;

use crate::OpenError;

/// An endpoint over https and without a slash at its end, to which names are appended.
///
/// # Errors
/// * [`OpenError::Differs`] without https: a token is never sent in the clear.
pub(crate) fn checked(endpoint: &Url, what: &str) -> Result<Url, OpenError> {
    let differs = || OpenError::Differs {
        what: what.to_owned(),
        is: format!("a URL of {}", endpoint.scheme()),
        should: "a URL of https".to_owned(),
    };
    if endpoint.scheme() != "https" {
        return Err(differs());
    }
    let mut endpoint = endpoint.clone();
    endpoint.path_segments_mut().map_err(|()| differs())?.pop_if_empty();
    Ok(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_ends_without_a_slash_and_is_never_in_the_clear() {
        let check = |url: &str| checked(&url.parse().unwrap(), "it").map(|url| url.to_string());
        assert_eq!(check("https://h/account/").unwrap(), "https://h/account");
        assert_eq!(check("https://h/account").unwrap(), "https://h/account");
        assert_eq!(check("https://h").unwrap(), "https://h/");
        let error = check("http://h/").unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is a URL of http and should be a URL of https. Correct the settings or deploy again (bicep/)"
        );
        assert!(!error.may_pass());
        assert!(check("data:x").is_err());
    }
}
