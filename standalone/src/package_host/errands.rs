//! Invocations that somebody asked for by hand, and that nobody waits for.

use std::sync::Arc;

use ports::Message;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    function_json::Trigger,
    invoke::invoke,
    site::{Errand, Site},
};
use crate::serve::{envelope, stop::Stop};

/// Runs errands until `stop`, and finishes what was begun.
pub(crate) async fn run(site: Arc<Site>, mut errands: mpsc::UnboundedReceiver<Errand>, stop: Stop) {
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.stopped() => break,
            Some(errand) = errands.recv() => {
                under_way.spawn(one(Arc::clone(&site), errand));
            }
            Some(_) = under_way.join_next() => {}
        }
    }
    while under_way.join_next().await.is_some() {}
}

async fn one(site: Arc<Site>, errand: Errand) {
    let Errand { app, function, input } = errand;
    let (binding, sys) = (function.binding.as_str(), site.sys(&function));
    let read =
        || serde_json::from_str::<Value>(&input).unwrap_or_else(|_| Value::String(input.clone()));
    let envelope = match &function.trigger {
        Trigger::Timer { .. } => envelope::timer(binding, None, false, &sys),
        Trigger::EventGrid { is_many: false } => envelope::event_grid(binding, read(), &sys),
        Trigger::EventGrid { is_many: true } => {
            let sent = read();
            let events = sent.as_array().cloned().unwrap_or_else(|| vec![sent]);
            envelope::event_grid_many(binding, events, &sys)
        }
        Trigger::Queue { is_binary, .. } => {
            let message = Message {
                id: site.guid(),
                text: input.clone(),
                dequeue_count: 1,
                receipt: site.guid(),
            };
            let write = if *is_binary { envelope::queue_binary } else { envelope::queue };
            write(binding, &message, site.now(), &sys)
        }
        Trigger::Http(_) => {
            tracing::error!(
                function = app.full_name(&function),
                "an HTTP function is not invoked through /admin: call its route"
            );
            return;
        }
    };
    if let Err(error) = invoke(&site, &app, &function, &envelope).await {
        tracing::error!(function = app.full_name(&function), error = %error, "an invocation by hand failed");
    }
}
