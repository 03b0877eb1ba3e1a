//! Somebody else's witness, asked by HTTP (C2SP tlog-witness, `add-checkpoint`).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chain::{cosignature::WitnessKey, note::NoteError};
use protocol::Digest;
use reqwest::{Client, Response, StatusCode, header::CONTENT_TYPE, redirect::Policy};

/// How long a witness may take. Whoever waits for it is a job of its own; no signature does.
const ANSWERS_IN: Duration = Duration::from_secs(10);
/// More than any number of cosignatures.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// What a witness calls the size that it knows.
const SIZE_TYPE: &str = "text/x.tlog.size";

/// A witness and where it takes checkpoints.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LogWitness {
    /// Its key.
    pub(crate) key: WitnessKey,
    /// Its submission prefix, without a slash at the end.
    pub(crate) url: String,
}

/// What a witness answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answered {
    /// It cosigned: lines of a note.
    Cosigned(String),
    /// It knows another size of the log.
    Knows(u64),
    /// It knows another tree of the very size: one of the two is a fork.
    Fork,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// Not reached, too late, or it broke off.
    #[error("the witness was not reached")]
    Unreached(#[from] reqwest::Error),
    /// It refuses.
    #[error("the witness refused with the status {0}")]
    Refused(u16),
    /// Longer than any answer.
    #[error("the witness' answer is longer than any")]
    TooLong,
    /// No size where there should be one.
    #[error("the witness' answer is not one of C2SP tlog-witness")]
    Unreadable,
}

/// A list of witnesses that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    /// Not a key and an address.
    #[error("witness {0} is not a verifier key and an address, with a semicolon to the next")]
    Form(usize),
    /// Its key cannot be read.
    #[error("witness {0} has no usable key")]
    Key(usize, #[source] NoteError),
}

impl LogWitness {
    /// Reads `KEY URL; KEY URL…`, as the setting has it.
    ///
    /// # Errors
    /// [`ListError`]; witnesses count from 1.
    pub(crate) fn list(text: &str) -> Result<Vec<Self>, ListError> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        (1..)
            .zip(parts)
            .map(|(place, part)| {
                let (key, url) = part.split_once(' ').ok_or(ListError::Form(place))?;
                let url = url.trim().trim_end_matches('/');
                if !url.starts_with("https://") && !url.starts_with("http://") {
                    return Err(ListError::Form(place));
                }
                let key = key.parse().map_err(|error| ListError::Key(place, error))?;
                Ok(Self { key, url: url.to_owned() })
            })
            .collect()
    }

    /// Asks the witness to cosign `checkpoint`, which continues the log of `old` rows as `proof` shows.
    ///
    /// # Errors
    /// [`AskError`].
    pub(crate) async fn ask(
        &self,
        old: u64,
        proof: &[Digest],
        checkpoint: &str,
    ) -> Result<Answered, AskError> {
        let client = Client::builder()
            .timeout(ANSWERS_IN)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("proofline/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let body = request(old, proof, checkpoint);
        let response =
            client.post(format!("{}/add-checkpoint", self.url)).body(body).send().await?;
        let (status, is_size) = (response.status(), says_size(&response));
        let answer = read(response).await?;
        match status {
            StatusCode::OK => Ok(Answered::Cosigned(answer)),
            StatusCode::CONFLICT if is_size => size(&answer).map(Answered::Knows),
            StatusCode::CONFLICT => Ok(Answered::Fork),
            other => Err(AskError::Refused(other.as_u16())),
        }
    }
}

/// The body of `add-checkpoint`.
fn request(old: u64, proof: &[Digest], checkpoint: &str) -> String {
    let proof: String =
        proof.iter().map(|Digest(hash)| format!("{}\n", STANDARD.encode(hash))).collect();
    format!("old {old}\n{proof}\n{checkpoint}")
}

fn says_size(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.split(';').next().unwrap_or_default().trim() == SIZE_TYPE)
}

/// A number in decimal without leading zeros, and a newline.
fn size(answer: &str) -> Result<u64, AskError> {
    let text = answer.strip_suffix('\n').unwrap_or(answer);
    let size = text.parse::<u64>().ok().filter(|size| size.to_string() == text);
    size.ok_or(AskError::Unreadable)
}

async fn read(mut response: Response) -> Result<String, AskError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(AskError::TooLong);
        }
    }
    String::from_utf8(body).map_err(|_| AskError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "audit.example.com/witness/build-1+d7f6b75b+BKf236+POLibqM5km1lPkeTQH9xX+clJPfQ7XlCpmHNn";

    /// The example of C2SP tlog-witness, "add-checkpoint": what stands before the checkpoint.
    #[test]
    fn a_request_is_that_of_the_specification() {
        let hashes = [
            "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
            "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
            "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
            "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
        ];
        let proof = hashes.map(|hash| Digest(STANDARD.decode(hash).unwrap().try_into().unwrap()));
        let head =
            "old 20852014\n".to_owned() + &hashes.join("\n") + "\n\nexample.com/behind-the-sofa\n";
        assert_eq!(request(20_852_014, &proof, "example.com/behind-the-sofa\n"), head);
        assert_eq!(request(0, &[], "o\n"), "old 0\n\no\n");
    }

    #[test]
    fn a_list_names_keys_and_addresses() {
        let list =
            LogWitness::list(&format!("{KEY} https://w.example/a/; {KEY}  http://localhost:1 ;"))
                .unwrap();
        let urls: Vec<_> = list.iter().map(|witness| witness.url.as_str()).collect();
        assert_eq!(urls, ["https://w.example/a", "http://localhost:1"]);
        assert_eq!(LogWitness::list(" ").unwrap(), []);
        for bad in [
            KEY.to_owned(),
            format!("{KEY} ftp://w"),
            format!("{KEY}x https://w"),
            "a b".to_owned(),
        ] {
            assert!(LogWitness::list(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_size_has_one_spelling() {
        assert_eq!(size("20852163\n").ok(), Some(20_852_163));
        for bad in ["", "\n", "01\n", "-1\n", "1 \n", "one\n"] {
            assert!(size(bad).is_err(), "{bad:?}");
        }
    }
}
