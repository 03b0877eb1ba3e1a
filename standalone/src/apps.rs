//! The function apps of this binary, each with one line.

use crate::HostedApp;

/// Every function app.
pub const APPS: &[HostedApp] = &[
    HostedApp::of::<auth::Auth>(),
    HostedApp::of::<runs::Runs>(),
    HostedApp::of::<audit::Audit>(),
    HostedApp::of::<signer::Signer>(),
    HostedApp::of::<purge::Purge>(),
];
