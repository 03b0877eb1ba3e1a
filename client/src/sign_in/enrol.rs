//! Enrolling a second factor at the first login: a picture to scan, and the first code.

use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::{Value, json};

use super::{LoginArgs, code};
use crate::{Api, failure::Failure, print::Printer, prompt};

/// Offers the secret of a second factor, and confirms it with its first code.
pub(super) async fn enrol(
    args: &LoginArgs,
    api: &Api,
    printer: &mut Printer<'_>,
) -> Result<Value, Failure> {
    let offer: Value = api.post("/api/auth/v1/me/totp", &json!({})).await?;
    show(&offer, printer)?;
    let body = json!({"code": code(args)?});
    let confirmed: Value = api.post("/api/auth/v1/me/totp/confirm", &body).await?;
    show_backup_codes(&confirmed, printer)?;
    if !args.stdin && args.call.code.is_none() {
        prompt::line("Keep them now, then press Enter", "that you kept them", "--stdin")?;
    }
    Ok(api.post("/api/auth/v1/me/totp/acknowledge", &json!({})).await?)
}

/// They are shown once, and each opens the account once without the authenticator app.
fn show_backup_codes(confirmed: &Value, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let codes = confirmed.get("backup_codes").and_then(Value::as_array);
    let codes = codes.ok_or(Failure::Answer("backup codes"))?;
    printer.note("\nBackup codes, for when the app is lost. They are shown this once:\n");
    for code in codes.iter().filter_map(Value::as_str) {
        printer.note(&format!("  {code}"));
    }
    printer.note("");
    Ok(())
}

/// On stderr: the secret is for a person's eyes, not for a pipe.
pub(crate) fn show(offer: &Value, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let text = |name: &'static str| {
        offer.get(name).and_then(Value::as_str).ok_or(Failure::Answer("secret of a second factor"))
    };
    let (secret, uri) = (text("secret")?, text("otpauth_uri")?);
    printer.note("\nScan this with an authenticator app, or type the secret into it:\n");
    if let Some(picture) = picture(uri) {
        printer.note(&picture);
    }
    printer.note(&format!("\n  {}\n", grouped(secret)));
    Ok(())
}

/// The URI as a QR code (ISO/IEC 18004) in half blocks, light on dark as terminals are.
fn picture(uri: &str) -> Option<String> {
    let code = QrCode::new(uri).ok()?;
    let picture = code.render::<Dense1x2>();
    Some(
        { picture }
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .quiet_zone(true)
            .build(),
    )
}

/// In groups of four, to be typed.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_in_groups_and_as_a_picture() {
        assert_eq!(grouped("JBSWY3DPEHPK3PXP"), "JBSW Y3DP EHPK 3PXP");
        let picture = picture("otpauth://totp/Proofline:a?secret=JBSWY3DPEHPK3PXP").unwrap();
        // A square of at least 21 modules, two to a line, with a border of four on each side.
        let lines: Vec<_> = picture.lines().collect();
        assert!(
            lines.len() >= 15
                && lines.iter().all(|line| line.chars().count() == lines[0].chars().count())
        );
    }
}
