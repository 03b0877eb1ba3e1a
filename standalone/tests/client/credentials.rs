//! What one signs in with: changed, forgotten, lost.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use serde_json::Value;

use super::site::{PASSWORD, Site, as_secret, code, said};

#[test]
fn one_changes_what_one_signs_in_with() {
    let site = Site::start();
    site.come_in();
    let made = site.json(&["backup-codes", "--yes"]);
    assert_eq!(made["backup_codes"].as_array().unwrap().len(), 10);
    let asked = site.run(&["backup-codes", "--json"]);
    assert_eq!(
        (asked.status.code(), &said(&asked.stderr)["code"]),
        (Some(2), &"no-terminal".into())
    );
    let change = |old: &str, new: &str| {
        let mut change = site.command(&["password", "--stdin", "--json"]);
        let mut change = change.stdin(Stdio::piped()).spawn().unwrap();
        write!(change.stdin.take().unwrap(), "{old}\n{new}\n").unwrap();
        change.wait_with_output().unwrap()
    };
    let wrong = change("not the password", "eighteen quiet otters");
    assert_eq!(
        (wrong.status.code(), &said(&wrong.stderr)["code"]),
        (Some(1), &"login-failed".into())
    );
    let done = change(PASSWORD, "eighteen quiet otters");
    assert_eq!(said(&done.stdout)["password"], "changed");
    let out = site.run(&["whoami", "--json"]);
    assert_eq!(said(&out.stderr)["code"], "signed-out", "every device, this one included");
}

/// A factor that was begun and never finished, with the same link as one that is lost.
#[test]
fn a_second_factor_is_set_up_with_the_link_of_a_letter() {
    let site = Site::start();
    site.come_in();
    site.json(&["invitations", "send", "bob@customer.example", "--role", "viewer"]);
    let invitation = site.link("bob@customer.example", "pfl_inv_");
    // The password is chosen, and the terminal closed before the code is typed.
    let come_in =
        ["login", "--stdin", "--json", "--email", "bob@customer.example", "--name", "Bob"];
    let come_in = [&come_in[..], &["--invitation", &invitation]].concat();
    let begun = site.typed(&come_in, &[PASSWORD]);
    assert_eq!(begun.status.code(), Some(2), "{}", String::from_utf8_lossy(&begun.stderr));
    let login = ["login", "--stdin", "--json", "--email", "bob@customer.example"];
    let alone = site.typed(&login, &[PASSWORD]);
    assert_eq!(said(&alone.stderr)["code"], "mfa-enrolment-unfinished");

    let link = site.link("bob@customer.example", "pfl_rcv_");
    let recover = ["login", "--stdin", "--json", "--recovery", &link];
    let wrong = site.typed(&recover, &["not the password"]);
    assert_eq!(said(&wrong.stderr)["code"], "recovery-invalid");
    let (said_in, secret) = site.enrol(&[], ("PROOFLINE_RECOVERY", &link));
    assert!(said_in.contains("as bob@customer.example"), "{said_in}");
    assert_eq!(site.json(&["whoami"])["email"], "bob@customer.example");
    let again = site.typed(&recover, &[PASSWORD]);
    assert_eq!(said(&again.stderr)["code"], "recovery-invalid", "once");
    let code = code(&secret.unwrap(), 0);
    assert!(site.typed(&login, &[PASSWORD, &code]).status.success());
}

#[test]
fn a_forgotten_password_a_backup_code_and_a_lost_factor() {
    let site = Site::start();
    let secret = site.come_in();
    let asked = site.typed(&["forgot-password", "--email", "ada@customer.example"], &[]);
    let told = String::from_utf8(asked.stdout).unwrap();
    assert!(told.contains("a letter is on its way") && told.contains("--link LINK"), "{told}");
    let link = site.link("ada@customer.example", "pfl_rst_");
    let choose = ["forgot-password", "--stdin", "--json", "--link", &link];
    let short = site.typed(&choose, &["too short"]);
    assert_eq!(said(&short.stderr)["code"], "password-too-short");
    let done = site.typed(&choose, &["eighteen quiet otters"]);
    assert_eq!(said(&done.stdout)["password"], "changed");
    assert_eq!(
        said(&site.typed(&choose, &["nineteen quiet otters"]).stderr)["code"],
        "reset-invalid"
    );

    let login = ["login", "--stdin", "--email", "ada@customer.example"];
    assert_eq!(site.typed(&login, &[PASSWORD, &code(&secret, 0)]).status.code(), Some(1));
    let signed_in = site.typed(&login, &["eighteen quiet otters", &code(&secret, 0)]);
    let noted = String::from_utf8(signed_in.stderr).unwrap();
    assert!(
        signed_in.status.success() && noted.contains("Invite another administrator"),
        "{noted}"
    );
    assert_eq!(site.json(&["whoami"])["only_administrator"], true);
    let codes = site.json(&["backup-codes", "--yes"]);
    let backup = codes["backup_codes"][0].as_str().unwrap();
    let by_backup = [&login[..], &["--code", backup, "--json"]].concat();
    let in_by_backup = site.typed(&by_backup, &["eighteen quiet otters"]);
    assert_eq!(said(&in_by_backup.stdout)["backup_codes_left"], 9);
    let twice = site.typed(&by_backup, &["eighteen quiet otters"]);
    assert_eq!(said(&twice.stderr)["code"], "code-invalid");

    let lost = [&login[..], &["--lost-factor"]].concat();
    let lost = site.typed(&lost, &["eighteen quiet otters"]);
    let told = String::from_utf8(lost.stdout).unwrap();
    assert!(told.contains("rcv_") && told.contains("two of them have to agree"), "{told}");
    assert_eq!(site.json(&["recoveries", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn another_app_takes_the_place_of_the_first_and_devices_are_signed_out() {
    let site = Site::start();
    let old = site.come_in();
    assert_eq!(site.json(&["sessions", "revoke-others"])["revoked"], 0);
    let mut change = site.command(&["second-factor", "--stdin"]);
    let mut change = change.stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(change.stderr.take().unwrap()).lines().map(Result::unwrap);
    let new = lines.find_map(|line| as_secret(&line)).unwrap();
    writeln!(change.stdin.take().unwrap(), "{}", code(&new, 0)).unwrap();
    assert!(change.wait().unwrap().success(), "{:?}", lines.collect::<Vec<_>>());
    assert_eq!(said(&site.run(&["whoami", "--json"]).stderr)["code"], "signed-out");

    let login = ["login", "--stdin", "--json", "--email", "ada@customer.example"];
    let by_old = site.typed(&login, &[PASSWORD, &code(&old, 30)]);
    assert_eq!(said(&by_old.stderr)["code"], "code-invalid");
    assert!(site.typed(&login, &[PASSWORD, &code(&new, 30)]).status.success());
    assert_eq!(site.json(&["sessions", "revoke-all"])["revoked"], Value::Null);
    assert_eq!(said(&site.run(&["whoami", "--json"]).stderr)["code"], "signed-out");
}
