//! The stand-in for Key Vault and our client, against Microsoft's JavaScript clients (`tests/interop/key-vault`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use azure_counterparts::{
    identity::{Trouble, client_id},
    vault::{ADMINISTRATOR, RESOURCE, alone::Alone},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ports::{Identity, KeyPurpose, Keys as _, Secret};
use protocol::Digest;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::process::Command;

const MATERIAL: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";
const MESSAGE: &str = "the head of a directory";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Node.js and npm: cargo xtask azure"]
async fn the_official_javascript_clients_agree() {
    let alone = Alone::start().await.unwrap();
    let auth = alone.keys(Identity::Auth).unwrap();
    let signer = alone.keys(Identity::Signer).unwrap();
    let wrapped = auth.wrap(KeyPurpose::Pepper, &MATERIAL).await.unwrap();
    let digest = Digest::of(MESSAGE).0;
    let head = signer.sign(KeyPurpose::Directory, &digest).await.unwrap();

    let said = agree(&alone, &wrapped, &digest, &head.signature).await;

    assert_eq!(decode(&said["opened"]), MATERIAL);
    let by = said["wrappedBy"].as_str().unwrap().rsplit('/').next().unwrap();
    let theirs = [&[1], by.as_bytes(), &decode(&said["wrapped"])].concat();
    let material = auth.unwrap(KeyPurpose::Pepper, &theirs).await.unwrap();
    assert_eq!(material.expose_secret(), b"wrapped by JavaScript, 32 bytes!");
    let secrets = alone.secrets(Identity::Auth).unwrap();
    let password = secrets.read(Secret::MailPassword).await.unwrap();
    assert_eq!(password.expose_secret(), "set by JavaScript");
}

async fn agree(alone: &Alone, wrapped: &[u8], digest: &[u8; 32], signature: &[u8; 64]) -> Value {
    let token = |client_id| alone.tokens.issue(client_id, RESOURCE, Trouble::None).unwrap().0;
    let output = Command::new("node")
        .arg(installed().await.join("agree.mjs"))
        .env("NODE_EXTRA_CA_CERTS", &alone.certificates.authority)
        .env("VAULT", alone.vault.url().as_str())
        .env("AUTH", token(client_id(Identity::Auth)))
        .env("RUNS", token(client_id(Identity::Runs)))
        .env("SIGNER", token(client_id(Identity::Signer)))
        .env("ADMINISTRATOR", token(ADMINISTRATOR))
        .env("VERSION", std::str::from_utf8(&wrapped[1..33]).unwrap())
        .env("CIPHERTEXT", URL_SAFE_NO_PAD.encode(&wrapped[33..]))
        .env("DIGEST", URL_SAFE_NO_PAD.encode(digest))
        .env("MESSAGE", MESSAGE)
        .env("SIGNATURE", URL_SAFE_NO_PAD.encode(signature))
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}\n{:#?}", alone.vault.calls());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn decode(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

/// The script beside what `package-lock.json` pins.
async fn installed() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pinned = root.join("tests/interop/key-vault");
    let folder = root.join("target/counterparts/key-vault");
    fs::create_dir_all(&folder).unwrap();
    for file in ["package.json", "package-lock.json", "agree.mjs"] {
        fs::copy(pinned.join(file), folder.join(file)).unwrap();
    }
    let lock = fs::read(pinned.join("package-lock.json")).unwrap();
    let done = folder.join("installed");
    if !fs::read(&done).is_ok_and(|installed| installed == lock) {
        let npm = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .status();
        assert!(npm.await.unwrap().success(), "npm could not install Microsoft's clients");
        fs::write(done, lock).unwrap();
    }
    folder
}
