//! Fetching commands and delivering their results.

use domain::CommandId;
use protocol::{
    dsse::Envelope,
    routes::{COMMANDS, CommandsAnswer, ENVELOPE_MEDIA_TYPE, result_path},
    strict_json::JsonError,
};

use super::{CallError, ControlPlane};

impl ControlPlane<'_> {
    /// The commands that wait; the control plane may hold the answer back for up to `wait_s` seconds until there is one.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn commands(&self, wait_s: u32) -> Result<CommandsAnswer, CallError> {
        self.get(&format!("{COMMANDS}?wait={wait_s}")).await
    }

    /// Delivers what was made of a command. A result that the control plane no longer wants is as good as delivered.
    ///
    /// # Errors
    /// [`CallError`]: to be delivered again.
    pub(crate) async fn deliver_result(
        &self,
        command: CommandId,
        result: &Envelope,
    ) -> Result<(), CallError> {
        let body =
            serde_json::to_vec(result).map_err(|error| JsonError::Shape(error.to_string()))?;
        match self.deliver(&result_path(command), ENVELOPE_MEDIA_TYPE, body).await {
            Ok(()) | Err(CallError::Refused { status: 404 | 409 | 410, .. }) => {
                Ok(self.vault.mark_delivered(command)?)
            }
            Err(other) => Err(other),
        }
    }
}
