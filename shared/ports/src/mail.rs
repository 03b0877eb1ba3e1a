//! Letters to people.

use async_trait::async_trait;

/// RFC 5322 §2.1.1, without CRLF.
const LINE_BYTES_MAX: usize = 998;
/// RFC 5321 §4.5.3.1.3.
const ADDRESS_BYTES_MAX: usize = 254;
/// Enough for a subject.
const SUBJECT_BYTES_MAX: usize = 200;

/// A letter: in plain text, and the same again as a page for those who prefer one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letter {
    /// One address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// UTF-8.
    pub text: String,
    /// The same as HTML, without anything that is fetched from elsewhere; `None` for plain text alone.
    pub html: Option<String>,
}

impl Letter {
    /// The rules that every backend sets before it sends: no letter smuggles a header, a recipient or a control character.
    ///
    /// # Errors
    /// * [`MailError`], which names the rule and quotes nothing of the letter.
    pub fn check(&self) -> Result<(), MailError> {
        let is_line = |line: &str| {
            line.len() <= LINE_BYTES_MAX && !line.contains(|c: char| c.is_control() && c != '\t')
        };
        if !is_address(&self.to) {
            return Err(MailError("the recipient is not one e-mail address".to_owned()));
        }
        if self.subject.len() > SUBJECT_BYTES_MAX || self.subject.contains(char::is_control) {
            return Err(MailError("the subject is not one line of at most 200 bytes".to_owned()));
        }
        let bodies = [Some(&self.text), self.html.as_ref()];
        if !bodies.into_iter().flatten().all(|body| body.split(['\r', '\n']).all(is_line)) {
            return Err(MailError("a line is too long or has a control character".to_owned()));
        }
        Ok(())
    }
}

/// One address in ASCII, with nothing that could start another address or another header.
fn is_address(to: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>(),;:\\\"[]".contains(&byte);
    let parts = to
        .split_once('@')
        .filter(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    parts.is_some() && to.len() <= ADDRESS_BYTES_MAX && to.bytes().all(plain)
}

/// Why a letter was not sent.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the letter was not sent: {0}")]
pub struct MailError(pub String);

/// Sends letters.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Hands one letter over.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;
}
