//! Letters to people: what each says, as plain text and as a page made from the same words.
//!
//! A template is a text with `{names}`. What is put in is cut, freed of control characters and, for the page, escaped; no value is ever read as
//! markup, as a template or as a line of its own (threat T87). Links come from the configured address alone (threat T19).

use domain::Timestamp;
use ports::Letter;
use secrecy::{ExposeSecret as _, SecretString};

/// The longest value that is put in, in characters …
const VALUE_CHARS_MAX: usize = 200;
/// … and in bytes once it is escaped: two of them and the words around them are within the 998 of a line (RFC 5322 §2.1.1).
const VALUE_BYTES_MAX: usize = 350;
/// The longest subject, in characters and in bytes.
const SUBJECT_MAX: (usize, usize) = (90, 200);

/// What a letter is about, with its values in the clear.
#[derive(Clone, Debug)]
pub(crate) enum Topic<'a> {
    /// Somebody may come into a tenant.
    Invitation { role: &'a str, link: &'a SecretString, until: Timestamp },
    /// Somebody forgot their password.
    PasswordReset { link: &'a SecretString, until: Timestamp },
    /// A password leaked elsewhere.
    PasswordLeaked { link: &'a SecretString, until: Timestamp },
    /// A password, a factor, backup codes or tokens were changed.
    CredentialChanged { what: &'a str, when: Timestamp },
    /// A device that was not known signed in.
    NewDevice { device: &'a str, network: &'a str, when: Timestamp },
    /// Too many wrong passwords.
    AccountLocked { failures: u32, is_final: bool, when: Timestamp },
    /// Too many wrong passwords of somebody who is signed in.
    PasswordGuessed { failures: u32, when: Timestamp },
    /// Too many wrong codes.
    CodesLocked { when: Timestamp },
    /// An administrator agreed to a new factor.
    RecoveryApproved { link: &'a SecretString, until: Timestamp },
    /// Somebody showed the password of an account whose factor was never set up.
    EnrolmentUnfinished { link: &'a SecretString, until: Timestamp },
    /// Operators agreed to a new factor of the only administrator.
    RecoveryOpened { link: &'a SecretString, from: Timestamp, until: Timestamp },
    /// The same, for everyone else of the tenant.
    RecoveryAnnounced { from: Timestamp },
    /// Somebody asked an administrator for a new factor.
    RecoveryRequested { when: Timestamp },
}

/// The letter on `topic` to `to`, who has an account in the tenant of this name.
pub(crate) fn write(to: &str, tenant: &str, topic: &Topic<'_>) -> Letter {
    let (template, mut values) = parts(topic);
    values.push(("tenant", tenant.to_owned()));
    let (subject, body) = template.split_once("\n\n").unwrap_or((template, ""));
    let paragraphs: Vec<_> = body.trim().split("\n\n").collect();
    let text: Vec<_> = paragraphs.iter().map(|text| fill(text, &values, Form::Text)).collect();
    let html: Vec<_> = paragraphs.iter().map(|text| paragraph(text, &values)).collect();
    let subject = cut(fill(subject, &values, Form::Text).chars(), SUBJECT_MAX, char::len_utf8);
    let html = page(&escaped(&subject), &html.concat());
    Letter { to: to.to_owned(), subject, text: text.join("\n\n") + "\n", html: Some(html) }
}

/// The values of one letter, by name.
type Values = Vec<(&'static str, String)>;

fn parts(topic: &Topic<'_>) -> (&'static str, Values) {
    let text = |text: &str| text.to_owned();
    let link = |link: &SecretString| link.expose_secret().to_owned();
    match topic {
        Topic::Invitation { role, link: to, until } => (
            include_str!("letters/invitation.txt"),
            vec![("role", text(role)), ("link", link(to)), ("until", date(*until))],
        ),
        Topic::PasswordReset { link: to, until } => (
            include_str!("letters/password_reset.txt"),
            vec![("link", link(to)), ("until", date(*until))],
        ),
        Topic::PasswordLeaked { link: to, until } => (
            include_str!("letters/password_leaked.txt"),
            vec![("link", link(to)), ("until", date(*until))],
        ),
        Topic::CredentialChanged { what, when } => (
            include_str!("letters/credential_changed.txt"),
            vec![("what", text(what)), ("when", date(*when))],
        ),
        Topic::NewDevice { device, network, when } => (
            include_str!("letters/new_device.txt"),
            vec![("device", text(device)), ("network", text(network)), ("when", date(*when))],
        ),
        Topic::AccountLocked { failures, is_final, when } => (
            include_str!("letters/account_locked.txt"),
            vec![
                ("failures", failures.to_string()),
                ("lock", text(lock_sentence(*is_final))),
                ("when", date(*when)),
            ],
        ),
        Topic::PasswordGuessed { failures, when } => (
            include_str!("letters/password_guessed.txt"),
            vec![("failures", failures.to_string()), ("when", date(*when))],
        ),
        Topic::CodesLocked { when } => {
            (include_str!("letters/codes_locked.txt"), vec![("when", date(*when))])
        }
        Topic::RecoveryApproved { link: to, until } => (
            include_str!("letters/recovery_approved.txt"),
            vec![("link", link(to)), ("until", date(*until))],
        ),
        Topic::EnrolmentUnfinished { link: to, until } => (
            include_str!("letters/enrolment_unfinished.txt"),
            vec![("link", link(to)), ("until", date(*until))],
        ),
        Topic::RecoveryOpened { link: to, from, until } => (
            include_str!("letters/recovery_opened.txt"),
            vec![("link", link(to)), ("from", date(*from)), ("until", date(*until))],
        ),
        Topic::RecoveryAnnounced { from } => {
            (include_str!("letters/recovery_announced.txt"), vec![("from", date(*from))])
        }
        Topic::RecoveryRequested { when } => {
            (include_str!("letters/recovery_requested.txt"), vec![("when", date(*when))])
        }
    }
}

const fn lock_sentence(is_final: bool) -> &'static str {
    if is_final {
        "Until you choose another password by mail, or an administrator unlocks it, unknown devices cannot sign in."
    } else {
        "Unknown devices cannot sign in for an hour."
    }
}

/// `2026-11-21 09:30 UTC`.
fn date(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or_default())
}

/// What a letter is written as.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Page,
}

impl Form {
    /// The template's own words.
    fn words(self, text: &str) -> String {
        match self {
            Self::Text => text.to_owned(),
            Self::Page => escaped(text),
        }
    }

    fn value(self, value: &str) -> String {
        self.words(&plain(value))
    }
}

/// Puts the values in, in one pass: what a value contains is never looked at again.
fn fill(template: &str, values: &Values, form: Form) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        filled.push_str(&form.words(before));
        filled.push_str(&form.value(value.map_or("", |(_, value)| value.as_str())));
        rest = after;
    }
    filled + &form.words(rest)
}

/// One line, without control characters; cut, but for links, which have neither spaces nor marks.
fn plain(value: &str) -> String {
    let is_link = value.starts_with("https://") || value.starts_with("http://");
    let limit = if is_link { (usize::MAX, usize::MAX) } else { (VALUE_CHARS_MAX, VALUE_BYTES_MAX) };
    let shown = value.chars().filter(|letter| !letter.is_control() && !is_direction(*letter));
    cut(shown, limit, |letter| escaped(letter.encode_utf8(&mut [0; 4])).len())
}

/// As many whole characters as there is room for, each of which takes so many bytes.
fn cut(
    letters: impl Iterator<Item = char>,
    (characters, bytes): (usize, usize),
    size: impl Fn(char) -> usize,
) -> String {
    let room = |left: &mut usize, letter: char| {
        *left = left.checked_sub(size(letter))?;
        Some(letter)
    };
    letters.take(characters).scan(bytes, room).collect()
}

/// Marks that turn the direction of text around, and could make one word look like another.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn paragraph(template: &str, values: &Values) -> String {
    let filled = fill(template, values, Form::Page);
    if template == "{link}" {
        return format!("<p><a href=\"{filled}\">{filled}</a></p>\n");
    }
    format!("<p>{filled}</p>\n")
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body style=\"font-family:sans-serif;line-height:1.5;max-width:36em\">\n<h1 style=\"font-size:1.2em\">{title}</h1>\n{body}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> SecretString {
        "https://proofline.example/reset#token=pfl_rst_a.b.c".into()
    }

    fn until() -> Timestamp {
        Timestamp::from_unix_s(1_795_219_200)
    }

    fn topics<'a>(value: &'a str, link: &'a SecretString) -> Vec<Topic<'a>> {
        let (until, when) = (until(), until());
        vec![
            Topic::Invitation { role: value, link, until },
            Topic::PasswordReset { link, until },
            Topic::PasswordLeaked { link, until },
            Topic::CredentialChanged { what: value, when },
            Topic::NewDevice { device: value, network: value, when },
            Topic::AccountLocked { failures: 20, is_final: false, when },
            Topic::AccountLocked { failures: 100, is_final: true, when },
            Topic::PasswordGuessed { failures: 20, when },
            Topic::CodesLocked { when },
            Topic::RecoveryApproved { link, until },
            Topic::EnrolmentUnfinished { link, until },
            Topic::RecoveryOpened { link, from: when, until },
            Topic::RecoveryAnnounced { from: when },
            Topic::RecoveryRequested { when },
        ]
    }

    #[test]
    fn a_letter_says_the_same_as_text_and_as_a_page() {
        let letter = write(
            "ada@example.com",
            "Acme",
            &Topic::PasswordReset { link: &link(), until: until() },
        );
        assert_eq!(letter.subject, "Choose another password");
        assert!(
            letter.text.contains("\n\nhttps://proofline.example/reset#token=pfl_rst_a.b.c\n\n")
        );
        assert!(letter.text.contains("until 2026-11-21 00:00 UTC."), "{}", letter.text);
        let html = letter.html.unwrap();
        let anchor = "<a href=\"https://proofline.example/reset#token=pfl_rst_a.b.c\">";
        assert!(html.contains(anchor), "{html}");
    }

    /// Threat T87: every value of every letter, with what an attacker calls himself.
    #[test]
    fn no_value_becomes_markup_a_template_or_a_line() {
        let evil = "<img src=x onerror=alert(1)>\"'&{link}\r\nBcc: eve@evil.test\u{202e}";
        for topic in topics(evil, &link()) {
            let letter = write("ada@example.com", evil, &topic);
            let html = letter.html.clone().unwrap();
            assert!(!html.contains("<img") && !html.contains("onerror=alert(1)>"), "{html}");
            assert!(!letter.text.contains("\nBcc:") && !letter.subject.contains('\n'));
            assert!(!html.contains('\u{202e}') && !letter.text.contains('\u{202e}'));
            assert_eq!(letter.check(), Ok(()), "{topic:?}");
            let links = letter.text.matches("#token=").count();
            assert!(links <= 1, "a value is no template: {}", letter.text);
        }
    }

    #[test]
    fn every_name_of_every_template_has_a_value_and_long_ones_are_cut() {
        let long = "n".repeat(5_000);
        for topic in topics(&long, &link()) {
            let letter = write("ada@example.com", &long, &topic);
            assert!(!letter.text.contains(['{', '}']) && !letter.subject.contains(['{', '}']));
            assert!(!letter.text.contains(&"n".repeat(201)), "{topic:?}");
            assert_eq!(letter.check(), Ok(()));
        }
        let letter = write("a@b.c", "Acme", &Topic::RecoveryRequested { when: until() });
        let unknown = fill("{tenant} {other}.", &vec![("tenant", "Acme".to_owned())], Form::Text);
        assert_eq!((unknown.as_str(), letter.text.matches("Acme").count()), ("Acme .", 2));
    }

    /// What escapes to most bytes, and what has most bytes: as a device calls itself, and as a tenant is called.
    #[test]
    fn no_value_makes_a_letter_that_cannot_be_sent() {
        for letter in ["\"", "\u{1f512}", "&\u{5c71}"] {
            let long = letter.repeat(200);
            for topic in topics(&long, &link()) {
                let letter = write("ada@example.com", &long, &topic);
                assert_eq!(letter.check(), Ok(()), "{topic:?}");
            }
        }
        assert!(plain(&"n".repeat(200)).len() == 200, "a name of a usual length is not cut");
    }

    /// The rules of `ports` and of `domain` are one: whoever can be invited can be written to.
    #[test]
    fn whatever_is_an_address_is_written_to() {
        use domain::auth::Email;
        for letter in (0..=0x2ff).filter_map(char::from_u32) {
            if let Ok(email) = Email::parse(&format!("a{letter}b@example.com")) {
                let letter =
                    write(email.as_str(), "Acme", &Topic::RecoveryRequested { when: until() });
                assert_eq!(letter.check(), Ok(()), "{}", letter.to);
            }
        }
    }

    #[test]
    fn no_letter_fetches_anything() {
        for topic in topics("Acme", &link()) {
            let html = write("ada@example.com", "Acme", &topic).html.unwrap();
            for tag in ["<img", "<link", "<script", "<iframe", "url(", "@import"] {
                assert!(!html.contains(tag), "{tag}");
            }
        }
    }
}
