//! Letters by SMTP, one connection for each.

use std::{error::Error as _, time::Duration};

use azure_core::Uuid;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use ports::Letter;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Refused,
    server::{Encryption, SmtpServer},
};
use crate::OpenError;

/// One command.
const COMMAND_MAX: Duration = Duration::from_secs(10);

/// A server and how it is reached.
pub(super) struct Smtp {
    server: SmtpServer,
    tls: Tls,
}

impl Smtp {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: the host is no name for a certificate.
    pub(super) fn new(server: SmtpServer, root: Option<&[u8]>) -> Result<Self, OpenError> {
        let parameters = || parameters(&server.host, root);
        let tls = match server.encryption {
            Encryption::Tls => Tls::Wrapper(parameters()?),
            Encryption::StartTls => Tls::Required(parameters()?),
            Encryption::Loopback => Tls::None,
        };
        Ok(Self { server, tls })
    }

    pub(super) async fn send(
        &self,
        letter: &Letter,
        password: Option<&SecretString>,
    ) -> Result<(), Refused> {
        let message = self.message(letter)?;
        let transport = self.transport(password);
        transport.send(message).await.map(|_| ()).map_err(|error| refused(&error))
    }

    fn transport(&self, password: Option<&SecretString>) -> AsyncSmtpTransport<Tokio1Executor> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.server.host)
            .port(self.server.port)
            .tls(self.tls.clone())
            .timeout(Some(COMMAND_MAX));
        let credentials =
            self.server.user.clone().zip(password).map(|(user, password)| {
                Credentials::new(user, password.expose_secret().to_owned())
            });
        match credentials {
            Some(credentials) => builder.credentials(credentials).build(),
            None => builder.build(),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, Refused> {
        let to: Address = letter
            .to
            .parse()
            .map_err(|_| Refused::Other("the recipient is not one e-mail address".to_owned()))?;
        let id = format!("<{}@{}>", Uuid::new_v4(), self.server.from.email.domain());
        let message = Message::builder()
            .from(self.server.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(id));
        let text = letter.text.clone();
        let message = match letter.html.clone() {
            None => message.header(ContentType::TEXT_PLAIN).body(text),
            Some(html) => message.multipart(MultiPart::alternative_plain_html(text, html)),
        };
        message.map_err(|error| Refused::Other(error.to_string()))
    }
}

fn parameters(host: &str, root: Option<&[u8]>) -> Result<TlsParameters, OpenError> {
    let differs = |error: lettre::transport::smtp::Error| OpenError::Differs {
        what: "PROOFLINE_MAIL_URL".to_owned(),
        is: format!("at {host}, for which TLS cannot be set up: {error}"),
        should: "a host with a name or an address".to_owned(),
    };
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(root) = root {
        builder =
            builder.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(differs)?);
    }
    builder.build().map_err(differs)
}

/// RFC 4954 §6: 535 and its kin are about the password, or about the lack of one.
fn refused(error: &lettre::transport::smtp::Error) -> Refused {
    let mut why = error.to_string();
    if let Some(source) = error.source()
        && !why.contains(&source.to_string())
    {
        why = format!("{why}: {source}");
    }
    let code = error.status().map(|code| code.to_string());
    match code.as_deref() {
        Some("530" | "534" | "535" | "538") => Refused::Password(why),
        Some(_) | None => Refused::Other(why),
    }
}
