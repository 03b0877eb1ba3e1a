//! OpenSSL verifies the directory's signature and is the authority that stamps its heads; Go verifies that a log stands in it.
//!
//! `cargo xtask test` runs this where both are.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chain::{
    anchor::{PROOF, TIMESTAMP},
    ecdsa::EcdsaKey,
    note::Note,
    policy::{Policy, Tier},
    report::Verdict,
    row_proof::RowProof,
    verify,
};
use serde_json::json;
use system_tests::{
    pinned::{directory_key, export, first_policy},
    sign_up::Owner,
    tree,
    world::{DEPLOYMENT, START, World},
};
use tempfile::TempDir;

fn openssl(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "openssl {args:?}: {said}");
    said
}

/// An authority as OpenSSL is one, with a key and a certificate of its own.
struct Authority {
    folder: TempDir,
}

const CONFIG: &str = "[req]\ndistinguished_name=dn\n[dn]\n[stamps]\nkeyUsage=critical,digitalSignature\n\
    extendedKeyUsage=critical,timeStamping\n[tsa]\ndefault_tsa=authority\n[authority]\nserial=./serial\n\
    signer_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\nordering=no\ness_cert_id_alg=sha256\n";

impl Authority {
    fn new(key: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config"), CONFIG).unwrap();
        std::fs::write(folder.path().join("serial"), "01\n").unwrap();
        let request = ["req", "-x509", "-config", "config", "-extensions", "stamps", "-nodes"];
        let subject = ["-subj", "/CN=Authority", "-keyout", "key.pem", "-out", "certificate.pem"];
        openssl(folder.path(), &[request.as_slice(), &subject, key].concat());
        Self { folder }
    }

    /// Its public key, as a policy pins it.
    fn public(&self) -> String {
        let folder = self.folder.path();
        openssl(
            folder,
            &["x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"],
        );
        openssl(
            folder,
            &["pkey", "-pubin", "-in", "public.pem", "-outform", "DER", "-out", "public.der"],
        );
        STANDARD.encode(std::fs::read(folder.join("public.der")).unwrap())
    }

    /// Answers every request that comes to `listener`, until nobody can connect any more.
    fn serve(&self, listener: TcpListener) {
        let folder = self.folder.path().to_owned();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                answer(&folder, connection.unwrap());
            }
        });
    }
}

fn answer(folder: &Path, mut connection: TcpStream) {
    let query = body(&mut connection);
    std::fs::write(folder.join("query.tsq"), query).unwrap();
    let reply = ["ts", "-reply", "-config", "config", "-section", "authority"];
    let files = ["-queryfile", "query.tsq", "-signer", "certificate.pem", "-inkey", "key.pem"];
    openssl(folder, &[reply.as_slice(), &files, &["-out", "reply.tsr"]].concat());
    let reply = std::fs::read(folder.join("reply.tsr")).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        reply.len()
    );
    connection.write_all(&[head.as_bytes(), &reply].concat()).unwrap();
}

fn body(connection: &mut TcpStream) -> Vec<u8> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = connection.read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        assert!(text.contains("content-type: application/timestamp-query"), "{text}");
        let length = text.split("content-length: ").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        if bytes.len() >= end + 4 + length {
            return bytes.split_off(end + 4);
        }
    }
}

/// What an inspector pins who knows the directory's key, and the lines in `more`.
async fn policy(world: &World, owner: &Owner, more: &str) -> Policy {
    let more = format!("directory {}\n{more}", directory_key(world).await);
    first_policy(world, owner.tenant, &more).await
}

