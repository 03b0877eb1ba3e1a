//! Every kind of event that the log can hold: the whole taxonomy of the design, in one table (add, never rename).
//!
//! A kind is here before the first code that records it: an inspector's tools know the words of later releases. Which ones are recorded
//! today is said by the endpoints and triggers, in `docs/generated/events.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ocsf::{
    ACCOUNT_DELETE, ATTACH_POLICY, CREATE, DELETE, DETACH_POLICY, DISABLE, ENABLE, LOCK, LOGOFF,
    LOGON, MFA_FACTOR_DISABLE, MFA_FACTOR_ENABLE, OTHER, Ocsf, PASSWORD_CHANGE, PASSWORD_RESET,
    READ, UNLOCK, UPDATE, account, api, authentication,
};

macro_rules! event_kinds {
    ($($variant:ident = $name:literal, $ocsf:expr, $doc:literal;)*) => {
        /// What can be recorded: `<area>.<object>.<past tense>`.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum EventKind {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in the log.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The kind with this name in the log.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// What it says, in a sentence.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$variant => $doc,)*
                }
            }

            /// Its class and activity in the Open Cybersecurity Schema Framework.
            pub const fn ocsf(self) -> Ocsf {
                match self {
                    $(Self::$variant => $ocsf,)*
                }
            }
        }
    };
}

