use std::{cell::RefCell, collections::BTreeSet};

use ::azure::CredentialSettings;
use ports::Identity;

use super::*;

fn parse(settings: &[(&str, &str)]) -> Result<Config, Vec<ConfigError>> {
    let find = |name: &str| settings.iter().find(|(key, _)| *key == name);
    Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn nothing_has_to_be_set_for_this_machine() {
    let config = parse(&[]).unwrap();
    assert_eq!(config.data, PathBuf::from("./proofline-data"));
    assert_eq!(config.deployment, "proofline.local");
    assert_eq!(config.public_url, "http://127.0.0.1:7071");
    assert!(
        matches!(config.handler_port(), Err(ConfigError::Missing { name, .. }) if name == PORT)
    );
}

#[test]
fn all_mistakes_are_said_at_once_with_their_names() {
    let settings = [
        ("PROOFLINE_BACKEND", "aws"),
        ("PROOFLINE_DATA", ""),
        ("PROOFLINE_DEPLOYMENT", "Prod"),
        ("PROOFLINE_PUBLIC_URL", "ftp://a"),
        ("PROOFLINE_LOG", "store=loud"),
        (PORT, "0"),
    ];
    let mistakes = parse(&settings).unwrap_err();
    assert_eq!(mistakes.len(), settings.len());
    for ((name, _), mistake) in settings.iter().zip(&mistakes) {
        assert!(mistake.to_string().starts_with(name), "{mistake}");
    }
}

#[test]
fn a_restore_epoch_is_a_number_that_nobody_has_to_say() {
    let epoch =
        |text: &str| parse(&[("PROOFLINE_RESTORE_EPOCH", text)]).map(|config| config.restore_epoch);
    assert_eq!(parse(&[]).unwrap().restore_epoch, 0);
    assert_eq!((epoch("0"), epoch("7"), epoch("4294967295")), (Ok(0), Ok(7), Ok(4_294_967_295)));
    for text in ["", "-1", "1.0", "4294967296", "one"] {
        assert!(epoch(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_authority_has_a_web_address() {
    let url =
        |text: &str| parse(&[("PROOFLINE_TIMESTAMP_URL", text)]).map(|config| config.timestamp_url);
    assert_eq!(parse(&[]).unwrap().timestamp_url, None);
    assert_eq!(url(""), Ok(None));
    for text in ["http://tsa.example/tsr", "https://tsa.example"] {
        assert_eq!(url(text), Ok(Some(text.to_owned())));
    }
    for text in ["tsa.example", "ftp://tsa.example", "https://a@tsa.example", "https://"] {
        assert!(url(text).is_err(), "{text:?}");
    }
}

#[test]
fn files_are_refused_inside_azure() {
    assert_eq!(parse(&[(AZURE_INSTANCE, "x")]), Err(vec![ConfigError::LocalInAzure]));
    let said = [(AZURE_INSTANCE, "x"), ("PROOFLINE_BACKEND", "local")];
    assert_eq!(parse(&said), Err(vec![ConfigError::LocalInAzure]));
}

#[test]
fn a_public_url_is_bare_and_protected() {
    let url = |text: &str| parse(&[("PROOFLINE_PUBLIC_URL", text)]).map(|config| config.public_url);
    for text in
        ["https://a.example", "http://localhost:7071", "http://127.0.0.1:1", "http://[::1]:7071"]
    {
        assert_eq!(url(text), Ok(text.to_owned()));
    }
    assert_eq!(url("https://a.example/"), Ok("https://a.example".to_owned()));
    for text in [
        "",
        "a.example",
        "http://a.example",
        "https://a.example/x",
        "https://a.example?x",
        "https://u@a.example",
        "https://a.example//",
    ] {
        assert!(url(text).is_err(), "{text}");
    }
}

#[test]
fn a_port_is_from_1_to_65535() {
    let port = |text: &str| parse(&[(PORT, text)]).map(|config| config.port);
    assert_eq!(port("1"), Ok(Some(1)));
    assert_eq!(port("65535"), Ok(Some(65535)));
    for text in ["", "0", "65536", "-1", "x"] {
        assert!(port(text).is_err(), "{text}");
    }
}

/// The file that people copy says every setting; read as it is, and with the other backend, nothing is wrong with it.
#[test]
fn the_example_file_holds_every_setting_that_is_read() {
    let file = include_str!("../../../../local.settings.example.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    // Core Tools takes a file without this for an encrypted one.
    assert_eq!(file["IsEncrypted"], false);
    let mut values = file["Values"].as_object().unwrap().clone();
    for of_the_functions_host in
        ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", web::QUEUE_CONNECTION]
    {
        values.remove(of_the_functions_host).unwrap();
    }
    let read = RefCell::new(BTreeSet::new());
    let example = |name: &str| {
        read.borrow_mut().insert(name.to_owned());
        values.get(name).map(|value| value.as_str().unwrap().to_owned())
    };
    let local = Config::parse(example).unwrap();
    assert_eq!(local.backend, Backend::Local);
    let azure =
        |name: &str| if name == BACKEND.name { Some("azure".to_owned()) } else { example(name) };
    assert!(matches!(Config::parse(azure).unwrap().backend, Backend::Azure(_)));
    let mut read = read.into_inner();
    for not_for_people in [PORT, AZURE_INSTANCE] {
        assert!(read.remove(not_for_people));
    }
    read.retain(|name| !name.starts_with("AZURE_CLIENT_ID_"));
    let known: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name.to_owned()).collect();
    assert_eq!(read, known);
    assert_eq!(values.keys().cloned().collect::<BTreeSet<_>>(), known);
}

/// Every setting of the backend in Azure, as somebody may write it.
const AZURE: [(&str, &str); 12] = [
    ("PROOFLINE_BACKEND", "azure"),
    ("PROOFLINE_DEPLOYMENT", "eu.proofline.example"),
    ("PROOFLINE_PUBLIC_URL", "https://eu.proofline.example"),
    ("PROOFLINE_AZURE_COSMOS_ENDPOINT", "https://pl.documents.azure.com/"),
    ("PROOFLINE_AZURE_BLOB_ENDPOINT", "https://pl.blob.core.windows.net/"),
    ("PROOFLINE_AZURE_QUEUE_ENDPOINT", "https://pl.queue.core.windows.net/"),
    ("PROOFLINE_AZURE_VAULT_URL", "https://pl.vault.azure.net/"),
    ("PROOFLINE_AZURE_TOPIC_ENDPOINT", "https://pl.westeurope-1.eventgrid.azure.net/api/events"),
    ("PROOFLINE_MAIL_URL", "smtps://proofline@mail.example"),
    ("PROOFLINE_MAIL_FROM", "Proofline <no-reply@proofline.example>"),
    ("AZURE_CLIENT_ID", "00000000-0000-0000-0000-00000000000a"),
    ("AZURE_CLIENT_ID_SIGNER", "00000000-0000-0000-0000-00000000000b"),
];

fn azure(changes: &[(&str, &str)]) -> Result<AzureConfig, Vec<ConfigError>> {
    let find = |name: &str| changes.iter().chain(&AZURE).find(|(key, _)| *key == name);
    let parsed = Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned()))?;
    match parsed.backend {
        Backend::Azure(config) => Ok(*config),
        Backend::Local => panic!("it is azure"),
    }
}

#[test]
fn an_app_has_the_identity_that_is_named_for_it() {
    let config = azure(&[]).unwrap();
    let client = |identity| match config.settings(identity).credential {
        CredentialSettings::ManagedIdentity(client) => client.unwrap(),
        CredentialSettings::Developer => panic!("nobody said so"),
    };
    assert!(client(Identity::Signer).ends_with('b'));
    assert!(client(Identity::Auth).ends_with('a'));
    assert_eq!(config.of_host().cosmos.database, "proofline");
    assert_eq!(config.of_host().cosmos.region, "West Europe");
    let developer = azure(&[("PROOFLINE_AZURE_CREDENTIAL", "developer")]).unwrap();
    assert_eq!(developer.of_host().credential, CredentialSettings::Developer);
}

#[test]
fn every_setting_that_azure_needs_is_missed_at_once() {
    let mistakes = parse(&[("PROOFLINE_BACKEND", "azure")]).unwrap_err();
    let missing: BTreeSet<_> = mistakes
        .iter()
        .map(|mistake| {
            let ConfigError::Missing { name, .. } = mistake else { panic!("{mistake}") };
            *name
        })
        .collect();
    let expected: BTreeSet<_> = AZURE[1..10].iter().map(|(name, _)| *name).collect();
    assert_eq!(missing, expected);
}

#[test]
fn wrong_settings_of_azure_are_all_said_with_their_names() {
    let wrong = [
        ("PROOFLINE_AZURE_COSMOS_ENDPOINT", "http://pl.documents.azure.com/"),
        ("PROOFLINE_AZURE_COSMOS_DATABASE", "a/b"),
        ("PROOFLINE_AZURE_REGION", ""),
        ("PROOFLINE_AZURE_BLOB_ENDPOINT", "https://pl.blob.core.windows.net/?sig=x"),
        ("PROOFLINE_AZURE_QUEUE_ENDPOINT", "https://user@pl.queue.core.windows.net/"),
        ("PROOFLINE_AZURE_VAULT_URL", "pl.vault.azure.net"),
        ("PROOFLINE_AZURE_TOPIC_ENDPOINT", ""),
        ("PROOFLINE_AZURE_CREDENTIAL", "key"),
        ("AZURE_CLIENT_ID", "proofline-auth"),
        ("AZURE_CLIENT_ID_SIGNER", "0"),
        ("PROOFLINE_MAIL_URL", "smtp://mail.example"),
        ("PROOFLINE_MAIL_FROM", "a@b\r\nBcc: c@d"),
    ];
    let mistakes = azure(&wrong).unwrap_err();
    assert_eq!(mistakes.len(), wrong.len(), "{mistakes:?}");
    for (name, _) in wrong {
        assert!(
            mistakes.iter().any(|said| said.to_string().starts_with(&format!("{name} is "))),
            "{name}"
        );
    }
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let url = format!("http://{host}:8081/");
        assert!(azure(&[("PROOFLINE_AZURE_COSMOS_ENDPOINT", &url)]).is_ok(), "{url}");
    }
    for url in ["http://127.0.0.1.example/", "http://10.0.0.1/", "ftp://127.0.0.1/"] {
        assert!(azure(&[("PROOFLINE_AZURE_COSMOS_ENDPOINT", url)]).is_err(), "{url}");
    }
    for (url, is_protected) in [
        ("smtp://127.0.0.1:2525", true),
        ("smtp+starttls://mail.example", true),
        ("smtps://user:password@mail.example", false),
        ("http://api.resend.com", false),
        ("https://api.resend.com", true),
    ] {
        assert_eq!(azure(&[("PROOFLINE_MAIL_URL", url)]).is_ok(), is_protected, "{url}");
    }
}

#[test]
fn nobody_is_signed_in_inside_azure() {
    let mistakes =
        azure(&[(AZURE_INSTANCE, "x"), ("PROOFLINE_AZURE_CREDENTIAL", "developer")]).unwrap_err();
    assert_eq!(mistakes, [ConfigError::DeveloperInAzure]);
    assert!(azure(&[(AZURE_INSTANCE, "x")]).is_ok());
}
