//! Post that goes out by way of a queue: a letter is not lost when a server does not answer, and nobody learns from how long a request takes
//! whether one was sent (threat T04). What waits is sealed, because letters have addresses and links.

use std::time::Duration;

use domain::{
    ResetId, TenantId, Timestamp, UserId,
    auth::{Email, Ticket},
    kind,
};
use ports::{Letter, QueueName};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{Partition, StoreError, TenantRecord};
use web::Problem;

use crate::{
    AuthState,
    letters::{self, Topic},
    records::UserRecord,
};

/// Where waiting post is sealed to.
const PLACE: (&str, &str) = ("letters", "message");

/// What waits in the queue.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Post {
    /// A letter as it goes out.
    Letter { to: String, subject: String, text: String, html: Option<String> },
    /// Somebody says that the password of this address is forgotten. Whose it is, if anyone's, is looked up when nobody waits for an answer.
    Forgotten { email: String, reset: ResetId, secret: [u8; 32], leaked: bool },
}

impl From<Letter> for Post {
    fn from(Letter { to, subject, text, html }: Letter) -> Self {
        Self::Letter { to, subject, text, html }
    }
}

impl AuthState {
    /// Puts post into the queue.
    pub(crate) async fn post(&self, post: &Post) -> Result<(), Problem> {
        let text = serde_json::to_vec(post).map_err(|error| Problem::internal(&error))?;
        let sealed = self.seal_field(TenantId::SYSTEM, PLACE, &text).await?;
        let sent = self.queue.send(QueueName::Letters, &sealed, Duration::ZERO).await;
        sent.map_err(|error| StoreError::Unavailable(error.to_string()).into())
    }

    /// Opens what [`post`](Self::post) sent.
    pub(crate) async fn open_post(&self, text: &str) -> Result<Post, Problem> {
        let opened = self.unseal(TenantId::SYSTEM, PLACE, text).await?;
        serde_json::from_slice(&opened).map_err(|error| Problem::internal(&error))
    }

    /// Posts that the password of `email` is forgotten, or leaked.
    pub(crate) async fn post_forgotten(
        &self,
        email: &Email,
        leaked: bool,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let (email, reset, secret) = (email.as_str().to_owned(), self.id(now), self.random());
        self.post(&Post::Forgotten { email, reset, secret, leaked }).await
    }

    /// Tells a user what happened to their account. What happened stays so if the letter cannot be posted; the log has it in any case.
    pub(crate) async fn tell(&self, data: &Partition, user: UserId, topic: &Topic<'_>) {
        if let Err(problem) = self.tell_first(data, user, topic).await {
            tracing::error!(code = problem.code, user = %user, "a letter was not posted");
        }
    }

    /// The same, where what is told must not happen untold.
    ///
    /// # Errors
    /// When the letter cannot be posted.
    pub(crate) async fn tell_first(
        &self,
        data: &Partition,
        user: UserId,
        topic: &Topic<'_>,
    ) -> Result<(), Problem> {
        let record = data.get::<UserRecord>(&user.to_string()).await?.document;
        let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document;
        let to = self.open_email(data.tenant(), &record).await?;
        self.post(&letters::write(&to, &tenant.name, topic).into()).await
    }

    /// A page of ours, with a token in the fragment: browsers send that to nobody, so neither logs nor the next site see it.
    pub(crate) fn link(&self, page: &str, token: &SecretString) -> SecretString {
        use secrecy::ExposeSecret as _;
        format!("{}/{page}#token={}", self.public_url, token.expose_secret()).into()
    }
}

/// The ticket of a reset that waited in the queue: the same again if it is delivered again.
pub(crate) fn reset_ticket(
    tenant: TenantId,
    reset: ResetId,
    secret: [u8; 32],
) -> Ticket<kind::Reset> {
    Ticket::new(tenant, reset, secret)
}
