//! Personal details of events, as the log keeps them: sealed under a key of the person, which can be destroyed.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chain::{
    Hash,
    disclosure::{Gone, Line, Shown},
    intent::Intent,
    purge::ERASED,
};
use domain::Timestamp;
use ports::{Container, KeyPurpose};
use seal::{FieldKey, Place, WrappingKey};
use serde::{Deserialize, Serialize};
use store::{
    DetailsRecord, Found, Housekeeping, HousekeepingKind, Keyring, KeyringError, Parcel, Partition,
    SealedDetail, StoreError, SubjectRecord, pseudonym,
};
use zeroize::Zeroizing;

use crate::State;

/// How often a person's key is looked for while others write it.
const ATTEMPTS_MAX: usize = 4;

/// The keys of whoever keeps details.
#[derive(Clone)]
pub(crate) struct DetailKeys {
    /// Opens what apps sealed.
    parcels: Zeroizing<[u8; 32]>,
    /// Wraps the keys of persons.
    subjects: WrappingKey,
}

impl DetailKeys {
    /// Those of this app.
    pub(crate) fn of(keyring: &Keyring) -> Result<Self, KeyringError> {
        let parcels = Zeroizing::new(*keyring.material(KeyPurpose::Disclosure)?);
        let subjects = WrappingKey::new(*keyring.material(KeyPurpose::SubjectKeys)?);
        Ok(Self { parcels, subjects })
    }
}

/// A person's key.
struct SubjectKey {
    generation: u32,
    material: Zeroizing<[u8; 32]>,
}

/// What is sealed of one detail.
#[derive(Deserialize, Serialize)]
struct Opening {
    salt: Hash,
    value: String,
}

/// Keeps the details that came with an intent, before the intent becomes a row. What does not fit the intent is nobody's word, and is dropped.
pub(crate) async fn keep(
    state: &State,
    data: &Partition,
    intent: &Intent,
    sealed: &str,
) -> Result<(), StoreError> {
    let opened = Parcel::open(&state.details.parcels, &intent.id, sealed);
    let Some(parcel) = opened.filter(|parcel| parcel.fits(&intent.pd)) else {
        tracing::error!(tenant.id = %data.tenant(), event = intent.id, "personal details do not fit their event");
        return Ok(());
    };
    if data.find::<DetailsRecord>(&DetailsRecord::id_of(&intent.id)).await?.is_some() {
        return Ok(());
    }
    let subject = pseudonym(data.tenant(), &parcel.subject);
    let Some(key) = key_for(state, data, &subject, &intent.at).await? else { return Ok(()) };
    let record = seal_details(state, data, intent, (subject, key), &parcel)?;
    let keep = Housekeeping::new(HousekeepingKind::Follower).create(&record);
    match data.keep(keep).await {
        Ok(()) | Err(StoreError::Exists) => Ok(()),
        Err(error) => Err(error),
    }
}

fn seal_details(
    state: &State,
    data: &Partition,
    intent: &Intent,
    (subject, key): (String, SubjectKey),
    parcel: &Parcel,
) -> Result<DetailsRecord, StoreError> {
    let field_key = FieldKey::new(key.generation, *key.material);
    let tenant = data.tenant().to_string();
    let random = &state.ports.randomness;
    let mut details = BTreeMap::new();
    for detail in &parcel.details {
        let opening = Opening { salt: detail.salt, value: detail.value.clone() };
        let text = serde_json::to_vec(&opening).map_err(unreadable)?;
        let place = place(&tenant, &intent.id, &detail.field);
        let sealed = seal::seal(&field_key, &place, random.bytes(), random.bytes(), &text);
        let sealed = SealedDetail(STANDARD.encode(sealed.map_err(unreadable)?));
        details.insert(detail.field.clone(), sealed);
    }
    Ok(DetailsRecord { event: intent.id.clone(), subject, generation: key.generation, details })
}

/// The key under which details of this time are sealed, made if there is none; `None` when they were erased before they came here.
async fn key_for(
    state: &State,
    data: &Partition,
    subject: &str,
    at: &str,
) -> Result<Option<SubjectKey>, StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        let found = data.find::<SubjectRecord>(subject).await?;
        if let Some(found) = &found {
            let at: Timestamp = at.parse().map_err(unreadable)?;
            if found.document.erasures.iter().any(|erasure| at <= erasure.at) {
                return Ok(None);
            }
            if let Some(key) = open_key(state, data, &found.document)? {
                return Ok(Some(key));
            }
        }
        match make_key(state, data, subject, found).await {
            Err(StoreError::Exists | StoreError::Conflict) => {}
            made => return made.map(Some),
        }
    }
    Err(StoreError::Unavailable("others write the same person's key all the time".to_owned()))
}

