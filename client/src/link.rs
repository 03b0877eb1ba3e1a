//! Links of letters: what counts in them is a token, good for one use.

use secrecy::{ExposeSecret as _, SecretString};

/// What stands before the token, behind which no server sees it (RFC 3986 §3.5).
const MARK: &str = "#token=";

/// The token of a link, or of what is a token already.
pub(crate) fn token(link: &SecretString) -> &str {
    let text = link.expose_secret().trim();
    text.rsplit_once(MARK).map_or(text, |(_, token)| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_taken_whole_or_as_its_token_alone() {
        let token = |text: &str| token(&text.to_owned().into()).to_owned();
        assert_eq!(
            token("https://proofline.example/recovery#token=pfl_rcv_a.b.c"),
            "pfl_rcv_a.b.c"
        );
        assert_eq!(token(" pfl_rcv_a.b.c\n"), "pfl_rcv_a.b.c");
        assert_eq!(token(""), "");
    }
}
