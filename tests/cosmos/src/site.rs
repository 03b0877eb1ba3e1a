//! Everything that the Azure backend needs, on this machine: started together, stopped together.

mod token;
mod topic;

use std::sync::Arc;

use azure::StorageSettings;
use azure_core::http::{ClientOptions, Transport};
use ports::{Identity, Secret};
use tempfile::TempDir;

use crate::{
    azurite::{ACCOUNT, Azurite, TEST_ACCOUNTS},
    certificates::Certificates,
    containers::{make_containers, make_queues},
    emulator::{DATABASE, EmulatorHost, Guard, REGION},
    found,
    identity::{HOST_CLIENT_ID, IdentityServer, client_id},
    mail_sink::{Door, MailSink},
    vault::Vault,
};
use token::Issued;
use topic::Topic;

/// As Bicep makes them.
const RSA_BITS: u32 = 3_072;
/// The account at the mail server.
const MAIL_USER: &str = "proofline";

/// The running counterparts; all end with this value.
pub struct Site {
    certificates: Certificates,
    identity: IdentityServer,
    cosmos: EmulatorHost,
    azurite: Azurite,
    vault: Vault,
    topic: Topic,
    mail: MailSink,
    folder: TempDir,
}

impl Site {
    /// Starts all of them and makes what Bicep makes.
    ///
    /// # Errors
    /// * The first that does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("azure-site-")?;
        let certificates = Certificates::make(folder.path())?;
        let identity = IdentityServer::start().await?;
        let guard = Guard::new(Arc::clone(&identity.tokens));
        let password = azure_core::Uuid::new_v4().to_string();
        let account = Some((MAIL_USER, password.as_str()));
        let (cosmos, azurite, vault, topic, mail) = tokio::try_join!(
            EmulatorHost::start(0, Some(guard)),
            Azurite::start(&certificates),
            vault(&certificates, &identity, &password),
            Topic::start(),
            MailSink::start(folder.path(), Door::Tls, &certificates, account),
        )?;
        let site = Self { certificates, identity, cosmos, azurite, vault, topic, mail, folder };
        site.make_storage().await?;
        Ok(site)
    }

    /// The settings of the product and of its tests.
    ///
    /// # Errors
    /// * An endpoint that is no URL.
    pub fn settings(&self) -> anyhow::Result<Vec<(String, String)>> {
        let storage = self.storage()?;
        let mut settings: Vec<(String, String)> = [
            ("PROOFLINE_BACKEND", "azure".to_owned()),
            ("PROOFLINE_DEPLOYMENT", "site.proofline.example".to_owned()),
            ("AZURE_CLIENT_ID", HOST_CLIENT_ID.to_owned()),
            ("PROOFLINE_AZURE_CREDENTIAL", "managed-identity".to_owned()),
            ("PROOFLINE_AZURE_COSMOS_ENDPOINT", self.cosmos.url.to_string()),
            ("PROOFLINE_AZURE_COSMOS_DATABASE", DATABASE.to_owned()),
            ("PROOFLINE_AZURE_REGION", REGION.to_owned()),
            ("PROOFLINE_AZURE_BLOB_ENDPOINT", storage.blobs.to_string()),
            ("PROOFLINE_AZURE_QUEUE_ENDPOINT", storage.queues.to_string()),
            ("PROOFLINE_AZURE_VAULT_URL", self.vault.url().to_string()),
            ("PROOFLINE_AZURE_TOPIC_ENDPOINT", self.topic.endpoint.clone()),
            ("PROOFLINE_MAIL_URL", format!("smtps://{MAIL_USER}@127.0.0.1:{}", self.mail.port())),
            ("PROOFLINE_MAIL_FROM", "Proofline <no-reply@proofline.example>".to_owned()),
            ("IDENTITY_ENDPOINT", self.identity.endpoint()),
            ("IDENTITY_HEADER", self.identity.header.clone()),
            ("SSL_CERT_FILE", self.certificates.authority.display().to_string()),
            (found::TEST_ACCOUNTS, TEST_ACCOUNTS.to_string()),
            (found::LETTERS, self.folder.path().join("letters/new").display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        settings.extend(Identity::ALL.map(|identity| {
            let name = format!("AZURE_CLIENT_ID_{}", identity.name().to_uppercase());
            (name, client_id(identity).to_owned())
        }));
        Ok(settings)
    }

    async fn make_storage(&self) -> anyhow::Result<()> {
        let storage = self.storage()?;
        let credential = || Arc::new(Issued(Arc::clone(&self.identity.tokens)));
        make_containers(&storage, credential(), self.trusting()?).await?;
        make_queues(&storage, credential(), self.trusting()?).await
    }

    fn storage(&self) -> anyhow::Result<StorageSettings> {
        Ok(StorageSettings {
            blobs: self.azurite.blobs(ACCOUNT)?,
            queues: self.azurite.queues(ACCOUNT)?,
        })
    }

    /// For our own calls: this process was not started with `SSL_CERT_FILE`.
    fn trusting(&self) -> anyhow::Result<ClientOptions> {
        let authority = std::fs::read(&self.certificates.authority)?;
        let authority = reqwest::Certificate::from_pem(&authority)?;
        let client = reqwest::Client::builder().tls_certs_only([authority]).build()?;
        let transport = Some(Transport::new(Arc::new(client)));
        Ok(ClientOptions { transport, ..ClientOptions::default() })
    }
}

/// A vault with the product's keys, and the password of the mail server.
async fn vault(
    certificates: &Certificates,
    identity: &IdentityServer,
    mail_password: &str,
) -> anyhow::Result<Vault> {
    let vault = Vault::start(certificates, Arc::clone(&identity.tokens)).await?;
    // A dozen RSA keys take seconds, and the others need not wait for them.
    let vault =
        tokio::task::spawn_blocking(move || vault.make_product_keys(RSA_BITS).map(|()| vault));
    let vault = vault.await??;
    vault.set_secret(Secret::MailPassword.name(), mail_password)?;
    Ok(vault)
}
