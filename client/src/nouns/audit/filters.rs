//! Which rows of the log are meant.

use clap::Args;

/// Which rows.
#[derive(Args, Clone, Debug)]
pub(super) struct FilterArgs {
    /// What happened, such as `auth.login.failed`, or a beginning, such as `auth.`
    #[arg(long)]
    action: Option<String>,
    /// Who acted
    #[arg(long)]
    actor: Option<String>,
    /// To what it was done
    #[arg(long)]
    target: Option<String>,
    /// How it ended: ok, denied, failed
    #[arg(long)]
    outcome: Option<String>,
    /// Sealed at this time or later (RFC 3339)
    #[arg(long)]
    from: Option<String>,
    /// Sealed before this time (RFC 3339)
    #[arg(long)]
    to: Option<String>,
}

impl FilterArgs {
    pub(super) fn given(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("action", &self.action),
            ("actor", &self.actor),
            ("target", &self.target),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("to", &self.to),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}
