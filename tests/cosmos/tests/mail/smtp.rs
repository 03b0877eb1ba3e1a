//! By SMTP.

use azure_counterparts::{
    mail_sink::{Door, MailSink},
    vault::alone::{Alone, MAIL_PASSWORD},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ports::{Identity, Letter, Mail as _, MailError};

use super::{letter, mail};

const ACCOUNT: (&str, &str) = ("proofline@example.org", MAIL_PASSWORD);

async fn sink(alone: &Alone, door: Door, account: Option<(&str, &str)>) -> MailSink {
    MailSink::start(alone.folder(), door, &alone.certificates, account).await.unwrap()
}

fn url(scheme: &str, sink: &MailSink) -> String {
    format!("{scheme}://proofline%40example.org@127.0.0.1:{}", sink.port())
}

#[tokio::test]
#[ignore = "needs Python 3 with pip: cargo xtask azure"]
async fn a_letter_arrives_by_tls_and_by_starttls_with_a_password() {
    for (door, scheme) in [(Door::Tls, "smtps"), (Door::StartTls, "smtp+starttls")] {
        let alone = Alone::start().await.unwrap();
        let sink = sink(&alone, door, Some(ACCOUNT)).await;
        let mail = mail(&alone, &url(scheme, &sink), Identity::Auth).await.unwrap();
        assert_eq!(mail.send(&letter()).await, Ok(()), "{scheme}");
        let letters = sink.letters().unwrap();
        let [arrived] = letters.as_slice() else { panic!("{letters:?}") };
        let (headers, text) = arrived.split_once("\n\n").unwrap();
        for header in [
            "X-MailFrom: no-reply@proofline.example",
            "X-RcptTo: ada@example.org",
            "From: Proofline <no-reply@proofline.example>",
            "To: ada@example.org",
            "Subject: =?utf-8?b?R3LDvMOfZTo=?= your invitation",
        ] {
            assert!(headers.contains(header), "{header} in {headers}");
        }
        // SMTP may end the last line once more.
        let text = text.trim_end();
        assert_eq!(text, "Hello,\n\n.a dot\nhttps://127.0.0.1:7071/invitation#t=abc");
    }
}

#[tokio::test]
#[ignore = "needs Python 3 with pip: cargo xtask azure"]
async fn text_that_is_not_ascii_arrives_as_it_was_written() {
    let alone = Alone::start().await.unwrap();
    let sink = sink(&alone, Door::Plain, None).await;
    let server = format!("smtp://127.0.0.1:{}", sink.port());
    let mail = mail(&alone, &server, Identity::Auth).await.unwrap();
    let text = format!("Zoë\r\n{}\r\n", "é".repeat(300));
    assert_eq!(mail.send(&Letter { text: text.clone(), ..letter() }).await, Ok(()));
    let arrived = sink.letters().unwrap().remove(0);
    let (headers, body) = arrived.split_once("\n\n").unwrap();
    assert!(headers.contains("Content-Transfer-Encoding: base64"), "{headers}");
    assert!(headers.contains("charset=utf-8"), "{headers}");
    assert!(body.lines().all(|line| line.len() <= 76), "RFC 2045 §6.8: {body}");
    let body: String = body.lines().collect();
    assert_eq!(STANDARD.decode(body).unwrap(), text.as_bytes());
}

#[tokio::test]
#[ignore = "needs Python 3 with pip: cargo xtask azure"]
async fn a_password_that_was_changed_is_read_again_once() {
    let alone = Alone::start().await.unwrap();
    let sink = sink(&alone, Door::Tls, Some(ACCOUNT)).await;
    let mail = mail(&alone, &url("smtps", &sink), Identity::Auth).await.unwrap();
    sink.set_account(ACCOUNT.0, "the next password").unwrap();
    let MailError(why) = mail.send(&letter()).await.unwrap_err();
    assert!(why.contains("535"), "{why}");
    assert!(!why.contains(MAIL_PASSWORD), "{why}");
    alone.vault.set_secret("mail-password", "the next password").unwrap();
    assert_eq!(mail.send(&letter()).await, Ok(()));
    let reads = alone.vault.calls().len();
    assert_eq!(mail.send(&letter()).await, Ok(()));
    assert_eq!(alone.vault.calls().len(), reads, "no call while the password is good");
}

#[tokio::test]
#[ignore = "needs Python 3 with pip: cargo xtask azure"]
async fn nothing_is_said_to_a_server_without_starttls_or_with_a_foreign_certificate() {
    let (alone, other) = (Alone::start().await.unwrap(), Alone::start().await.unwrap());
    let plain = sink(&alone, Door::Plain, None).await;
    let foreign =
        MailSink::start(other.folder(), Door::Tls, &other.certificates, None).await.unwrap();
    for (server, sink) in [
        (url("smtp+starttls", &plain), &plain),
        (url("smtps", &plain), &plain),
        (url("smtps", &foreign), &foreign),
    ] {
        let mail = mail(&alone, &server, Identity::Auth).await.unwrap();
        assert!(mail.send(&letter()).await.is_err(), "{server}");
        assert!(sink.letters().unwrap().is_empty(), "{server}");
    }
}
