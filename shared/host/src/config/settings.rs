//! Every setting that people write: its name, its default, what it should look like.

/// A setting that people write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setting {
    /// The name of the environment variable.
    pub name: &'static str,
    /// What counts when it is absent; `None` when it has to be said.
    pub default: Option<&'static str>,
    /// What it should look like.
    pub form: &'static str,
    /// A value that can be used as it is, or with another name of one's own in it.
    pub example: &'static str,
    /// Where it counts.
    pub counts: Counts,
}

/// Where a setting counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counts {
    /// Always.
    Everywhere,
    /// With `PROOFLINE_BACKEND` at `local`.
    Local,
    /// With `PROOFLINE_BACKEND` at `azure`.
    Azure,
}

const fn everywhere(name: &'static str, default: &'static str, form: &'static str) -> Setting {
    Setting { name, default: Some(default), form, example: default, counts: Counts::Everywhere }
}

/// One that has to be said.
const fn azure(name: &'static str, example: &'static str, form: &'static str) -> Setting {
    Setting { name, default: None, form, example, counts: Counts::Azure }
}

const fn azure_or(name: &'static str, default: &'static str, form: &'static str) -> Setting {
    Setting { name, default: Some(default), form, example: default, counts: Counts::Azure }
}

pub(crate) const BACKEND: Setting = everywhere("PROOFLINE_BACKEND", "local", "`local` or `azure`");
pub(crate) const DATA: Setting = Setting {
    name: "PROOFLINE_DATA",
    default: Some("./proofline-data"),
    form: "the path of a folder",
    example: "./proofline-data",
    counts: Counts::Local,
};
pub(crate) const ROOT_PASSPHRASE: Setting = Setting {
    name: "PROOFLINE_ROOT_PASSPHRASE",
    default: Some(""),
    form: "the passphrase that the root key is under, 12 characters or more, or nothing for a root key in the clear; at a terminal it is asked for",
    example: "",
    counts: Counts::Local,
};
pub(crate) const ROOT_PASSPHRASE_FILE: Setting = Setting {
    name: "PROOFLINE_ROOT_PASSPHRASE_FILE",
    default: Some(""),
    form: "the path of a file with that passphrase on one line, or nothing",
    example: "",
    counts: Counts::Local,
};
pub(crate) const ACCESS_KEYS: Setting = everywhere(
    "PROOFLINE_ACCESS_KEYS",
    "",
    "the thumbprints (RFC 7638) of the keys whose signatures under records of access count, with commas between; from the last one on, each key names the next: `auth` logs the one that signs when it opens; nothing takes the first of the keyring",
);
pub(crate) const DEPLOYMENT: Setting = everywhere(
    "PROOFLINE_DEPLOYMENT",
    "proofline.local",
    "1 to 253 of the characters a-z, 0-9, `.` and `-`, such as `eu.proofline.example`; with `azure` it has to be said",
);
pub(crate) const PUBLIC_URL: Setting = everywhere(
    "PROOFLINE_PUBLIC_URL",
    "http://127.0.0.1:7071",
    "an https URL without path, or http for 127.0.0.1 and localhost alone; with `azure` it has to be said",
);
pub(crate) const RESTORE_EPOCH: Setting = everywhere(
    "PROOFLINE_RESTORE_EPOCH",
    "0",
    "a whole number, raised by one after every restore of the database from a backup: it ends every session",
);
pub(crate) const LOG_ROTATION: Setting = everywhere(
    "PROOFLINE_LOG_ROTATION",
    "0",
    "a whole number, raised by one to rotate the audit logs: each ends, and goes on under its next name with a new key; auditors then pin the new name",
);
pub(crate) const TIMESTAMP_URL: Setting = everywhere(
    "PROOFLINE_TIMESTAMP_URL",
    "",
    "the URL of a time stamp authority (RFC 3161), such as `https://tsa.example/tsr`, or nothing",
);
pub(crate) const WITNESSES: Setting = everywhere(
    "PROOFLINE_WITNESSES",
    "",
    "witnesses (C2SP tlog-witness) that are asked to cosign the audit logs, each a verifier key, a space and its https submission prefix, with semicolons between, or nothing; they learn the names and lengths of the logs",
);
pub(crate) const PWNED_URL: Setting = everywhere(
    "PROOFLINE_PWNED_URL",
    "",
    "the URL of Have I Been Pwned's range API, `https://api.pwnedpasswords.com`, or nothing: passwords are then compared with the list that ships with us alone",
);
pub(crate) const PROXY_HOPS: Setting = everywhere(
    "PROOFLINE_PROXY_HOPS",
    "",
    "how many proxies of yours a request passes, 0 to 8, each of which appends to X-Forwarded-For whom it saw; nothing is 1 with `azure` and 0 with `local`",
);
pub(crate) const LOG: Setting = everywhere(
    "PROOFLINE_LOG",
    "info",
    "a level (`error`, `warn`, `info`, `debug`), or levels by crate such as `warn,store=debug`",
);
pub(crate) const COSMOS_ENDPOINT: Setting = azure(
    "PROOFLINE_AZURE_COSMOS_ENDPOINT",
    "https://proofline.documents.azure.com/",
    "the URL of a Cosmos DB account, `https://NAME.documents.azure.com/`",
);
pub(crate) const COSMOS_DATABASE: Setting = azure_or(
    "PROOFLINE_AZURE_COSMOS_DATABASE",
    "proofline",
    "the name of a database: 1 to 255 of a-z, A-Z, 0-9, `-` and `_`",
);
pub(crate) const REGION: Setting = azure_or(
    "PROOFLINE_AZURE_REGION",
    "West Europe",
    "the name of the region that is preferred, such as `West Europe`",
);
pub(crate) const BLOB_ENDPOINT: Setting = azure(
    "PROOFLINE_AZURE_BLOB_ENDPOINT",
    "https://proofline.blob.core.windows.net/",
    "the URL of a storage account's blobs, `https://NAME.blob.core.windows.net/`",
);
pub(crate) const QUEUE_ENDPOINT: Setting = azure(
    "PROOFLINE_AZURE_QUEUE_ENDPOINT",
    "https://proofline.queue.core.windows.net/",
    "the URL of a storage account's queues, `https://NAME.queue.core.windows.net/`",
);
pub(crate) const VAULT_URL: Setting = azure(
    "PROOFLINE_AZURE_VAULT_URL",
    "https://proofline.vault.azure.net/",
    "the URL of a key vault, `https://NAME.vault.azure.net/`",
);
pub(crate) const TOPIC_ENDPOINT: Setting = azure(
    "PROOFLINE_AZURE_TOPIC_ENDPOINT",
    "https://internal.westeurope-1.eventgrid.azure.net/api/events",
    "the URL that events of the internal topic are posted to, such as `https://internal.westeurope-1.eventgrid.azure.net/api/events`",
);
pub(crate) const CREDENTIAL: Setting = azure_or(
    "PROOFLINE_AZURE_CREDENTIAL",
    "managed-identity",
    "`managed-identity`, or outside Azure `developer`: whoever is signed in with `az` or `azd`",
);
/// Empty is absent: the identity that the system assigned. `AZURE_CLIENT_ID_AUTH` and its like count before it.
pub(crate) const CLIENT_ID: Setting = azure_or(
    "AZURE_CLIENT_ID",
    "",
    "the client id of a user-assigned identity, a GUID, or nothing",
);
pub(crate) const MAIL_URL: Setting = azure(
    "PROOFLINE_MAIL_URL",
    "smtps://proofline@mail.example",
    "`smtps://user@host`, `smtp+starttls://user@host`, `smtp://127.0.0.1:port`, or `https://api.resend.com`; the password is the vault's secret `mail-password`",
);
pub(crate) const MAIL_FROM: Setting = azure(
    "PROOFLINE_MAIL_FROM",
    "Proofline <no-reply@proofline.example>",
    "who letters are from, such as `Proofline <no-reply@proofline.example>`",
);

/// Every setting that people write.
pub const SETTINGS: [Setting; 25] = [
    BACKEND,
    DATA,
    ROOT_PASSPHRASE,
    ROOT_PASSPHRASE_FILE,
    DEPLOYMENT,
    PUBLIC_URL,
    RESTORE_EPOCH,
    ACCESS_KEYS,
    LOG_ROTATION,
    TIMESTAMP_URL,
    WITNESSES,
    PWNED_URL,
    PROXY_HOPS,
    LOG,
    COSMOS_ENDPOINT,
    COSMOS_DATABASE,
    REGION,
    BLOB_ENDPOINT,
    QUEUE_ENDPOINT,
    VAULT_URL,
    TOPIC_ENDPOINT,
    CREDENTIAL,
    CLIENT_ID,
    MAIL_URL,
    MAIL_FROM,
];
