//! A customer's site: a Runner's directory, the customer's keys, and things to examine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Parser;
use domain::TenantId;
use protocol::{
    dsse::{Envelope, PayloadType},
    key::{Ed25519Key, Signer as _},
};
use serde_json::{Value, json};

/// What must never leave the site.
pub(crate) const CANARY: &str = "canary-7c1f-raw-value-of-the-customer";

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: runner::Args,
}

pub(crate) struct Site {
    dir: tempfile::TempDir,
    pub(crate) tenant: TenantId,
}

/// What a command answered.
pub(crate) struct Answer {
    pub(crate) exit: u8,
    pub(crate) json: Value,
    pub(crate) err: String,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }
}

impl Site {
    /// A Runner with its keys, trusting `root` as its control plane, two signers and one viewer; certified.
    pub(crate) async fn new(root: &str) -> Self {
        let tenant = TenantId::from_u128(0x0123_4567_89ab_7cde_8f01_2345_6789_abcd);
        let site = Self { dir: tempfile::tempdir().unwrap(), tenant };
        assert_eq!(site.run(&["init"]).await.exit, 0);
        for name in ["authority", "author", "approver", "viewer"] {
            let out = site.path(name);
            assert_eq!(site.run(&["keys", "new", "--out", text(&out)]).await.exit, 0);
        }
        let authority = site.path("authority.pub");
        let tenant = tenant.to_string();
        let trust = [
            "trust",
            "init",
            "--tenant",
            &tenant,
            "--root",
            root,
            "--deployment",
            "test",
            "--authority",
            text(&authority),
            "--connector",
            "file",
            "--connector",
            "command",
            "--connector",
            "http",
            "--program",
            "/bin/sh",
            "--drilldowns-per-day",
            "2",
        ];
        assert_eq!(site.run(&trust).await.exit, 0);
        for role in ["author", "approver"] {
            let key = site.path(&format!("{role}.pub"));
            let listed = ["trust", "add-signer", "--key", text(&key), "--role", role];
            assert_eq!(site.run(&listed).await.exit, 0);
        }
        let viewer = site.path("viewer.pub");
        let listed =
            ["trust", "add-viewer", "--key", text(&viewer), "--name", "Ada", "--purpose", "audit"];
        assert_eq!(site.run(&listed).await.exit, 0);
        let authority = site.path("authority");
        let certify = ["certify", "--authority", text(&authority), "--name", "site-1"];
        assert_eq!(site.run(&certify).await.exit, 0);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Runs one command of the Runner, with `--json`.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Answer {
        let home = self.home();
        let fixed = ["proofline-runner", "--json", "--home", text(&home)];
        let Cli { args } = Cli::try_parse_from(fixed.iter().chain(arguments)).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = runner::execute(args, &mut out, &mut err).await;
        let json = serde_json::from_slice(&out).unwrap_or(Value::Null);
        Answer { exit, json, err: String::from_utf8(err).unwrap() }
    }

    pub(crate) fn key(&self, name: &str) -> Ed25519Key {
        let seed = fs::read_to_string(self.path(name)).unwrap();
        let protocol::Digest(seed) = seed.trim().parse().unwrap();
        Ed25519Key::from_seed(&seed)
    }

    /// Writes `content` to a file to examine.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        text(&self.path(name)).to_owned()
    }

    /// Signs `procedure` as the customer does, and gives the file.
    pub(crate) async fn signed(&self, procedure: &Value) -> String {
        let yaml = self.write("procedure.yaml", serde_json::to_string(procedure).unwrap());
        let (author, approver) = (self.path("author"), self.path("approver"));
        let out = text(&self.path("procedure.dsse")).to_owned();
        let sign = [
            "procedures",
            "sign",
            &yaml,
            "--key",
            text(&author),
            "--key",
            text(&approver),
            "--out",
            &out,
        ];
        let answer = self.run(&sign).await;
        assert_eq!(answer.exit, 0, "{}", answer.json);
        out
    }

    /// Writes an envelope over `payload` as it is, signed with `keys`.
    pub(crate) fn signed_with(&self, payload: Vec<u8>, keys: &[&str]) -> String {
        let mut envelope = Envelope::sign(PayloadType::Procedure, payload, &[]).unwrap();
        for key in keys {
            envelope.add_signature(&self.key(key)).unwrap();
        }
        self.write("other.dsse", serde_json::to_vec(&envelope).unwrap())
    }

    /// A procedure of which one check passes, one fails over [`CANARY`], and one cannot be decided.
    pub(crate) fn procedure(&self, revision: u32) -> Value {
        let good = self.write("good.conf", "a = 1\n");
        let bad = self.write("bad.conf", format!("password = {CANARY}\n"));
        json!({
            "schema": "proofline-procedure/1", "key": "site.baseline", "title": "Site baseline",
            "version": format!("1.0.{revision}"), "revision": revision, "owner": "security",
            "steps": [
                file("good", &good, &[check("good-a", "value.content.a == '1'", 3)]),
                file("bad", &bad, &[check("bad-none", "!has(value.content.password)", 1)]),
                file("open", &good, &[check("open-b", "value.content.b == '1'", 1)]),
            ],
        })
    }

    /// Everything that the Runner keeps on the disk, but for its keys.
    pub(crate) fn vault_contains(&self, needle: &str) -> bool {
        fs::read_dir(self.home()).unwrap().any(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn file(id: &str, path: &str, checks: &[Value]) -> Value {
    json!({ "id": id, "title": id, "connector": "file", "with": { "path": path, "format": "kv" },
            "checks": checks })
}

pub(crate) fn shell(id: &str, script: &str, checks: &[Value]) -> Value {
    json!({ "id": id, "title": id, "connector": "command", "with": { "argv": ["/bin/sh", "-c", script] },
            "checks": checks })
}

/// A check with a fixture over which these tests' expressions are false.
pub(crate) fn check(id: &str, expr: &str, weight: u8) -> Value {
    let must_fail =
        json!({ "content": { "a": "0", "b": "0", "password": "" }, "exit_code": 9, "stdout": [] });
    json!({ "id": id, "title": id, "expr": expr, "severity": "medium", "weight": weight,
            "fail_message": "Put it right.", "must_fail": must_fail })
}

/// A root key that no control plane has: for Runners that stay offline.
pub(crate) fn no_root() -> String {
    Ed25519Key::from_seed(&[9; 32]).kid().to_string()
}