/// The head of the directory that an export shows.
fn directory_head(file: &[u8]) -> String {
    let archive = chain::container::read(file);
    RowProof::parse(archive.files[PROOF]).unwrap().checkpoint.to_owned()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
#[ignore = "needs OpenSSL; cargo xtask test runs it"]
async fn openssl_verifies_the_signature_of_the_directory() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let head = directory_head(&export(&world, &owner.access, &json!({})).await);
    let note = Note::parse(head.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let key = directory_key(&world).await;
    write(folder.path(), "key.der", &key.to_der());
    write(folder.path(), "text", note.text.as_bytes());
    write(folder.path(), "signature", &note.signatures[0].bytes);
    let verify = ["dgst", "-sha256", "-verify", "key.der", "-keyform", "DER"];
    let arguments = [verify.as_slice(), &["-signature", "signature", "text"]].concat();
    assert!(openssl(folder.path(), &arguments).contains("Verified OK"));
    write(folder.path(), "text", note.text.replace('1', "2").as_bytes());
    let refused = Command::new("openssl").args(&arguments).current_dir(folder.path()).output();
    assert!(!refused.unwrap().status.success());
}

/// `tests/interop/go`: the note and the proof by Go's `x/mod/sumdb`, the signature by its `crypto/ecdsa`.
#[tokio::test]
#[ignore = "needs Go; cargo xtask test runs it"]
async fn go_finds_the_log_in_the_directory() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let (file, folder) =
        (export(&world, &owner.access, &json!({})).await, tempfile::tempdir().unwrap());
    let policy = policy(&world, &owner, "").await.to_string();
    let export = write(folder.path(), "log.audit.zip", &file);
    let go = |policy: &str| {
        let pinned = write(folder.path(), "policy", policy.as_bytes());
        let mut go = Command::new("go");
        go.args(["run", "."]).args([&pinned, &export]);
        go.current_dir(tree::root().join("tests/interop/go")).output().unwrap()
    };
    let output = go(&policy);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let other = EcdsaKey::new(&format!("{DEPLOYMENT}/directory"), &X, &Y).unwrap().to_string();
    let directory = directory_key(&world).await.to_string();
    assert!(!go(&policy.replace(&directory, &other)).status.success());
}

/// The base point of P-256 (FIPS 186-4, D.1.2.3): a key that is nobody's here.
const X: [u8; 32] = *b"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96";
const Y: [u8; 32] = *b"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSSL; cargo xtask test runs it"]
async fn what_openssl_stamps_makes_the_log_timestamped_and_openssl_verifies_it() {
    let keys: [&[&str]; 2] =
        [&["-newkey", "rsa:3072"], &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]];
    for key in keys {
        let authority = Authority::new(key);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        authority.serve(listener);
        let dir = tempfile::tempdir().unwrap();
        let settings = [("PROOFLINE_TIMESTAMP_URL", url.as_str())];
        let world = World::set_to(dir.path(), START, &settings).await;
        let owner = world.owner().await;
        world.settle().await;
        let file = export(&world, &owner.access, &json!({})).await;
        let pinned = format!("authority {}\ntier timestamped\n", authority.public());
        let policy = policy(&world, &owner, &pinned).await;
        let report = verify::bundle(&file, Some(&policy));
        assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Timestamped), "{report:?}");
        // Whoever asks for it on the command line gets the same, and for more he does not.
        let pinned = format!("authority {}\n", authority.public());
        let unasking = self::policy(&world, &owner, &pinned).await;
        for (tier, verdict) in
            [(Tier::Timestamped, Verdict::Ok), (Tier::Witnessed, Verdict::Incomplete)]
        {
            let asking = unasking.clone().asking(Some(tier));
            assert_eq!(verify::bundle(&file, Some(&asking)).verdict, verdict);
        }
        let path = "/api/audit/v1/audit/verifications";
        let wish = |tier: &str| json!({"tier": tier});
        for (tier, verdict) in [("timestamped", "ok"), ("witnessed", "incomplete")] {
            world.settle().await;
            world.invoke("sign_directory", &json!({"Data": {"timer": {}}})).await;
            let asked =
                world.call("POST", path, Some(&owner.access), Some(&wish(tier))).await.json();
            assert_eq!(
                (&asked["verdict"], &asked["tier"]),
                (&json!(verdict), &json!("timestamped"))
            );
            assert_eq!(asked["asked"], tier);
        }
        let folder = authority.folder.path();
        write(folder, "head", directory_head(&file).as_bytes());
        write(folder, "stamp.tsr", chain::container::read(&file).files[TIMESTAMP]);
        let verify = ["ts", "-verify", "-in", "stamp.tsr", "-data", "head"];
        let said = openssl(folder, &[verify.as_slice(), &["-CAfile", "certificate.pem"]].concat());
        assert!(said.contains("Verification: OK"), "{said}");
    }
}
