//! Letters as files in the outbox, in the format of RFC 5322, for a person or a mail program to open.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ports::{Letter, Mail, MailError};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::{files, store::Parts};

const FROM: &str = "Proofline <no-reply@proofline.invalid>";
const PLAIN: &str = "text/plain; charset=utf-8";

/// The outbox.
pub(crate) struct LocalMail {
    pub(crate) parts: Arc<Parts>,
}

#[async_trait]
impl Mail for LocalMail {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        letter.check()?;
        let (now, name) = (self.parts.clock.now().unix_us(), self.parts.name());
        let message = write(letter, now, &name)?;
        let path = self.parts.outbox.join(format!("{now:020}-{name}.eml"));
        let randomness = Arc::clone(&self.parts.randomness);
        let stored = tokio::task::spawn_blocking(move || {
            files::create(&path, message.as_bytes(), &*randomness)
        });
        match stored.await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(MailError("a letter of this name exists".to_owned())),
            Ok(Err(error)) => Err(MailError(error.to_string())),
            Err(error) => Err(MailError(error.to_string())),
        }
    }
}

/// The letter as a message. Every line ends in CRLF; a line that starts with a dot stays as it is, since doubling dots belongs to
/// SMTP (RFC 5321 §4.5.2) and not to files.
fn write(letter: &Letter, now: i64, name: &str) -> Result<String, MailError> {
    let date = OffsetDateTime::from_unix_timestamp(now.div_euclid(1_000_000))
        .map_err(|error| MailError(error.to_string()))?
        .format(&Rfc2822)
        .map_err(|error| MailError(error.to_string()))?;
    let (to, subject) = (&letter.to, subject(&letter.subject));
    let (kind, body) = body(letter, name);
    Ok(format!(
        "Date: {date}\r\nFrom: {FROM}\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Message-ID: <{name}@proofline.invalid>\r\nMIME-Version: 1.0\r\n\
         Content-Type: {kind}\r\n{body}"
    ))
}

/// The text alone, or both forms of it, the better one last (RFC 2046 §5.1.4).
fn body(letter: &Letter, name: &str) -> (String, String) {
    let plain = part("", &letter.text);
    let Some(html) = &letter.html else { return (PLAIN.to_owned(), plain) };
    let boundary = format!("part-{name}");
    let (plain, html) =
        (part(&header(PLAIN), &letter.text), part(&header("text/html; charset=utf-8"), html));
    let parts = format!("\r\n--{boundary}\r\n{plain}--{boundary}\r\n{html}--{boundary}--\r\n");
    (format!("multipart/alternative; boundary=\"{boundary}\""), parts)
}

fn header(kind: &str) -> String {
    format!("Content-Type: {kind}\r\n")
}

fn part(header: &str, content: &str) -> String {
    format!("{header}Content-Transfer-Encoding: 8bit\r\n\r\n{}", text(content))
}

/// One line; what is not ASCII as encoded words (RFC 2047).
fn subject(subject: &str) -> String {
    if subject.is_ascii() && !subject.contains("=?") {
        return subject.to_owned();
    }
    let mut words = vec![String::new()];
    for letter in subject.chars() {
        // An encoded word has at most 75 characters: 12 of frame, and 60 of base 64 for 45 bytes.
        let full = words.last().is_some_and(|word| word.len() + letter.len_utf8() > 45);
        if full {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    let encoded: Vec<_> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    encoded.join("\r\n ")
}

/// Lines that end in CRLF.
fn text(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.lines().flat_map(|line| [line, "\r\n"]).collect()
}
