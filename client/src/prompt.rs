//! Asking the person at the terminal, and nobody else.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use secrecy::{ExposeSecret as _, SecretString};

use crate::failure::Failure;

/// Asks for a line.
pub(crate) fn line(
    question: &str,
    what: &'static str,
    instead: &'static str,
) -> Result<String, Failure> {
    must_be_terminal(what, instead)?;
    let mut terminal = io::stderr();
    write!(terminal, "{question}: ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Asks for something that is not shown while it is typed.
pub(crate) fn secret(
    question: &str,
    what: &'static str,
    instead: &'static str,
) -> Result<SecretString, Failure> {
    must_be_terminal(what, instead)?;
    Ok(rpassword::prompt_password(format!("{question}: "))?.into())
}

/// Asks for a password that is chosen: twice.
pub(crate) fn new_password(instead: &'static str) -> Result<SecretString, Failure> {
    let first = secret("New password (12 to 128 characters)", "a new password", instead)?;
    let again = secret("The same password again", "a new password", instead)?;
    if first.expose_secret() == again.expose_secret() {
        Ok(first)
    } else {
        Err(Failure::Usage("the two passwords differ; nothing was done".to_owned()))
    }
}

/// The next line of standard input: what a program answers in a person's place.
pub(crate) fn piped(what: &'static str) -> Result<SecretString, Failure> {
    let mut text = String::new();
    if io::stdin().lock().read_line(&mut text)? == 0 {
        return Err(Failure::Usage(format!("standard input ended before {what}")));
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

/// Asks for yes or no; everything but yes is no.
pub(crate) fn confirm(question: &str, instead: &'static str) -> Result<bool, Failure> {
    let answer = line(&format!("{question} [y/N]"), "a confirmation", instead)?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

fn must_be_terminal(what: &'static str, instead: &'static str) -> Result<(), Failure> {
    if io::stdin().is_terminal() { Ok(()) } else { Err(Failure::NoTerminal { what, instead }) }
}
