//! Where letters are handed over, from the one URL that says so.

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{MailSettings, OpenError, error::place, loopback::is_loopback};

/// A mail server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Server {
    /// By SMTP.
    Smtp(SmtpServer),
    /// By Resend's HTTPS, at the URL below which `emails` is.
    Resend { url: Url, from: String },
}

/// A server of SMTP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    /// Whom the password belongs to; `None` without a password.
    pub(super) user: Option<String>,
    pub(super) from: Mailbox,
}

/// How a connection is made safe.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encryption {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// STARTTLS (RFC 3207), without which nothing is sent.
    StartTls,
    /// None: this machine alone.
    Loopback,
}

impl Server {
    /// Reads both settings.
    ///
    /// # Errors
    /// * [`OpenError::Differs`], which names the setting.
    pub(super) fn parse(settings: &MailSettings) -> Result<Self, OpenError> {
        let from = settings.from.parse::<Mailbox>().map_err(|_| OpenError::Differs {
            what: "PROOFLINE_MAIL_FROM".to_owned(),
            is: "no e-mail address".to_owned(),
            should: "such as `Proofline <no-reply@proofline.example>`".to_owned(),
        })?;
        let url = &settings.server;
        let smtp = |encryption, port| smtp(url, encryption, port, from.clone()).map(Self::Smtp);
        match url.scheme() {
            "smtps" => smtp(Encryption::Tls, 465),
            "smtp+starttls" => smtp(Encryption::StartTls, 587),
            "smtp" if is_loopback(&as_http(url)?) => smtp(Encryption::Loopback, 25),
            "https" => Ok(Self::Resend { url: url.clone(), from: settings.from.clone() }),
            "http" if is_loopback(url) => {
                Ok(Self::Resend { url: url.clone(), from: settings.from.clone() })
            }
            _ => Err(differs(url)),
        }
    }

    /// Whether the secret `mail-password` must exist.
    pub(super) const fn needs_password(&self) -> bool {
        match self {
            Self::Smtp(server) => server.user.is_some(),
            Self::Resend { .. } => true,
        }
    }
}

fn smtp(
    url: &Url,
    encryption: Encryption,
    port: u16,
    from: Mailbox,
) -> Result<SmtpServer, OpenError> {
    // The password has its own place, where fewer people read it.
    let host = url.host_str().filter(|_| url.password().is_none()).ok_or_else(|| differs(url))?;
    let user = percent_decode_str(url.username()).decode_utf8().map_err(|_| differs(url))?;
    Ok(SmtpServer {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(port),
        encryption,
        user: Some(user.into_owned()).filter(|user| !user.is_empty()),
        from,
    })
}

/// The same host under a scheme whose hosts the `url` crate reads.
fn as_http(url: &Url) -> Result<Url, OpenError> {
    let host = url.host_str().ok_or_else(|| differs(url))?;
    format!("http://{host}").parse().map_err(|_| differs(url))
}

fn differs(url: &Url) -> OpenError {
    OpenError::Differs {
        what: "PROOFLINE_MAIL_URL".to_owned(),
        is: format!("a URL of {} at {}", url.scheme(), place(url)),
        should: "`smtps://user@host`, `smtp+starttls://user@host` or `https://api.resend.com`, without a password".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Server, OpenError> {
        let from = "Proofline <no-reply@proofline.example>".to_owned();
        Server::parse(&MailSettings { server: url.parse().unwrap(), from })
    }

    fn smtp(url: &str) -> (String, u16, Encryption, Option<String>) {
        let Ok(Server::Smtp(server)) = parse(url) else { panic!("{url} is refused") };
        (server.host, server.port, server.encryption, server.user)
    }

    #[test]
    fn a_url_names_server_encryption_and_user() {
        let user = |name: &str| Some(name.to_owned());
        for (url, host, port, encryption, user) in [
            ("smtps://mail.example", "mail.example", 465, Encryption::Tls, None),
            ("smtps://a%40b.example@h:1465", "h", 1465, Encryption::Tls, user("a@b.example")),
            ("smtp+starttls://resend@h", "h", 587, Encryption::StartTls, user("resend")),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Encryption::Loopback, None),
            ("smtp://[::1]:2525", "::1", 2525, Encryption::Loopback, None),
        ] {
            assert_eq!(smtp(url), (host.to_owned(), port, encryption, user), "{url}");
        }
        let resend = parse("https://api.resend.com").unwrap();
        assert!(resend.needs_password());
        assert!(!parse("smtps://mail.example").unwrap().needs_password());
    }

    #[test]
    fn what_would_send_in_the_clear_or_holds_a_password_is_refused() {
        for url in [
            "smtp://mail.example",
            "smtp://127.0.0.1.evil.example",
            "http://api.resend.com",
            "smtps://user:password@mail.example",
            "smtp+starttls://user:password@mail.example",
            "ftp://mail.example",
            "smtps:mail.example",
        ] {
            let error = parse(url).unwrap_err();
            assert!(matches!(error, OpenError::Differs { .. }), "{url}");
            assert!(error.to_string().contains("PROOFLINE_MAIL_URL"), "{error}");
            assert!(!error.to_string().contains("user:"), "{error}");
        }
    }

    #[test]
    fn a_sender_is_one_address() {
        let server: Url = "smtps://mail.example".parse().unwrap();
        for from in ["", "Proofline", "a@b\r\nBcc: c@d", "a@b, c@d"] {
            let settings = MailSettings { server: server.clone(), from: from.to_owned() };
            assert!(Server::parse(&settings).is_err(), "{from}");
        }
    }
}
