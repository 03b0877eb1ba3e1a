//! Where things are. `host` reads these from the environment; nothing here is a secret.

use url::Url;

/// Everything that the ports of one identity need to know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Documents.
    pub cosmos: CosmosSettings,
    /// Blobs and queues.
    pub storage: StorageSettings,
    /// Key Vault, such as `https://proofline.vault.azure.net/`.
    pub vault: Url,
    /// The internal topic of Event Grid: the URL that events are posted to, without a query.
    pub topic: Url,
    /// Letters.
    pub mail: MailSettings,
    /// Who we are.
    pub credential: CredentialSettings,
}

/// A Cosmos DB account and database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CosmosSettings {
    /// Such as `https://proofline.documents.azure.com/`; http for this machine alone.
    pub endpoint: Url,
    /// The database.
    pub database: String,
    /// The region that is preferred, such as `West Europe`.
    pub region: String,
}

/// A storage account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StorageSettings {
    /// Such as `https://proofline.blob.core.windows.net/`.
    pub blobs: Url,
    /// Such as `https://proofline.queue.core.windows.net/`.
    pub queues: Url,
}

/// A mail server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MailSettings {
    /// `smtps://[user@]host[:465]`, `smtp+starttls://[user@]host[:587]`, `smtp://127.0.0.1:port` for this machine alone, or `https://api.resend.com`.
    /// The password, or Resend's API key, is the secret `mail-password` of the vault.
    pub server: Url,
    /// Who letters are from: `Proofline <no-reply@proofline.example>`.
    pub from: String,
}

/// Who we are to Azure.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CredentialSettings {
    /// The identity of the function app; the client id chooses among user-assigned ones.
    ManagedIdentity(Option<String>),
    /// Whoever is signed in with `az` or `azd` on this machine.
    Developer,
}
