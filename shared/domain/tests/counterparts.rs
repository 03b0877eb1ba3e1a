//! Sign-in against programs that other people wrote: `oathtool` for codes, `htpasswd` for bcrypt. Without a program its test says `not run`.

use std::process::{Command, Stdio};

use bcrypt::non_truncating_verify;
use domain::{Timestamp, auth::TotpSecret};

/// What `program` prints, if it is there.
#[expect(clippy::print_stdout, reason = "a test that is not run must say so")]
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output();
    if let Ok(output) = output {
        return String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned());
    }
    println!("not run: {program} is not installed");
    None
}

/// OATH Toolkit: `oathtool --totp --base32 SECRET --now TIME`.
#[test]
fn codes_of_oathtool_are_accepted() {
    let secret = TotpSecret::new(
        *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13",
    );
    let base32 = secrecy::ExposeSecret::expose_secret(&secret.base32()).to_owned();
    for seconds in [59_i64, 1_111_111_109, 1_795_219_200, 2_000_000_000, 20_000_000_000] {
        let now = format!("--now=@{seconds}");
        let Some(code) = output("oathtool", &["--totp", "--base32", &now, &base32]) else { return };
        let accepted = secret.accept(&code, Timestamp::from_unix_s(seconds), None);
        assert!(accepted.is_some(), "{code} at {seconds}");
        let late = secret.accept(&code, Timestamp::from_unix_s(seconds + 90), None);
        assert!(late.is_none(), "{code} at {seconds} and three steps");
    }
}

/// Apache's `htpasswd -nbBC 12`: its hash is what our library verifies, and ours is what it verifies (`-v`).
#[test]
fn htpasswd_and_we_verify_each_others_hashes() {
    // 64 characters of base64, as every password is by then.
    let peppered = "r0XTkDjUhIlibwq0gi1GkH8V+drb5BAexoKqA0x868Wc+uqeqQdu16r0tS6BZ+nP";
    let Some(line) = output("htpasswd", &["-nbBC", "12", "ada", peppered]) else { return };
    let theirs = line.strip_prefix("ada:").expect("htpasswd prints a name and a hash");
    assert!(non_truncating_verify(peppered, theirs).expect("their hash is read"), "{theirs}");
    assert!(!non_truncating_verify("r0XT", theirs).expect("their hash is read"));
    let ours = bcrypt::hash_with_salt(peppered, 12, [7; 16]).expect("it is within the limits");
    let dir = std::env::temp_dir().join(format!("htpasswd-{}", std::process::id()));
    std::fs::write(&dir, format!("ada:{}\n", ours.format_for_version(bcrypt::Version::TwoY)))
        .expect("a temporary file");
    let file = dir.to_str().expect("a path in UTF-8");
    let verified = Command::new("htpasswd").args(["-vb", file, "ada", peppered]).status();
    let refused = Command::new("htpasswd").args(["-vb", file, "ada", "r0XT"]).status();
    std::fs::remove_file(&dir).expect("it is removed");
    assert!(verified.is_ok_and(|status| status.success()), "htpasswd refuses our hash");
    assert!(refused.is_ok_and(|status| !status.success()));
}
