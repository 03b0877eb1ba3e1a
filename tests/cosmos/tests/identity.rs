//! The stand-in for managed identities keeps the contract of App Service: what is wrong with a request is refused, and tokens verify.

use std::collections::BTreeMap;

use azure_counterparts::identity::{Claims, IdentityServer, TENANT, Trouble, client_id, give};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use ports::Identity;
use serde_json::Value;
use url::Url;

const STORAGE: &str = "https://storage.azure.com";

/// A good request; a test changes one thing.
fn query() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("api-version", "2019-08-01"),
        ("resource", "https://storage.azure.com/"),
        ("client_id", client_id(Identity::Audit)),
    ])
}

async fn ask(
    server: &IdentityServer,
    header: Option<&str>,
    query: &BTreeMap<&str, &str>,
) -> (u16, Value) {
    let url = Url::parse_with_params(&server.endpoint(), query).unwrap();
    let request = reqwest::Client::new().get(url);
    let request = header
        .into_iter()
        .fold(request, |request, header| request.header("x-identity-header", header));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>
#[tokio::test]
async fn an_assigned_identity_gets_a_token_that_verifies_with_the_published_keys() {
    let server = IdentityServer::start().await.unwrap();
    let (status, answer) = ask(&server, Some(&server.header), &query()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["resource"], "https://storage.azure.com/");
    let token = answer["access_token"].as_str().unwrap();
    let keys: JwkSet = reqwest::get(server.keys()).await.unwrap().json().await.unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[STORAGE]);
    rules.set_issuer(&[format!("https://sts.windows.net/{TENANT}/")]);
    let claims =
        decode::<Claims>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).unwrap().claims;
    assert_eq!(claims.appid, client_id(Identity::Audit));
    assert_eq!(answer["expires_on"], claims.exp.to_string());
}

#[tokio::test]
async fn whoever_does_not_know_the_header_gets_nothing() {
    let server = IdentityServer::start().await.unwrap();
    for header in [None, Some(""), Some("wrong")] {
        let (status, answer) = ask(&server, header, &query()).await;
        assert_eq!((status, &answer["access_token"]), (401, &Value::Null), "{header:?}");
    }
    let endpoint = server.endpoint().parse().unwrap();
    assert!(give(&endpoint, "wrong", client_id(Identity::Audit), Trouble::Fails).await.is_err());
}

#[tokio::test]
async fn a_request_that_names_no_known_identity_or_resource_is_refused() {
    let server = IdentityServer::start().await.unwrap();
    for (field, value) in [
        ("client_id", "00000000-0000-0000-0000-000000000000"),
        ("client_id", ""),
        ("api-version", "2017-09-01"),
    ] {
        let mut query = query();
        query.insert(field, value);
        let (status, answer) = ask(&server, Some(&server.header), &query).await;
        assert_eq!((status, &answer["access_token"]), (400, &Value::Null), "{field}={value}");
    }
    for field in ["client_id", "resource", "api-version"] {
        let mut query = query();
        query.remove(field);
        assert_eq!(ask(&server, Some(&server.header), &query).await.0, 400, "no {field}");
    }
}

#[tokio::test]
async fn an_identity_in_trouble_gets_a_bad_token_or_none_until_it_is_out_of_it() {
    let server = IdentityServer::start().await.unwrap();
    let endpoint = server.endpoint().parse().unwrap();
    for (trouble, status) in [
        (Trouble::Expired, 200),
        (Trouble::ForeignAudience, 200),
        (Trouble::ForeignIssuer, 200),
        (Trouble::Fails, 500),
    ] {
        give(&endpoint, &server.header, client_id(Identity::Audit), trouble).await.unwrap();
        let (got, answer) = ask(&server, Some(&server.header), &query()).await;
        assert_eq!(got, status, "{trouble:?}");
        let token = answer["access_token"].as_str().unwrap_or_default();
        assert!(server.tokens.verify(token, STORAGE).is_err(), "{trouble:?}");
    }
    give(&endpoint, &server.header, client_id(Identity::Audit), Trouble::None).await.unwrap();
    let (_, answer) = ask(&server, Some(&server.header), &query()).await;
    assert!(server.tokens.verify(answer["access_token"].as_str().unwrap(), STORAGE).is_ok());
}
