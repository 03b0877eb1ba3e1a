//! Drill-downs, the commands that carry them, and the sealed answers: what is kept of each, and for how long.

use std::time::Duration;

use domain::{CommandId, DrilldownId, RunnerId, Timestamp, drilldown::Drilldown};
use ports::Container;
use protocol::dsse::Envelope;
use serde::{Deserialize, Serialize};
use store::Document;

/// A Runner may be slow to say what it made of a command.
const RESULT_GRACE: Duration = Duration::from_mins(5);

/// A drill-down.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct DrilldownRecord(pub(crate) Drilldown);

impl Document for DrilldownRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "drilldown";

    fn id(&self) -> String {
        self.0.drilldown.to_string()
    }
}

/// A signed command for a Runner.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandRecord {
    pub(crate) command: CommandId,
    pub(crate) runner: RunnerId,
    /// The drill-down that it carries.
    pub(crate) drilldown: DrilldownId,
    pub(crate) envelope: Envelope,
    /// Not to be obeyed from then on.
    pub(crate) not_after: Timestamp,
    /// Whether the Runner still has to say what it made of it.
    pub(crate) is_waiting: bool,
}

impl CommandRecord {
    /// How the commands are found that wait for a Runner.
    pub(crate) fn waiting_for(runner: RunnerId) -> String {
        format!("{runner}:waiting")
    }
}

impl Document for CommandRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "command";

    fn id(&self) -> String {
        self.command.to_string()
    }

    fn k1(&self) -> Option<String> {
        Some(if self.is_waiting { Self::waiting_for(self.runner) } else { self.runner.to_string() })
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.not_after.plus(RESULT_GRACE))
    }
}

/// What a Runner answered, signed by it and sealed to the viewer: nobody else can read it, and soon it is gone.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerRecord {
    pub(crate) drilldown: DrilldownId,
    pub(crate) result: Envelope,
    pub(crate) answered_at: Timestamp,
}

impl AnswerRecord {
    pub(crate) fn id_of(drilldown: DrilldownId) -> String {
        format!("answer-{drilldown}")
    }
}

impl Document for AnswerRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "answer";

    fn id(&self) -> String {
        Self::id_of(self.drilldown)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.answered_at.plus(Drilldown::ANSWER_LIFETIME))
    }
}
