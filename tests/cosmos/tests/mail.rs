//! Letters by SMTP, against a mail server that we did not write, and by Resend's HTTPS, against a server that checks what Resend documents.

mod resend;
mod smtp;

use azure::{AzureMail, MailSettings, OpenError};
use azure_counterparts::vault::alone::Alone;
use ports::{Identity, Letter, Mail as _, MailError};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

const FROM: &str = "Proofline <no-reply@proofline.example>";

fn letter() -> Letter {
    Letter {
        to: "ada@example.org".into(),
        subject: "Grüße: your invitation".into(),
        text: "Hello,\n\n.a dot\r\nhttps://127.0.0.1:7071/invitation#t=abc\n".into(),
        html: None,
    }
}

async fn mail(alone: &Alone, server: &str, identity: Identity) -> Result<AzureMail, OpenError> {
    let settings = MailSettings { server: server.parse().unwrap(), from: FROM.to_owned() };
    let root = CertificateDer::from_pem_file(&alone.certificates.authority).unwrap();
    AzureMail::over(&settings, alone.secrets(identity).unwrap(), identity, Some(&root)).await
}

#[tokio::test]
async fn only_the_reader_of_the_password_sends_letters_and_reads_it() {
    let alone = Alone::start().await.unwrap();
    for identity in Identity::ALL {
        let mail = mail(&alone, "smtps://resend@127.0.0.1:1", identity).await.unwrap();
        let MailError(why) = mail.send(&letter()).await.unwrap_err();
        let refused = why.contains("this identity may not send letters");
        assert_eq!(refused, identity != Identity::Auth, "{identity:?}: {why}");
    }
    let reads = alone.vault.calls();
    let good = reads.iter().filter(|call| call.ends_with(" 200")).count();
    assert_eq!(good, 1, "{reads:?}");
}

#[tokio::test]
async fn a_password_that_cannot_be_read_is_named_when_the_app_opens() {
    let alone = Alone::start().await.unwrap();
    alone.vault.set_secret("mail-password", "").unwrap();
    let missing = mail(&alone, "https://api.resend.com", Identity::Auth).await.err().unwrap();
    assert!(missing.to_string().contains("secret mail-password"), "{missing}");
    assert!(missing.may_pass());
    assert!(mail(&alone, "smtp://127.0.0.1:2525", Identity::Auth).await.is_ok(), "needs none");
}

#[tokio::test]
async fn a_letter_that_breaks_a_rule_reaches_no_server() {
    let alone = Alone::start().await.unwrap();
    let mail = mail(&alone, "smtp://127.0.0.1:1", Identity::Auth).await.unwrap();
    for (bad, rule) in [
        (
            Letter { to: "a@b.example\r\nBcc: c@d.example".into(), ..letter() },
            "the recipient is not",
        ),
        (Letter { to: "a@b.example, c@d.example".into(), ..letter() }, "the recipient is not"),
        (Letter { subject: "s\r\nBcc: c@d.example".into(), ..letter() }, "the subject is not"),
        (Letter { text: "\0".into(), ..letter() }, "a line is too long"),
    ] {
        let MailError(why) = mail.send(&bad).await.unwrap_err();
        assert!(why.starts_with(rule), "{why}");
    }
}
