//! What is stored, and what was recorded.

use std::{fs, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ports::{Container, Documents, Identity, NewDocument, PartitionKey, Ports, Write};
use serde_json::Value;
use store::Guard;

use super::World;

impl World {
    /// A session as it is stored now.
    pub(in crate::scenarios) async fn session_as_stored(&self, id: &str) -> NewDocument {
        let key = PartitionKey::new(self.tenant, "h");
        let stored = self.ports.documents.read(Container::Access, &key, id).await.unwrap();
        stored.unwrap().document
    }

    /// Sets a session back to what it was, as a restored database would; a process that starts after that has seen nothing newer.
    pub(in crate::scenarios) async fn set_session_back(&mut self, before: NewDocument) {
        let key = PartitionKey::new(self.tenant, "h");
        let now = self.ports.documents.read(Container::Access, &key, &before.id).await.unwrap();
        let write = Write::Replace(before, now.unwrap().etag);
        self.ports.documents.commit(Container::Access, &key, vec![write]).await.unwrap();
        self.restart().await;
    }

    /// Storage with the rights of another app.
    pub(in crate::scenarios) fn documents_of(&self, identity: Identity) -> Arc<dyn Documents> {
        self.store.ports(identity).documents
    }

    /// Storage with the rights of the app, for whoever tampers with it.
    pub(in crate::scenarios) fn documents(&self) -> Arc<dyn Documents> {
        Arc::clone(&self.ports.documents)
    }

    /// What is stored of a record that guards read.
    pub(in crate::scenarios) async fn stored(&self, id: &str) -> Value {
        let key = PartitionKey::new(self.tenant, "0");
        let stored = self.ports.documents.read(Container::Access, &key, id).await.unwrap();
        serde_json::from_str(&stored.unwrap().document.body).unwrap()
    }

    /// Changes the owner's guard behind the app's back.
    pub(in crate::scenarios) async fn change_guard(&self, change: impl Fn(Guard) -> Guard) {
        let (key, id) = (PartitionKey::new(self.tenant, "0"), "usr_00000000000000000000000002");
        let stored = self.ports.documents.read(Container::Access, &key, id).await.unwrap().unwrap();
        let signed: Value = serde_json::from_str(&stored.document.body).unwrap();
        let guard = change(serde_json::from_str(signed["record"].as_str().unwrap()).unwrap());
        let body = serde_json::to_string(&guard).unwrap();
        let version = signed["version"].as_u64().unwrap() + 1;
        let document = NewDocument { body, ..stored.document };
        let place = (self.tenant, "0");
        let document = self.records.sign(place, document, version, None).await.unwrap();
        let write = Write::Replace(document, stored.etag);
        self.ports.documents.commit(Container::Access, &key, vec![write]).await.unwrap();
    }

    /// Every intent of the tenant.
    pub(in crate::scenarios) async fn intents(&self) -> Vec<Value> {
        let mut intents = self.intents_in(Container::Auth).await;
        intents.extend(self.intents_in(Container::Access).await);
        intents
    }

    /// The audit events that were recorded, in their order: action, outcome, actor.
    pub(in crate::scenarios) async fn recorded(&self) -> Vec<String> {
        self.recorded_in(Container::Auth).await
    }

    /// The same, of events that changed what guards read.
    pub(in crate::scenarios) async fn recorded_in_access(&self) -> Vec<String> {
        self.recorded_in(Container::Access).await
    }

    async fn recorded_in(&self, container: Container) -> Vec<String> {
        let intents = self.intents_in(container).await;
        let texts = intents.iter().map(|intent| {
            let part = |text: &Value| text.as_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                part(&intent["action"]),
                part(&intent["out"]),
                part(&intent["act"]["kind"])
            )
        });
        texts.collect()
    }

    async fn intents_in(&self, container: Container) -> Vec<Value> {
        let key = PartitionKey::new(self.tenant, "0");
        let ports = self.ports_of(Identity::Audit);
        let changes = ports.documents.changes(container, &key, None, 1000).await.unwrap();
        let intents =
            changes.documents.into_iter().filter(|stored| stored.document.kind == "intent");
        let intent = |stored: ports::Stored| {
            let body: Value = serde_json::from_str(&stored.document.body).unwrap();
            serde_json::from_str(body["intent"]["intent"].as_str().unwrap()).unwrap()
        };
        intents.map(intent).collect()
    }

    fn ports_of(&self, identity: Identity) -> Ports {
        self.store.ports(identity)
    }

    /// Every byte of the store's files.
    pub(in crate::scenarios) fn stored_bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(self.dir.path().join("data")).unwrap();
        let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
        files.flat_map(|path| fs::read(path).unwrap()).collect()
    }
}

pub(in crate::scenarios) fn base64url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(in crate::scenarios) fn base32(text: &str) -> Vec<u8> {
    totp_rs::Secret::try_from_base32(text).unwrap().as_bytes().to_vec()
}
