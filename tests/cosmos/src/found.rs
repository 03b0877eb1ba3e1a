//! What a test finds in its environment: the site's counterparts, or a real subscription.

use anyhow::Context as _;
use azure::{CredentialSettings, StorageSettings};
use ports::Identity;
use url::Url;

/// How many storage accounts of its own the counterpart has beside the product's; unset for a real subscription.
pub const TEST_ACCOUNTS: &str = "PROOFLINE_AZURE_TEST_ACCOUNTS";

/// The folder of the letters that the mail server took, one file each; unset for a real subscription.
pub const LETTERS: &str = "PROOFLINE_AZURE_LETTERS";

/// One setting.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no `host` that reads the settings for them"
)]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// One setting that is a URL.
///
/// # Errors
/// * It is not set, or is none.
pub fn url(name: &str) -> anyhow::Result<Url> {
    let value =
        setting(name).with_context(|| format!("{name} is not set; run under azure-site"))?;
    value.parse().with_context(|| format!("{name} is not a URL"))
}

/// Who `identity` is to Azure.
pub fn credential(identity: Identity) -> CredentialSettings {
    if setting("PROOFLINE_AZURE_CREDENTIAL").as_deref() == Some("developer") {
        return CredentialSettings::Developer;
    }
    let own = format!("AZURE_CLIENT_ID_{}", identity.name().to_uppercase());
    CredentialSettings::ManagedIdentity(setting(&own).or_else(|| setting("AZURE_CLIENT_ID")))
}

/// A storage account that no other test has: `number` chooses it. A real subscription has one, so its tests run one after the other.
///
/// # Errors
/// * The settings are missing, or there are not so many.
pub fn storage(number: u32) -> anyhow::Result<StorageSettings> {
    let settings = StorageSettings {
        blobs: url("PROOFLINE_AZURE_BLOB_ENDPOINT")?,
        queues: url("PROOFLINE_AZURE_QUEUE_ENDPOINT")?,
    };
    let Some(accounts) = setting(TEST_ACCOUNTS) else { return Ok(settings) };
    anyhow::ensure!(number < accounts.parse()?, "there are {accounts} test accounts");
    let account = crate::azurite::test_account(number);
    let of_account = |mut url: Url| {
        url.set_path(&account);
        url
    };
    Ok(StorageSettings { blobs: of_account(settings.blobs), queues: of_account(settings.queues) })
}