event_kinds! {
    // auth: sign-in, second factors, sessions
    LoginSucceeded = "auth.login.succeeded", authentication(LOGON), "Password and second factor were right.";
    LoginFailed = "auth.login.failed", authentication(LOGON), "A login attempt was refused.";
    LoginBlocked = "auth.login.blocked", authentication(LOGON), "A login was not even tried: a limit, a lock or a policy forbade it.";
    LogoutCompleted = "auth.logout.completed", authentication(LOGOFF), "A user signed out.";
    PasswordChanged = "auth.password.changed", account(PASSWORD_CHANGE), "A user chose a new password.";
    PasswordResetRequested = "auth.password.reset_requested", account(PASSWORD_RESET), "Somebody asked for a way to reset a password.";
    PasswordResetCompleted = "auth.password.reset_completed", account(PASSWORD_RESET), "A password was reset by a mailed link.";
    PasswordRejectedBreached = "auth.password.rejected_breached", account(OTHER), "A password was refused because it is known from a breach.";
    AccountLocked = "auth.account.locked", account(LOCK), "Too many failures in a row.";
    AccountUnlocked = "auth.account.unlocked", account(UNLOCK), "An account may be tried again.";
    MfaEnrolled = "auth.mfa.enrolled", account(MFA_FACTOR_ENABLE), "A second factor was confirmed.";
    MfaChallengeSucceeded = "auth.mfa.challenge_succeeded", authentication(LOGON), "A second factor was right.";
    MfaChallengeFailed = "auth.mfa.challenge_failed", authentication(LOGON), "A wrong or used code.";
    MfaResetRequested = "auth.mfa.reset_requested", account(OTHER), "Somebody asked for another administrator to reset a second factor.";
    MfaResetApproved = "auth.mfa.reset_approved", account(OTHER), "Another administrator agreed to reset a second factor.";
    MfaResetCompleted = "auth.mfa.reset_completed", account(MFA_FACTOR_DISABLE), "A second factor was reset.";
    BackupCodesGenerated = "auth.backup_codes.generated", account(OTHER), "New backup codes were shown once; older ones are void.";
    BackupCodeUsed = "auth.backup_code.used", authentication(LOGON), "A backup code stood in for the second factor.";
    PasskeyAdded = "auth.passkey.added", account(MFA_FACTOR_ENABLE), "A passkey was registered.";
    PasskeyRemoved = "auth.passkey.removed", account(MFA_FACTOR_DISABLE), "A passkey no longer counts.";
    SessionCreated = "auth.session.created", authentication(LOGON), "A device was signed in.";
    RefreshReused = "auth.session.refreshed_reuse_detected", authentication(LOGOFF), "An old refresh token came back; the session was revoked.";
    SessionRevoked = "auth.session.revoked", authentication(LOGOFF), "A device was signed out.";
    SessionsRevokedAll = "auth.sessions.revoked_all", authentication(LOGOFF), "Every device of a user was signed out.";
    StepUpSucceeded = "auth.stepup.succeeded", authentication(OTHER), "A signed-in user showed a second factor again.";
    StepUpFailed = "auth.stepup.failed", authentication(OTHER), "A signed-in user failed to.";
    SsoLoginSucceeded = "auth.sso.login_succeeded", authentication(LOGON), "An identity provider vouched for a user.";
    SsoLoginFailed = "auth.sso.login_failed", authentication(LOGON), "What an identity provider said was refused.";
    SsoJitProvisioned = "auth.sso.jit_provisioned", account(CREATE), "A user came to be with the first login by an identity provider.";
    SsoMfaExempted = "auth.sso.mfa_exemption_applied", authentication(OTHER), "The second factor of the identity provider was accepted instead of ours.";
    MtlsRejected = "auth.mtls.rejected", authentication(LOGON), "A client certificate was refused.";
    // iam: users, memberships, roles, providers, tokens
    UserInvited = "iam.user.invited", account(OTHER), "An invitation was issued.";
    InvitationRevoked = "iam.invitation.revoked", account(OTHER), "An invitation can no longer be redeemed.";
    UserCreated = "iam.user.created", account(CREATE), "An invitation was redeemed.";
    UserUpdated = "iam.user.updated", account(OTHER), "A user's account was changed.";
    UserDisabled = "iam.user.disabled", account(DISABLE), "A user may no longer sign in.";
    UserEnabled = "iam.user.enabled", account(ENABLE), "A user may sign in again.";
    UserErased = "iam.user.erased", account(ACCOUNT_DELETE), "A user's personal data was erased; the pseudonym stays.";
    MembershipGranted = "iam.membership.granted", account(ATTACH_POLICY), "A user got a role.";
    MembershipChanged = "iam.membership.changed", account(OTHER), "A user's roles were changed.";
    MembershipRevoked = "iam.membership.revoked", account(DETACH_POLICY), "A user lost a role.";
    MembershipExpired = "iam.membership.expired", account(DETACH_POLICY), "A role ended at its date.";
    RoleCreated = "iam.role.created", api(CREATE), "The tenant made a role of its own.";
    RoleUpdated = "iam.role.updated", api(UPDATE), "A role of the tenant's own was changed.";
    RoleDeleted = "iam.role.deleted", api(DELETE), "A role of the tenant's own was ended.";
    GroupMappingChanged = "iam.group_mapping.changed", api(UPDATE), "Which groups of a provider get which roles was changed.";
    IdpCreated = "iam.idp.created", api(CREATE), "An identity provider was described.";
    IdpUpdated = "iam.idp.updated", api(UPDATE), "The description of an identity provider was changed.";
    IdpTested = "iam.idp.tested", api(READ), "An identity provider was tried.";
    IdpEnabled = "iam.idp.enabled", api(UPDATE), "Users may sign in by an identity provider.";
    IdpDisabled = "iam.idp.disabled", api(UPDATE), "Nobody signs in by an identity provider any more.";
    ScimEnabled = "iam.scim.enabled", api(UPDATE), "A directory may provision users.";
    ScimTokenRotated = "iam.scim.token_rotated", api(UPDATE), "A directory got a new token.";
    ScimUserProvisioned = "iam.scim.user_provisioned", account(CREATE), "A directory made a user.";
    ScimUserDeprovisioned = "iam.scim.user_deprovisioned", account(DISABLE), "A directory ended a user.";
    ServiceAccountCreated = "iam.service_account.created", account(CREATE), "An account for a program came to be.";
    ServiceAccountRotated = "iam.service_account.rotated", account(OTHER), "An account for a program got a new secret.";
    ServiceAccountDisabled = "iam.service_account.disabled", account(DISABLE), "An account for a program no longer counts.";
    TokenIssued = "iam.token.issued", account(OTHER), "A personal access token was shown once.";
    TokenRevoked = "iam.token.revoked", account(OTHER), "A personal access token no longer counts.";
    MfaPolicyChanged = "iam.mfa_policy.changed", api(UPDATE), "Who must have a second factor was changed.";
    SodViolationBlocked = "iam.sod.violation_blocked", api(OTHER), "One person would have done two things that must be kept apart.";
    AccessDenied = "iam.access.denied", api(OTHER), "A caller asked for what it may not have.";
    // tenant
    TenantCreated = "tenant.created", api(CREATE), "A tenant came to be.";
    TenantUpdated = "tenant.updated", api(UPDATE), "A tenant's description was changed.";
    TenantSuspended = "tenant.suspended", api(UPDATE), "Nobody signs in any more; data is kept.";
    TenantResumed = "tenant.resumed", api(UPDATE), "A suspended tenant may be used again.";
    TenantClosing = "tenant.closing", api(UPDATE), "A tenant can be read and exported until it is closed.";
    TenantClosed = "tenant.closed", api(DELETE), "A tenant is closed for good: nobody signs in any more, and its keys are destroyed next.";
    PlanChanged = "tenant.plan.changed", api(UPDATE), "A tenant got another plan.";
    EntitlementOverridden = "tenant.entitlement.overridden", api(UPDATE), "A tenant has something that its plan does not say.";
    TenantSettingsChanged = "tenant.settings.changed", api(UPDATE), "A setting of a tenant was changed.";
    RegionSelected = "tenant.region.selected", api(CREATE), "Where a tenant's data lives was decided.";
    CmkSet = "tenant.cmk.set", api(CREATE), "A tenant's own key wraps its keys.";
    CmkRotated = "tenant.cmk.rotated", api(UPDATE), "A tenant's own key has a new version.";
    CmkRevoked = "tenant.cmk.revoked", api(DELETE), "A tenant took its own key away.";
    SupportAccessChanged = "tenant.support_access.changed", api(UPDATE), "Whether the platform's operators may act for a tenant was decided.";
    CustomerKeysChanged = "tenant.customer_keys.changed", api(UPDATE), "The customer's public keys were registered.";
    // operator: the platform's own people
    ImpersonationRequested = "operator.impersonation.requested", api(OTHER), "An operator asked to act for a user.";
    ImpersonationGranted = "operator.impersonation.granted", api(OTHER), "The tenant agreed.";
    ImpersonationStarted = "operator.impersonation.started", authentication(LOGON), "An operator acts for a user from now on.";
    ImpersonationAction = "operator.impersonation.action", api(OTHER), "An operator did something for a user.";
    ImpersonationEnded = "operator.impersonation.ended", authentication(LOGOFF), "An operator no longer acts for a user.";
    ImpersonationDenied = "operator.impersonation.denied", authentication(LOGON), "An operator may not act for a user.";
    OperatorDataAccessed = "operator.data.accessed", api(READ), "An operator read a tenant's data.";
    BreakGlassUsed = "operator.break_glass.used", api(OTHER), "An operator agreed to open what nobody of the tenant could; it takes two.";
    // procedure
    ProcedureCreated = "procedure.created", api(CREATE), "A procedure came to be.";
    ProcedureLinted = "procedure.version.linted", api(READ), "A procedure was checked without being kept.";
    VersionDrafted = "procedure.version.drafted", api(CREATE), "A version was drafted.";
    VersionSubmitted = "procedure.version.submitted", api(UPDATE), "A version was submitted for approval.";
    VersionApproved = "procedure.version.approved", api(UPDATE), "A version was approved.";
    VersionRejected = "procedure.version.rejected", api(OTHER), "A version was refused.";
    VersionPublished = "procedure.version.published", api(CREATE), "A signed version became available to Runners.";
    VersionDeprecated = "procedure.version.deprecated", api(UPDATE), "A version should no longer be used.";
    VersionWithdrawn = "procedure.version.withdrawn", api(DELETE), "A version may no longer be executed.";
    VersionRetired = "procedure.version.retired", api(DELETE), "A version is history.";
    ProcedureSignatureAdded = "procedure.signature.added", api(UPDATE), "A customer's key signed a version.";
    ProcedureMappingChanged = "procedure.mapping.changed", api(UPDATE), "Which controls a procedure proves was changed.";
    ProcedureAiSuggestionAccepted = "procedure.ai_suggestion.accepted", api(UPDATE), "A person took over what a model drafted.";
    ProcedureAiSuggestionRejected = "procedure.ai_suggestion.rejected", api(OTHER), "A person refused what a model drafted.";
    ProcedureImported = "procedure.imported", api(CREATE), "A procedure was read from another format.";
    ProcedureExported = "procedure.exported", api(READ), "A procedure was handed out.";
    // runner
    EnrolmentIssued = "runner.enrolment.issued", api(CREATE), "A Runner may enrol once.";
    EnrolmentRedeemed = "runner.enrolment.redeemed", api(CREATE), "A Runner enrolled and waits for approval.";
    EnrolmentApproved = "runner.enrolment.approved", api(UPDATE), "A waiting Runner was approved.";
    EnrolmentDenied = "runner.enrolment.denied", api(OTHER), "An enrolment was refused.";
    EnrolmentExpired = "runner.enrolment.expired", api(DELETE), "Nobody enrolled in time.";
    EnrolmentRevoked = "runner.enrolment.revoked", api(DELETE), "An enrolment was taken back.";
    RunnerActivated = "runner.activated", api(UPDATE), "A Runner was approved.";
    RunnerOffline = "runner.offline", api(OTHER), "A Runner was not heard of for too long.";
    RunnerOnline = "runner.online", api(OTHER), "A Runner was heard of again.";
    RunnerQuarantined = "runner.quarantined", api(UPDATE), "A Runner contradicted itself.";
    RunnerReleased = "runner.released", api(UPDATE), "A quarantined Runner counts again.";
    RunnerRevoked = "runner.revoked", api(DELETE), "A Runner's key no longer counts.";
    RunnerRetired = "runner.retired", api(DELETE), "A Runner ended its work.";
    RunnerKeyRotated = "runner.key.rotated", api(UPDATE), "A Runner signs with a new key.";
    RunnerKeyRevoked = "runner.key.revoked", api(DELETE), "A key of a Runner no longer counts.";
    RunnerKeyCompromised = "runner.key.marked_compromised", api(UPDATE), "A key of a Runner was known to others.";
    RunnerUpgraded = "runner.upgraded", api(UPDATE), "A Runner runs another release.";
    RunnerUpgradeFailed = "runner.upgrade_failed", api(OTHER), "A Runner could not be upgraded.";
    RunnerRolledBack = "runner.rolled_back", api(UPDATE), "A Runner went back to its release.";
    ClockSkewDetected = "runner.clock_skew.detected", api(OTHER), "A Runner's clock is wrong.";
    GapDetected = "runner.gap.detected", api(OTHER), "Statements of a Runner are missing.";
    GapDeclared = "runner.gap.declared", api(OTHER), "A Runner says that it lost statements.";
    GapFilled = "runner.gap.filled", api(OTHER), "Missing statements of a Runner came.";
    ForkDetected = "runner.fork.detected", api(OTHER), "Two statements of one Runner claim the same place: it was cloned.";
    CommandIssued = "runner.command.issued", api(CREATE), "A command was signed for a Runner.";
    CommandRefused = "runner.command.refused", api(OTHER), "A Runner refused a command.";
    CommandExpired = "runner.command.expired", api(OTHER), "A Runner did not fetch a command in time.";
    TrustPolicyChanged = "runner.trust_policy.changed", api(UPDATE), "A Runner works by another local policy.";
    // connector
    ConnectorCreated = "connector.created", api(CREATE), "A connector was configured.";
    ConnectorUpdated = "connector.updated", api(UPDATE), "A connector's configuration was changed.";
    ConnectorSecretSet = "connector.secret_set", api(UPDATE), "A connector got its secret.";
    ConnectorSecretRotated = "connector.secret_rotated", api(UPDATE), "A connector got a new secret.";
    ConnectorTested = "connector.tested", api(READ), "A connector was tried.";
    ConnectorFailed = "connector.failed", api(OTHER), "A connector could not do its work.";
    ConnectorDisabled = "connector.disabled", api(UPDATE), "A connector is no longer used.";
    ConnectorDeleted = "connector.deleted", api(DELETE), "A connector was removed.";
    // run
    RunScheduled = "run.scheduled", api(CREATE), "A run is planned.";
    RunTriggered = "run.triggered", api(CREATE), "Somebody asked for a run.";
    RunStarted = "run.started", api(UPDATE), "A Runner began a run.";
    RunCompleted = "run.completed", api(CREATE), "A run's signed statement was accepted.";
    RunFailed = "run.failed", api(UPDATE), "A run could not be finished.";
    RunCancelled = "run.cancelled", api(UPDATE), "A run was stopped.";
    RunLost = "run.lost", api(OTHER), "A run began and was never heard of again.";
    RunMissed = "run.missed", api(OTHER), "A planned run did not begin.";
    RunVerified = "run.result.verified", api(READ), "A run's statement was verified again.";
    RunSuspect = "run.result.suspect", api(OTHER), "A statement counts only with care: its key was revoked.";
    RunRejected = "run.result.rejected", api(OTHER), "A statement was refused and quarantined.";
    RunReplayed = "run.replayed", api(OTHER), "A run was scored again from its statement.";
    RunLateReceived = "run.late_received", api(OTHER), "A statement came long after its run.";
    IngestDuplicate = "ingest.event.duplicate", api(OTHER), "A statement came again, and got the receipt it had.";
    IngestConflict = "ingest.event.conflict", api(OTHER), "A statement contradicts one that was accepted.";
    IngestQuarantined = "ingest.event.quarantined", api(OTHER), "An event that no one can be held to was put aside.";
    IngestReplayed = "ingest.event.replayed", api(OTHER), "An event that was put aside was taken in again.";
    // evidence
    EvidenceSealed = "evidence.sealed", api(CREATE), "An evidence item was committed to.";
    DrilldownRequested = "evidence.drilldown.requested", api(CREATE), "A person asked for a raw value.";
    DrilldownDispatched = "evidence.drilldown.dispatched", api(UPDATE), "The request went to the Runner.";
    DrilldownApproved = "evidence.drilldown.approved_locally", api(UPDATE), "Somebody at the Runner agreed.";
    DrilldownDenied = "evidence.drilldown.denied_locally", api(OTHER), "The Runner refused.";
    DrilldownDelivered = "evidence.drilldown.delivered", api(READ), "The Runner's sealed answer came back.";
    DrilldownViewed = "evidence.drilldown.viewed", api(READ), "A person saw the raw value.";
    DrilldownFailed = "evidence.drilldown.failed", api(OTHER), "The Runner could not answer.";
    EvidenceDownloaded = "evidence.downloaded", api(READ), "Evidence that we keep was handed out.";
    EvidencePurged = "evidence.purged", api(DELETE), "Evidence that we kept was removed.";
    EvidenceExpired = "evidence.expired", api(DELETE), "Evidence is too old to count.";
    EvidenceHoldSet = "evidence.hold.set", api(UPDATE), "Evidence must be kept.";
    EvidenceHoldReleased = "evidence.hold.released", api(UPDATE), "Evidence need not be kept any longer.";
    EvidenceClassified = "evidence.classified", api(UPDATE), "Evidence was given a class.";
    PackRequested = "evidence.pack.requested", api(CREATE), "An evidence pack was asked for.";
    PackBuilt = "evidence.pack.built", api(UPDATE), "An evidence pack is ready.";
    PackDownloaded = "evidence.pack.downloaded", api(READ), "An evidence pack was handed out.";
    PackShared = "evidence.pack.shared", api(UPDATE), "An evidence pack may be seen by an auditor.";
    PackRevoked = "evidence.pack.revoked", api(DELETE), "An evidence pack may no longer be seen.";
    // exception and approval
    ExceptionRequested = "exception.requested", api(CREATE), "Somebody asked for an exception.";
    ExceptionUpdated = "exception.updated", api(UPDATE), "A request for an exception was changed.";
    ExceptionApproved = "exception.approved", api(UPDATE), "An exception was approved.";
    ExceptionRejected = "exception.rejected", api(UPDATE), "An exception was refused.";
    ExceptionActivated = "exception.activated", api(UPDATE), "An exception counts from now on.";
    ExceptionExpired = "exception.expired", api(DELETE), "An exception ended at its date.";
    ExceptionRevoked = "exception.revoked", api(DELETE), "An exception was taken back.";
    ExceptionInvalidated = "exception.invalidated", api(DELETE), "An exception no longer fits what it was made for.";
    ApprovalRequested = "approval.requested", api(CREATE), "A decision is wanted.";
    ApprovalDecided = "approval.decided", api(UPDATE), "A decision was made.";
    ApprovalExpired = "approval.expired", api(DELETE), "Nobody decided in time.";
    ApprovalWithdrawn = "approval.withdrawn", api(DELETE), "A decision is no longer wanted.";
    // esign
    CeremonyStarted = "esign.ceremony.started", api(CREATE), "Somebody began to sign.";
    CeremonyFailed = "esign.ceremony.failed", api(OTHER), "A signature was refused.";
    CeremonyAbandoned = "esign.ceremony.abandoned", api(DELETE), "A signature was begun and not given.";
    CeremonyCompleted = "esign.ceremony.completed", api(CREATE), "A record was signed.";
    SignatureInvalidated = "esign.signature.invalidated", api(UPDATE), "A signature no longer fits its record.";
    SigningLocked = "esign.lockout.triggered", account(LOCK), "Somebody failed too often to sign.";
    SignatureManifestExported = "esign.manifest.exported", api(READ), "The signatures of a record were handed out.";
    // document and workflow
    DocumentUploaded = "document.uploaded", api(CREATE), "A document was uploaded.";
    DocumentDownloaded = "document.downloaded", api(READ), "A document was handed out.";
    DocumentViewed = "document.viewed", api(READ), "A document was seen.";
    DocumentVersionAdded = "document.version_added", api(UPDATE), "A document has a new version.";
    DocumentDeleted = "document.deleted", api(DELETE), "A document was removed.";
    WorkflowTransitioned = "workflow.transitioned", api(UPDATE), "Something went from one state to another.";
    ExportCreated = "export.created", api(CREATE), "Something was laid out to be handed out.";
    ExportDownloaded = "export.downloaded", api(READ), "Something was handed out.";
    ExportBlockedUnsigned = "export.blocked_unsigned", api(OTHER), "Nothing was handed out because nobody signed it.";
    // consent
    ConsentTextPublished = "consent.text.published", api(CREATE), "What people consent to was published.";
    ConsentGranted = "consent.granted", api(CREATE), "A tenant agreed.";
    ConsentDenied = "consent.denied", api(OTHER), "A tenant did not agree.";
    ConsentRevoked = "consent.revoked", api(DELETE), "A tenant no longer agrees.";
    ConsentExpired = "consent.expired", api(DELETE), "A consent ended at its date.";
    ConsentSuperseded = "consent.superseded", api(UPDATE), "A consent was replaced by a newer one.";
    ConsentEnforcedBlock = "consent.enforced_block", api(OTHER), "Nothing was done because nobody consented.";
    // ai
    AiCallCompleted = "ai.call.completed", api(CREATE), "A model answered.";
    AiCallFailed = "ai.call.failed", api(OTHER), "A model did not answer.";
    AiCallBlockedNoConsent = "ai.call.blocked_no_consent", api(OTHER), "No model was called: there is no consent.";
    AiCallBlockedBudget = "ai.call.blocked_budget", api(OTHER), "No model was called: the budget is spent.";
    AiCallBlockedPolicy = "ai.call.blocked_policy", api(OTHER), "No model was called: a policy forbids it.";
    AiCallCancelled = "ai.call.cancelled", api(OTHER), "A call was stopped.";
    AiProviderEnabled = "ai.provider.enabled", api(UPDATE), "A provider may be used.";
    AiProviderDisabled = "ai.provider.disabled", api(UPDATE), "A provider may no longer be used.";
    AiProviderTermsUpdated = "ai.provider.terms_updated", api(UPDATE), "What a provider promises was changed.";
    AiOutputReviewed = "ai.output.reviewed", api(READ), "A person read what a model drafted.";
    AiOutputApproved = "ai.output.approved", api(UPDATE), "A person approved what a model drafted.";
    AiOutputRejected = "ai.output.rejected", api(UPDATE), "A person refused what a model drafted.";
    AiOutputEdited = "ai.output.edited", api(UPDATE), "A person changed what a model drafted.";
    AiClaimLinked = "ai.claim.linked", api(CREATE), "A claim was tied to the call that it comes from.";
    AiClaimUnlinked = "ai.claim.unlinked", api(DELETE), "A claim is no longer tied to a call.";
    AiSkillCreated = "ai.skill.created", api(CREATE), "A skill came to be.";
    AiSkillVersionPublished = "ai.skill.version_published", api(CREATE), "A version of a skill may be used.";
    AiSkillSuspended = "ai.skill.suspended", api(UPDATE), "A skill may not be used for now.";
    AiSkillRetired = "ai.skill.retired", api(DELETE), "A skill is history.";
    AiModelCardPublished = "ai.model_card.published", api(CREATE), "What a skill is for, and what it cannot do, was published.";
    AiEvalsetCreated = "ai.evalset.created", api(CREATE), "A set of questions with known answers was made.";
    AiEvalsetFrozen = "ai.evalset.frozen", api(UPDATE), "A set of questions can no longer be changed.";
    AiEvalCompleted = "ai.eval.completed", api(CREATE), "A skill was measured.";
    AiDriftDetected = "ai.drift.detected", api(OTHER), "A skill got worse.";
    AiDriftAcknowledged = "ai.drift.acknowledged", api(UPDATE), "Somebody looks after a skill that got worse.";
    AiDriftResolved = "ai.drift.resolved", api(UPDATE), "A skill is as good as it was.";
    AiRiskAdded = "ai.risk.added", api(CREATE), "A risk was put into the register.";
    AiRiskUpdated = "ai.risk.updated", api(UPDATE), "A risk was judged anew.";
    AiRiskAccepted = "ai.risk.accepted", api(UPDATE), "Somebody answers for a risk.";
    AiRiskClosed = "ai.risk.closed", api(UPDATE), "A risk is gone.";
    AiDossierExported = "ai.dossier.exported", api(READ), "The technical documentation was handed out.";
    AiOversightOverride = "ai.oversight.override", api(OTHER), "A person decided otherwise than a model drafted.";
    AiKillSwitchEngaged = "ai.kill_switch.engaged", api(UPDATE), "No model is called any more.";
    AiKillSwitchReleased = "ai.kill_switch.released", api(UPDATE), "Models may be called again.";
    AiToolApproved = "ai.tool.approved", api(UPDATE), "A model may use a tool.";
    AiToolDenied = "ai.tool.denied", api(OTHER), "A model may not use a tool.";
    // trust
    TrustAccessRequested = "trust.access.requested", api(CREATE), "Somebody asked to see what is not public.";
    TrustAccessApproved = "trust.access.approved", api(UPDATE), "Somebody may see what is not public.";
    TrustAccessDenied = "trust.access.denied", api(OTHER), "Somebody may not see what is not public.";
    TrustAccessGranted = "trust.access.granted", api(UPDATE), "Access to what is not public was opened.";
    TrustAccessExpired = "trust.access.expired", api(DELETE), "Access to what is not public ended at its date.";
    TrustAccessRevoked = "trust.access.revoked", api(DELETE), "Access to what is not public was taken back.";
    NdaPresented = "trust.nda.presented", api(READ), "A promise of confidence was shown.";
    NdaSigned = "trust.nda.signed", api(CREATE), "A promise of confidence was given.";
    NdaVoid = "trust.nda.void", api(DELETE), "A promise of confidence no longer counts.";
    TrustDocumentPublished = "trust.document.published", api(CREATE), "A document can be seen in the portal.";
    TrustDocumentUnpublished = "trust.document.unpublished", api(DELETE), "A document can no longer be seen in the portal.";
    TrustDocumentDownloaded = "trust.document.downloaded", api(READ), "A document of the portal was handed out.";
    TrustClaimChanged = "trust.claim.changed", api(UPDATE), "What the portal says was changed.";
    SubprocessorProposed = "subprocessor.proposed", api(CREATE), "A subprocessor is proposed.";
    SubprocessorNoticed = "subprocessor.noticed", api(UPDATE), "Customers were told of a subprocessor.";
    SubprocessorDelivered = "subprocessor.delivered", api(UPDATE), "The notice of a subprocessor reached a customer.";
    SubprocessorActivated = "subprocessor.activated", api(UPDATE), "A subprocessor works for us.";
    SubprocessorRemoved = "subprocessor.removed", api(DELETE), "A subprocessor no longer works for us.";
    SubprocessorAmended = "subprocessor.amended", api(UPDATE), "What a subprocessor does was changed.";
    ObjectionRaised = "subprocessor.objection.raised", api(CREATE), "A customer objects to a subprocessor.";
    ObjectionUpheld = "subprocessor.objection.upheld", api(UPDATE), "An objection is right.";
    ObjectionRejected = "subprocessor.objection.rejected", api(UPDATE), "An objection is refused.";
    ObjectionResolved = "subprocessor.objection.resolved", api(UPDATE), "An objection was settled.";
    StatusIncidentOpened = "status.incident.opened", api(CREATE), "The status page tells of an incident.";
    StatusIncidentUpdated = "status.incident.updated", api(UPDATE), "The status page tells more of an incident.";
    StatusIncidentResolved = "status.incident.resolved", api(UPDATE), "The status page says that an incident is over.";
    StatusComponentChanged = "status.component.changed", api(UPDATE), "A part of the service changed its state.";
    IncidentDeclared = "incident.declared", api(CREATE), "Something went wrong.";
    IncidentSeverityChanged = "incident.severity_changed", api(UPDATE), "How bad an incident is was judged anew.";
    IncidentCustomerNotified = "incident.customer_notified", api(UPDATE), "A customer was told of an incident.";
    IncidentClosed = "incident.closed", api(UPDATE), "An incident is over.";
    VdpReportReceived = "vdp.report.received", api(CREATE), "Somebody reported a weakness.";
    VdpReportAcknowledged = "vdp.report.acknowledged", api(UPDATE), "A report of a weakness was answered.";
    VdpReportTriaged = "vdp.report.triaged", api(UPDATE), "A report of a weakness was judged.";
    VdpReportFixed = "vdp.report.fixed", api(UPDATE), "A reported weakness is gone.";
    VdpReportCredited = "vdp.report.credited", api(UPDATE), "Who reported a weakness was thanked in public.";
    // privacy
    DsrReceived = "dsr.received", api(CREATE), "A person asked for a right of theirs.";
    DsrIdentityVerified = "dsr.identity_verified", api(UPDATE), "Who asked is known.";
    DsrAssigned = "dsr.assigned", api(UPDATE), "Somebody answers a person's request.";
    DsrExtended = "dsr.extended", api(UPDATE), "A person's request takes longer.";
    DsrFulfilled = "dsr.fulfilled", api(UPDATE), "A person got what they asked for.";
    DsrRefused = "dsr.refused", api(OTHER), "A person's request was refused.";
    DsrClosed = "dsr.closed", api(UPDATE), "A person's request is over.";
    DsrExportProduced = "dsr.export.produced", api(READ), "A person's data was laid out.";
    ErasureExecuted = "erasure.executed", api(DELETE), "A person's data was erased; proofs hold.";
    TransferAssessed = "transfer.tia_recorded", api(CREATE), "A transfer out of the region was assessed.";
    RetentionPolicyChanged = "retention.policy.changed", api(UPDATE), "How long is kept was changed.";
    PurgePreviewed = "retention.purge.previewed", api(READ), "What a purge would remove was looked at.";
    PurgeNoticed = "retention.purge.noticed", api(UPDATE), "A purge was announced.";
    PurgeAcknowledged = "retention.purge.acknowledged", api(UPDATE), "A tenant's administrator agreed to a purge before its notice was over.";
    PurgeExecuted = "retention.purge.executed", api(DELETE), "What was too old was removed.";
    HoldSet = "hold.set", api(UPDATE), "Something must be kept, however old it is.";
    HoldReleased = "hold.released", api(UPDATE), "Something need not be kept any longer.";
    // audit: the log itself
    AuditViewed = "audit.viewed", api(READ), "The log was read.";
    AuditExported = "audit.exported", api(READ), "The log was exported.";
    AuditVerified = "audit.verified", api(READ), "The log was verified.";
    AuditVerifyFailed = "audit.verify_failed", api(OTHER), "The log was verified, and something does not hold.";
    CheckpointCreated = "audit.checkpoint.created", api(CREATE), "A head of the log was signed.";
    CheckpointCosigned = "audit.checkpoint.cosigned", api(UPDATE), "A witness cosigned a head of the log.";
    AuditRetentionPurged = "audit.retention.purged", api(DELETE), "Rows that were too old were removed; their hashes stay.";
    LogGenesis = "log.genesis", api(CREATE), "The first row of a log.";
    LogRotated = "log.rotate", api(UPDATE), "The last row of a log's epoch; it names the next.";
    LogKey = "log.key", api(UPDATE), "Another key speaks for the log from here on.";
    LogIncomplete = "log.incomplete", api(OTHER), "An intent is missing, came twice or was changed.";
    LogFilled = "log.filled", api(OTHER), "An intent that had been given up came, and was sealed.";
    LogVoid = "log.void", api(OTHER), "Numbers of intents are void: storage refused what they were given out for.";
    LogPurge = "log.purge", api(DELETE), "Rows before this one are about to be removed; their hashes stay.";
    LogAlarm = "log.alarm", api(OTHER), "The log was found to be other than what was signed.";
    LogClose = "log.close", api(DELETE), "The last row of a log.";
    // system
    KeyRotated = "key.rotated", api(UPDATE), "A key has a new version.";
    KeyRewrapped = "key.rewrapped", api(UPDATE), "A key is wrapped by another one.";
    KeyDestroyed = "key.destroyed", api(DELETE), "A key no longer exists.";
    ConfigChanged = "config.changed", api(UPDATE), "The deployment's configuration was changed.";
    BackupCompleted = "backup.completed", api(CREATE), "A backup was made.";
    BackupRestoreTested = "backup.restore_tested", api(READ), "A backup was restored on trial.";
    ReleaseDeployed = "release.deployed", api(UPDATE), "Another release runs.";
    WebhookCreated = "webhook.created", api(CREATE), "A customer's address gets events.";
    WebhookUpdated = "webhook.updated", api(UPDATE), "A customer's address for events was changed.";
    WebhookDeliveryDead = "webhook.delivery_dead", api(OTHER), "An event could not be delivered.";
}

impl EventKind {
    /// Whether somebody waits until it is sealed: what follows must not happen before its row is in the log.
    pub const fn is_awaited(self) -> bool {
        matches!(self, Self::AuditExported | Self::DrilldownRequested | Self::ImpersonationStarted)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
