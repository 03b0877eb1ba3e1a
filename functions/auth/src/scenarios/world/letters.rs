//! The letters that the app sends, and the tokens in them.

use std::{fs, time::Duration};

use axum::http::StatusCode;
use ports::QueueName;
use serde_json::json;

use super::{World, requests::send};

impl World {
    /// Sends what waits in the queue of letters.
    pub(in crate::scenarios) async fn send_letters(&self) -> usize {
        let queues = self.store.queues();
        let mut count = 0;
        let wait = Duration::from_secs(30);
        while let Some(message) = queues.receive(QueueName::Letters, wait).await.unwrap() {
            let quoted = serde_json::to_string(&message.text).unwrap();
            let envelope = json!({"Data": {"message": quoted}, "Metadata": {}});
            let sent = send(&self.invocations, "POST", "/send_letter", None, Some(envelope)).await;
            assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
            queues.delete(QueueName::Letters, &message).await.unwrap();
            count += 1;
        }
        count
    }

    /// Sends the next letter twice, as a queue may; the tokens of this kind in the two.
    pub(in crate::scenarios) async fn deliver_twice(&self, prefix: &str) -> Vec<String> {
        let queues = self.store.queues();
        let message = queues.receive(QueueName::Letters, Duration::from_secs(30)).await.unwrap();
        let message = message.unwrap();
        let before = self.outbox();
        let quoted = serde_json::to_string(&message.text).unwrap();
        for _ in 0..2 {
            let envelope = json!({"Data": {"message": quoted}, "Metadata": {}});
            let sent = send(&self.invocations, "POST", "/send_letter", None, Some(envelope)).await;
            assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
        }
        queues.delete(QueueName::Letters, &message).await.unwrap();
        let new = self.outbox().into_iter().filter(|letter| !before.contains(letter));
        new.map(|letter| token_in(&letter, prefix).unwrap()).collect()
    }

    /// The token of the last invitation that was mailed to `email`.
    pub(in crate::scenarios) async fn mailed_token(&self, email: &str) -> String {
        self.send_letters().await;
        let mut letters: Vec<_> = fs::read_dir(self.dir.path().join("data").join("outbox"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        letters.sort();
        let mut texts = letters.iter().map(|path| fs::read_to_string(path).unwrap());
        let last = texts.rfind(|text| text.contains(email)).unwrap();
        // Quoted-printable: a line that goes on ends with an equals sign.
        let last = last.replace("=\r\n", "").replace("=3D", "=");
        let start = last.find("pfl_inv_").unwrap();
        let is_token = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        last[start..].chars().take_while(|letter| is_token(*letter)).collect()
    }

    /// The letters in the outbox, in their order.
    pub(in crate::scenarios) async fn letters(&self) -> Vec<String> {
        self.send_letters().await;
        self.outbox()
    }

    fn outbox(&self) -> Vec<String> {
        let outbox = fs::read_dir(self.store.outbox()).unwrap();
        let mut paths: Vec<_> = outbox.map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    /// The token of this kind in the last letter to `email`.
    pub(in crate::scenarios) async fn token_in_letter(
        &self,
        email: &str,
        prefix: &str,
    ) -> Option<String> {
        let letters = self.letters().await;
        let mut mine = letters.iter().rev().filter(|letter| letter.contains(email));
        mine.find_map(|letter| token_in(letter, prefix))
    }
}

/// The token of this kind in a letter.
fn token_in(letter: &str, prefix: &str) -> Option<String> {
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let start = letter.find(prefix)?;
    Some(letter[start..].chars().take_while(|letter| is_token(*letter)).collect())
}
