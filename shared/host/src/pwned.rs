//! Have I Been Pwned: asked for the range that a password's SHA-1 begins with, padded so that the length of the answer says nothing either
//! (<https://haveibeenpwned.com/API/v3#PwnedPasswords>).

use std::time::Duration;

use async_trait::async_trait;
use ports::{BreachError, Breaches};
use reqwest::{Client, StatusCode, redirect::Policy};
use url::Url;

/// One question: a login waits for it.
const ANSWER_MAX: Duration = Duration::from_millis(1_500);
/// More than any range has, padding included.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The service.
pub struct Pwned {
    client: Client,
    base: Url,
}

impl Pwned {
    /// Asks under `base`, such as `https://api.pwnedpasswords.com`. Connects to nothing yet.
    ///
    /// # Errors
    /// * [`BreachError`]: not a URL, or the system's root certificates cannot be read.
    pub fn new(base: &str) -> Result<Self, BreachError> {
        let base: Url =
            base.parse().map_err(|error: url::ParseError| BreachError(error.to_string()))?;
        let client = Client::builder()
            .timeout(ANSWER_MAX)
            .redirect(Policy::none())
            // The service refuses requests without one.
            .user_agent(concat!("proofline/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| BreachError(error.to_string()))?;
        Ok(Self { client, base })
    }
}

#[async_trait]
impl Breaches for Pwned {
    async fn range(&self, prefix: &str) -> Result<String, BreachError> {
        let failed = |error: reqwest::Error| BreachError(error.without_url().to_string());
        let is_prefix = prefix.len() == 5 && prefix.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut url = self.base.clone();
        url.set_path(&format!("/range/{prefix}"));
        if !is_prefix {
            return Err(BreachError("a prefix has five hexadecimal digits".to_owned()));
        }
        let request = self.client.get(url).header("Add-Padding", "true");
        let mut answer = request.send().await.map_err(failed)?;
        // A redirection is no error to the client, and its body no range: a password would pass for one that did not leak.
        if answer.status() != StatusCode::OK {
            return Err(BreachError(format!("the service answered {}", answer.status().as_u16())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(BreachError("the answer is longer than any range".to_owned()));
            }
        }
        String::from_utf8(body).map_err(|error| BreachError(error.utf8_error().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{
        Router,
        extract::Request,
        response::{IntoResponse as _, Response},
    };
    use tokio::net::TcpListener;

    use super::*;

    type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

    /// A service on this machine that answers like the documented one; gives what it was asked.
    async fn service(
        answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
    ) -> (String, Asked) {
        let asked = Asked::default();
        let seen = Arc::clone(&asked);
        let router = Router::new().fallback(move |request: Request| {
            let padding = request.headers().get("add-padding");
            let padding = padding.and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
            seen.lock().unwrap().push((request.uri().path().to_owned(), padding));
            let answer = answer.clone();
            async move { answer() }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a server of this test")]
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        (format!("http://{address}"), asked)
    }

    #[tokio::test]
    async fn five_digits_are_sent_and_padding_is_asked_for() {
        let (url, asked) =
            service(|| "0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n".into_response()).await;
        let answer = Pwned::new(&url).unwrap().range("5BAA6").await.unwrap();
        assert_eq!(answer, "0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n");
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked, [("/range/5BAA6".to_owned(), Some("true".to_owned()))]);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_an_error() {
        let answers: [fn() -> Response; 4] = [
            || StatusCode::SERVICE_UNAVAILABLE.into_response(),
            || (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response(),
            || vec![0xff_u8, 0xfe].into_response(),
            || "A".repeat(ANSWER_BYTES_MAX + 1).into_response(),
        ];
        for (number, answer) in answers.into_iter().enumerate() {
            let (url, _) = service(answer).await;
            let answered = Pwned::new(&url).unwrap().range("5BAA6").await;
            assert!(answered.is_err(), "{number}: {answered:?}");
        }
        let nobody = Pwned::new("http://127.0.0.1:1").unwrap().range("5BAA6").await.unwrap_err();
        assert!(!nobody.to_string().contains("5BAA6"), "{nobody}");
        assert!(Pwned::new("not a url").is_err());
        let (url, asked) = service(|| "".into_response()).await;
        assert!(Pwned::new(&url).unwrap().range("../../x").await.is_err());
        assert!(asked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_login_waits_a_second_and_a_half_for_it_at_most() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let began = tokio::time::Instant::now();
        assert!(Pwned::new(&url).unwrap().range("5BAA6").await.is_err(), "nobody accepts");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}
