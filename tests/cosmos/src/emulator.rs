//! Cosmos DB: the in-memory emulator inside Microsoft's own driver, in process and over loopback.
//!
//! It applies no time to live, ignores credentials and charges nothing real; [`Guard`] adds the data actions of Cosmos DB's own roles. Its Cargo
//! features are internals of the SDK, and this module is the only one that knows them.

pub mod faults;
mod guard;
mod host;

use std::sync::Arc;

use anyhow::Context as _;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{Method, Request},
    time::OffsetDateTime,
};
use azure_data_cosmos::{
    AccountEndpoint, AccountReference, CosmosClient, CosmosRuntimeBuilder, RoutingStrategy,
    options::Region,
};
use azure_data_cosmos_driver::{
    fault_injection::FaultInjectionRule,
    in_memory_emulator::{
        ConsistencyLevel, InMemoryEmulatorHttpClient, VirtualAccountConfig, VirtualRegion,
    },
};
use ports::Container;
use serde_json::{Value, json};
use url::Url;

pub use guard::{Demand, Guard};
pub use host::EmulatorHost;

/// The database that the deployment makes.
pub const DATABASE: &str = "proofline";
/// The region of the account.
pub const REGION: &str = "West Europe";
/// Where the emulator believes to be when nobody reaches it but in this process.
const IN_PROCESS: &str = "https://westeurope.emulator.local";

/// An account of Cosmos DB in this process's memory. Clones are the same account.
#[derive(Clone, Debug)]
pub struct Emulator {
    http: Arc<InMemoryEmulatorHttpClient>,
    url: Url,
}

impl Emulator {
    /// A new account, with everything that the deployment makes.
    ///
    /// # Errors
    /// * The emulator refuses what Bicep would make.
    pub async fn in_process() -> anyhow::Result<Self> {
        let emulator = Self::empty(IN_PROCESS.parse()?)?;
        emulator.deploy().await?;
        Ok(emulator)
    }

    /// A new account without any database, which believes to be at `url`.
    ///
    /// # Errors
    /// * The emulator does not take the URL.
    pub fn empty(url: Url) -> anyhow::Result<Self> {
        let regions = vec![VirtualRegion::new(REGION, url.clone())];
        let account =
            VirtualAccountConfig::new(regions)?.with_consistency(ConsistencyLevel::Session);
        Ok(Self { http: Arc::new(InMemoryEmulatorHttpClient::new(account)), url })
    }

    /// Makes the database and its containers as Bicep does: the key `[/tenant, /shard]`, time to live on where documents expire, bodies not
    /// indexed.
    ///
    /// # Errors
    /// * The emulator refuses.
    pub async fn deploy(&self) -> anyhow::Result<()> {
        self.make_database().await?;
        for container in Container::ALL {
            let time_to_live = container.expires().then_some(-1);
            self.make_container(container.name(), &["/tenant", "/shard"], time_to_live).await?;
        }
        Ok(())
    }

    /// Makes the database alone.
    ///
    /// # Errors
    /// * The emulator refuses.
    pub async fn make_database(&self) -> anyhow::Result<()> {
        self.make("dbs", &json!({ "id": DATABASE })).await
    }

    /// Makes one container with a key and a time to live (-1: on without a default) of its own: to see what becomes of a deployment that is
    /// wrong.
    ///
    /// # Errors
    /// * The emulator refuses.
    pub async fn make_container(
        &self,
        name: &str,
        key: &[&str],
        time_to_live: Option<i32>,
    ) -> anyhow::Result<()> {
        let kind = if key.len() > 1 { "MultiHash" } else { "Hash" };
        let mut container = json!({
            "id": name,
            "partitionKey": { "paths": key, "kind": kind, "version": 2 },
            "indexingPolicy": {
                "indexingMode": "consistent",
                "automatic": true,
                "includedPaths": [{ "path": "/*" }],
                "excludedPaths": [{ "path": "/body/?" }, { "path": "/w/?" }, { "path": "/\"_etag\"/?" }],
            },
        });
        if let (Some(seconds), Some(fields)) = (time_to_live, container.as_object_mut()) {
            fields.insert("defaultTtl".to_owned(), seconds.into());
        }
        self.make(&format!("dbs/{DATABASE}/colls"), &container).await
    }

    async fn make(&self, path: &str, what: &Value) -> anyhow::Result<()> {
        let mut request = Request::new(self.url.join(path)?, Method::Post);
        request.insert_header("content-type", "application/json");
        request.set_body(what.to_string());
        let answer = self.http.execute_request(&request).await?.try_into_raw_response().await?;
        let status = u16::from(answer.status());
        anyhow::ensure!(status == 201, "{path} {what}: {status}");
        Ok(())
    }

    /// A client whose requests never leave this process.
    ///
    /// # Errors
    /// * The SDK refuses.
    pub async fn client(&self) -> anyhow::Result<CosmosClient> {
        self.client_with(Vec::new()).await
    }

    /// The same, over a network that fails as `rules` say.
    ///
    /// # Errors
    /// * The SDK refuses.
    pub async fn client_with(
        &self,
        rules: Vec<Arc<FaultInjectionRule>>,
    ) -> anyhow::Result<CosmosClient> {
        let runtime = if rules.is_empty() {
            self.http.runtime_builder()
        } else {
            self.http.runtime_builder_with_fault_rules(rules)
        };
        let runtime = CosmosRuntimeBuilder::from(runtime).build().await?;
        let region = RoutingStrategy::ProximityTo(Region::new(REGION));
        let client = CosmosClient::builder().with_runtime(runtime).build(self.account(), region);
        client.await.context("no client of the emulator")
    }

    fn account(&self) -> AccountReference {
        let anyone = Arc::new(FixedToken("anyone".to_owned()));
        AccountReference::with_credential(AccountEndpoint::from(self.url.clone()), anyone)
    }
}

/// A credential that has had its token all along.
#[derive(Debug)]
pub struct FixedToken(
    /// The token.
    pub String,
);

#[async_trait::async_trait]
impl TokenCredential for FixedToken {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        // Longer than any test, and not a second of the clock needed to say so.
        let expires = OffsetDateTime::UNIX_EPOCH + azure_core::time::Duration::days(40_000);
        Ok(AccessToken::new(self.0.clone(), expires))
    }
}