async fn make_key(
    state: &State,
    data: &Partition,
    subject: &str,
    found: Option<Found<SubjectRecord>>,
) -> Result<SubjectKey, StoreError> {
    let material = Zeroizing::new(state.ports.randomness.bytes::<32>());
    let wrapping = state.details.subjects.derive(&data.tenant().to_string());
    let wrapped = Some(STANDARD.encode(seal::wrap(&wrapping, &material)));
    let keep = Housekeeping::new(HousekeepingKind::Follower);
    let (keep, generation) = match found {
        None => {
            let (subject, erasures) = (subject.to_owned(), Vec::new());
            let record = SubjectRecord { subject, generation: 1, wrapped, erasures };
            (keep.create(&record), 1)
        }
        Some(Found { document, etag }) => {
            let record = SubjectRecord { wrapped, ..document };
            (keep.replace(&record, etag), record.generation)
        }
    };
    data.keep(keep).await?;
    Ok(SubjectKey { generation, material })
}

fn open_key(
    state: &State,
    data: &Partition,
    record: &SubjectRecord,
) -> Result<Option<SubjectKey>, StoreError> {
    let Some(wrapped) = &record.wrapped else { return Ok(None) };
    let wrapped = STANDARD.decode(wrapped).map_err(unreadable)?;
    let wrapping = state.details.subjects.derive(&data.tenant().to_string());
    let material = seal::unwrap(&wrapping, &wrapped).map_err(unreadable)?;
    Ok(Some(SubjectKey { generation: record.generation, material }))
}

/// What of a row says whether it has details.
#[derive(Deserialize)]
struct Marked {
    action: String,
    id: String,
    #[serde(default)]
    pd: BTreeMap<String, Hash>,
}

/// The rows of an export that have details, or say that some were erased.
#[derive(Default)]
pub(crate) struct Detailed {
    /// By number.
    rows: BTreeMap<u64, Marked>,
    /// The numbers of those that say so, by event.
    erasing: BTreeMap<String, u64>,
}

impl Detailed {
    /// Takes the row with this number, if it is one.
    pub(crate) fn add(&mut self, seq: u64, row: &str) {
        let Ok(row) = serde_json::from_str::<Marked>(row) else { return };
        if row.action == ERASED {
            self.erasing.insert(row.id.clone(), seq);
        }
        if !row.pd.is_empty() {
            self.rows.insert(seq, row);
        }
    }
}

/// The file of an export that shows the details of these rows.
pub(crate) async fn disclosures(
    state: &State,
    data: &Partition,
    Detailed { rows, erasing }: &Detailed,
) -> Result<Vec<u8>, StoreError> {
    let mut subjects = BTreeMap::new();
    let mut file = Vec::new();
    for (seq, row) in rows {
        let found = data.find::<DetailsRecord>(&DetailsRecord::id_of(&row.id)).await?;
        let Some(found) = found.map(|found| found.document) else { continue };
        if !subjects.contains_key(&found.subject) {
            let subject = data.find::<SubjectRecord>(&found.subject).await?;
            subjects.insert(found.subject.clone(), subject.map(|subject| subject.document));
        }
        let Some(Some(subject)) = subjects.get(&found.subject) else { continue };
        for field in row.pd.keys() {
            let line = match subject.erased(found.generation) {
                Some(erasure) => erasing.get(&erasure.event.to_string()).map(|by| {
                    Line::Erased(Gone { erased_by: *by, field: field.clone(), seq: *seq })
                }),
                None => shown(state, data, subject, &found, (*seq, field))?.map(Line::Shown),
            };
            if let Some(line) = line {
                file.extend(serde_json::to_vec(&line).map_err(unreadable)?);
                file.push(b'\n');
            }
        }
    }
    Ok(file)
}

fn shown(
    state: &State,
    data: &Partition,
    subject: &SubjectRecord,
    record: &DetailsRecord,
    (seq, field): (u64, &str),
) -> Result<Option<Shown>, StoreError> {
    let Some(SealedDetail(sealed)) = record.details.get(field) else { return Ok(None) };
    let Some(key) = open_key(state, data, subject)? else { return Ok(None) };
    let sealed = STANDARD.decode(sealed).map_err(unreadable)?;
    let tenant = data.tenant().to_string();
    let key = FieldKey::new(key.generation, *key.material);
    let opened = seal::open(&key, &place(&tenant, &record.event, field), &sealed);
    let opening: Opening =
        serde_json::from_slice(&opened.map_err(unreadable)?).map_err(unreadable)?;
    let Opening { salt, value } = opening;
    Ok(Some(Shown { field: field.to_owned(), salt, seq, value }))
}

const fn place<'a>(tenant: &'a str, event: &'a str, field: &'a str) -> Place<'a> {
    Place { tenant, container: Container::Disclosures.name(), record: event, field }
}

fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unreadable(format!("personal details: {error}"))
}
