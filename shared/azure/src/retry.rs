//! How long we wait for Azure: few retries, and an end.
//!
//! The SDK's own default is 8 retries of up to 60 seconds each, and `Retry-After` may ask for any time; a request to us has been given up long before.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::{
    Error,
    error::ErrorKind,
    http::{
        ClientOptions, Context, ExponentialRetryOptions, Request, RetryOptions, Transport,
        policies::{Policy, PolicyResult},
    },
};

use crate::OpenError;

/// One call with all its retries, waits and tokens.
pub(crate) const CALL_MAX: Duration = Duration::from_secs(10);
/// A connection: a region's own services answer in milliseconds.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// One request, its body included: 4 MiB at most, since the SDK cuts larger blobs.
const TRY_MAX: Duration = Duration::from_secs(8);
/// Retries after the first try.
const RETRIES: u32 = 3;

/// The options of every client of an Azure SDK crate of version 1 but Cosmos, which has limits of its own.
///
/// # Errors
/// * [`OpenError::Unavailable`] when the system's root certificates cannot be read.
pub(crate) fn client_options() -> Result<ClientOptions, OpenError> {
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_MAX)
        .timeout(TRY_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| OpenError::Unavailable {
            endpoint: "the system's root certificates".to_owned(),
            why: error.to_string(),
        })?;
    Ok(bounded(Transport::new(Arc::new(client)), CALL_MAX))
}

/// The same limits over a transport of the caller's.
pub(crate) fn client_options_over(transport: Transport) -> ClientOptions {
    bounded(transport, CALL_MAX)
}

fn bounded(transport: Transport, call_max: Duration) -> ClientOptions {
    ClientOptions {
        per_call_policies: vec![Arc::new(Deadline(call_max))],
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            initial_delay: azure_core::time::Duration::milliseconds(100),
            max_retries: RETRIES,
            ..ExponentialRetryOptions::default()
        }),
        transport: Some(transport),
        ..ClientOptions::default()
    }
}

/// Ends a call, wherever it waits: in a retry, for a token, for a connection. Stands before the SDK's retries.
#[derive(Debug)]
struct Deadline(Duration);

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and `async_trait` tells the two apart"
)]
#[async_trait]
impl Policy for Deadline {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let Some((policy, rest)) = next.split_first() else {
            return Err(Error::with_message(ErrorKind::Other, "a pipeline ends with a transport"));
        };
        let call = policy.send(context, request, rest);
        tokio::time::timeout(self.0, call).await.unwrap_or_else(|_| {
            let message = format!("no answer in {} seconds, with retries", self.0.as_secs_f32());
            Err(Error::with_message(ErrorKind::Io, message))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use azure_core::{
        Bytes,
        http::{AsyncRawResponse, HttpClient, Method, Pipeline, StatusCode, headers::Headers},
    };

    use super::*;

    /// Always answers alike, and counts.
    #[derive(Debug)]
    struct Always(StatusCode, Option<&'static str>, AtomicU32);

    #[async_trait]
    impl HttpClient for Always {
        async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
            self.2.fetch_add(1, Ordering::SeqCst);
            let mut headers = Headers::new();
            if let Some(seconds) = self.1 {
                headers.insert("retry-after", seconds);
            }
            Ok(AsyncRawResponse::from_bytes(self.0, headers, Bytes::new()))
        }
    }

    async fn call(server: &Arc<Always>, call_max: Duration) -> azure_core::Result<()> {
        let options = bounded(Transport::new(Arc::<Always>::clone(server)), call_max);
        let pipeline = Pipeline::new(None, None, options, vec![], vec![], None);
        let mut request = Request::new("https://127.0.0.1/".parse().unwrap(), Method::Get);
        pipeline.send(&Context::new(), &mut request, None).await.map(|_| ())
    }

    #[tokio::test]
    async fn a_server_that_fails_is_asked_four_times() {
        let server = Arc::new(Always(StatusCode::InternalServerError, None, AtomicU32::new(0)));
        let error = call(&server, CALL_MAX).await.unwrap_err();
        assert_eq!(error.http_status(), Some(StatusCode::InternalServerError));
        assert_eq!(server.2.load(Ordering::SeqCst), 1 + RETRIES);
    }

    #[tokio::test]
    async fn a_server_that_asks_for_an_hour_does_not_get_it() {
        let server = Arc::new(Always(StatusCode::TooManyRequests, Some("3600"), AtomicU32::new(0)));
        let error = call(&server, Duration::from_millis(50)).await.unwrap_err();
        assert!(error.to_string().contains("no answer in 0.05 seconds"), "{error}");
        assert_eq!(server.2.load(Ordering::SeqCst), 1);
    }
}
