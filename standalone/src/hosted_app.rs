//! A function app without its type, so that all of them fit into one list.

use std::{fmt, io, pin::Pin, process::ExitCode, thread};

use host::{Config, OpenError, Opened};
use ports::{Identity, Ports};
use web::{FunctionApp, Trigger};

type Opening<'a> = Pin<Box<dyn Future<Output = Result<Opened, OpenError>> + Send + 'a>>;

/// A function app that this binary can host.
#[derive(Clone, Copy)]
pub struct HostedApp {
    /// Whose rights it has; its name is the app's name.
    pub identity: Identity,
    open: for<'a> fn(Ports, &'a Config) -> Opening<'a>,
    run: fn(Lifeline) -> ExitCode,
    triggers: fn() -> Vec<&'static Trigger>,
}

/// What a process of its own lives by, beside signals.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lifeline {
    /// Nothing else.
    None,
    /// It ends when its standard input does: whoever started it is gone.
    Stdin,
}

impl HostedApp {
    /// The app `A`.
    pub const fn of<A: FunctionApp>() -> Self {
        Self {
            identity: A::IDENTITY,
            open: |ports, config| Box::pin(host::open::<A>(ports, config)),
            run: |lifeline| host::run_until::<A, _>(move || lifeline.cut()),
            triggers: || A::app().triggers(),
        }
    }

    /// Opens it in this process.
    pub(crate) async fn open(&self, ports: Ports, config: &Config) -> Result<Opened, OpenError> {
        (self.open)(ports, config).await
    }

    /// Runs it as a custom handler, which is then all that this process does.
    pub fn run(&self, lifeline: Lifeline) -> ExitCode {
        (self.run)(lifeline)
    }

    pub(crate) fn triggers(&self) -> Vec<&'static Trigger> {
        (self.triggers)()
    }
}

impl fmt::Debug for HostedApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostedApp").field(&self.identity).finish()
    }
}

impl Lifeline {
    /// The lifeline of a process that was started with `--while-stdin` or without.
    pub(crate) fn of_flag(while_stdin: bool) -> Self {
        if while_stdin { Self::Stdin } else { Self::None }
    }

    /// Until it is cut.
    ///
    /// The read is a thread of its own: a runtime waits for its own blocking reads at the end, and this one may never return.
    pub(crate) async fn cut(self) {
        if self == Self::None {
            return std::future::pending().await;
        }
        let (cut, is_cut) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
            cut.send(()).ok();
        });
        drop(is_cut.await);
    }
}
