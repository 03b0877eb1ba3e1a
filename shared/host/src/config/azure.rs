//! The settings of the backend in Azure.

use azure::{CosmosSettings, CredentialSettings, MailSettings, Settings, StorageSettings};
use ports::Identity;
use url::{Host, Url};

use super::{
    ConfigError,
    reader::{Lookup, Reader},
    settings::{
        BLOB_ENDPOINT, CLIENT_ID, COSMOS_DATABASE, COSMOS_ENDPOINT, CREDENTIAL, MAIL_FROM,
        MAIL_URL, QUEUE_ENDPOINT, REGION, TOPIC_ENDPOINT, VAULT_URL,
    },
};

/// Where everything is in Azure, and who each app is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AzureConfig {
    settings: Settings,
    clients: Vec<(Identity, String)>,
}

impl AzureConfig {
    /// What the ports of `identity` need to know.
    pub fn settings(&self, identity: Identity) -> Settings {
        let mut settings = self.settings.clone();
        let own = self.clients.iter().find(|(whose, _)| *whose == identity);
        if let (CredentialSettings::ManagedIdentity(client), Some((_, id))) =
            (&mut settings.credential, own)
        {
            *client = Some(id.clone());
        }
        settings
    }

    /// The same for whoever installs and hosts, and is no app.
    pub fn of_host(&self) -> &Settings {
        &self.settings
    }
}

#[derive(Clone, Copy)]
enum Who {
    ManagedIdentity,
    Developer,
}

/// Reads all of them, so that all mistakes are said.
pub(super) fn read<L: Lookup>(
    reader: &mut Reader<'_, L>,
    is_in_azure: bool,
) -> Option<AzureConfig> {
    let endpoint = reader.get(COSMOS_ENDPOINT, service);
    let database = reader.get(COSMOS_DATABASE, database);
    let region = reader.get(REGION, |text| (!text.is_empty()).then(|| text.to_owned()));
    let blobs = reader.get(BLOB_ENDPOINT, service);
    let queues = reader.get(QUEUE_ENDPOINT, service);
    let vault = reader.get(VAULT_URL, service);
    let topic = reader.get(TOPIC_ENDPOINT, service);
    let server = reader.get(MAIL_URL, mail_server);
    let from = reader.get(MAIL_FROM, sender);
    let credential = credential(reader, is_in_azure);
    let clients = clients(reader);
    Some(AzureConfig {
        settings: Settings {
            cosmos: CosmosSettings { endpoint: endpoint?, database: database?, region: region? },
            storage: StorageSettings { blobs: blobs?, queues: queues? },
            vault: vault?,
            topic: topic?,
            mail: MailSettings { server: server?, from: from? },
            credential: credential?,
        },
        clients: clients?,
    })
}

fn credential<L: Lookup>(
    reader: &mut Reader<'_, L>,
    is_in_azure: bool,
) -> Option<CredentialSettings> {
    let who = reader.get(CREDENTIAL, |text| match text {
        "managed-identity" => Some(Who::ManagedIdentity),
        "developer" => Some(Who::Developer),
        _ => None,
    });
    let client = reader.get(CLIENT_ID, client_id);
    match who? {
        Who::ManagedIdentity => Some(CredentialSettings::ManagedIdentity(client?)),
        Who::Developer if is_in_azure => {
            reader.mistake(ConfigError::DeveloperInAzure);
            None
        }
        Who::Developer => Some(CredentialSettings::Developer),
    }
}

/// `AZURE_CLIENT_ID_AUTH` and its like: one process that hosts several apps has an identity for each.
fn clients<L: Lookup>(reader: &mut Reader<'_, L>) -> Option<Vec<(Identity, String)>> {
    let mut clients = Vec::new();
    let mut is_sound = true;
    for identity in Identity::ALL {
        let name = client_id_of(identity);
        let Some(value) = reader.text(name) else { continue };
        let Some(id) = client_id(&value) else {
            reader.mistake(ConfigError::Form { name, value, form: CLIENT_ID.form });
            is_sound = false;
            continue;
        };
        clients.extend(id.map(|id| (identity, id)));
    }
    is_sound.then_some(clients)
}

const fn client_id_of(identity: Identity) -> &'static str {
    match identity {
        Identity::Auth => "AZURE_CLIENT_ID_AUTH",
        Identity::Runs => "AZURE_CLIENT_ID_RUNS",
        Identity::Audit => "AZURE_CLIENT_ID_AUDIT",
        Identity::Signer => "AZURE_CLIENT_ID_SIGNER",
        Identity::Purge => "AZURE_CLIENT_ID_PURGE",
    }
}

/// An https URL without query, or http for this machine alone.
fn service(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_protected = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
    let is_bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (is_protected && is_bare && url.has_host()).then_some(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Letters carry invitations: unprotected only on this machine.
fn mail_server(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_protected = match url.scheme() {
        "smtps" | "smtp+starttls" | "https" => true,
        "smtp" | "http" => {
            url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"))
        }
        _ => false,
    };
    (is_protected && url.has_host() && url.password().is_none() && url.query().is_none())
        .then_some(url)
}

fn sender(text: &str) -> Option<String> {
    let is_line = !text.is_empty() && text.len() <= 320 && !text.contains(char::is_control);
    (is_line && text.contains('@')).then(|| text.to_owned())
}

fn database(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    ((1..=255).contains(&text.len()) && text.bytes().all(is_allowed)).then(|| text.to_owned())
}

/// Nothing, or a GUID.
#[expect(clippy::option_option, reason = "outside: is it one; inside: is there one")]
fn client_id(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let lengths = text.split('-').map(str::len).collect::<Vec<_>>();
    let is_guid = lengths == [8, 4, 4, 4, 12]
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_guid.then(|| Some(text.to_owned()))
}
