//! Which function answers which route, and which trigger.

use web::App;

use crate::{
    AuthState, acknowledge_codes, backup_codes, begin_login, bootstrap, break_glass,
    change_password, close_tenants, confirm_totp, custom_roles, end_sessions, grant_role,
    invitations, list_keys, list_sessions, list_users, move_user, offer_totp, own_key, own_tenant,
    personal_tokens, platform_tenants, read_me, read_user, recoveries, redeem_invitation,
    redeem_recovery, redeem_reset, refresh_tokens, replace_totp, request_recovery, request_reset,
    reseal_tenant, revoke_session, rotate_record_keys, rotate_signing_key, send_letter, step_up,
    sweep_keys, verify_backup, verify_login, visits,
};

/// Everything that the app answers.
pub(crate) fn all() -> App<AuthState> {
    let groups = [sign_in, credentials, people, tenant, platform, triggers];
    groups.into_iter().fold(App::default(), |app, add| add(app))
}

/// Until somebody is signed in, and on.
fn sign_in(app: App<AuthState>) -> App<AuthState> {
    app.route(&redeem_invitation::ENDPOINT, redeem_invitation::handle)
        .route(&begin_login::ENDPOINT, begin_login::handle)
        .route(&verify_login::ENDPOINT, verify_login::handle)
        .route(&offer_totp::ENDPOINT, offer_totp::handle)
        .route(&confirm_totp::ENDPOINT, confirm_totp::handle)
        .route(&refresh_tokens::ENDPOINT, refresh_tokens::handle)
        .route(&step_up::ENDPOINT, step_up::handle)
        .route(&list_keys::ENDPOINT, list_keys::handle)
        .route(&verify_backup::ENDPOINT, verify_backup::handle)
        .route(&acknowledge_codes::ENDPOINT, acknowledge_codes::handle)
        .route(&request_recovery::ENDPOINT, request_recovery::handle)
        .route(&request_reset::ENDPOINT, request_reset::handle)
        .route(&redeem_reset::ENDPOINT, redeem_reset::handle)
        .route(&redeem_recovery::ENDPOINT, redeem_recovery::handle)
}

/// What a user does with what is theirs.
fn credentials(app: App<AuthState>) -> App<AuthState> {
    app.route(&read_me::ENDPOINT, read_me::handle)
        .route(&list_sessions::ENDPOINT, list_sessions::handle)
        .route(&revoke_session::ENDPOINT, revoke_session::handle)
        .route(&backup_codes::ENDPOINT, backup_codes::handle)
        .route(&replace_totp::OFFER, replace_totp::offer)
        .route(&replace_totp::CONFIRM, replace_totp::confirm)
        .route(&change_password::ENDPOINT, change_password::handle)
        .route(&end_sessions::ALL, end_sessions::all)
        .route(&end_sessions::OTHERS, end_sessions::others)
        .route(&personal_tokens::list::ENDPOINT, personal_tokens::list::handle)
        .route(&personal_tokens::issue::ENDPOINT, personal_tokens::issue::handle)
        .route(&personal_tokens::revoke::ENDPOINT, personal_tokens::revoke::handle)
}

/// Who is in a tenant, and what they may.
fn people(app: App<AuthState>) -> App<AuthState> {
    app.route(&recoveries::list::ENDPOINT, recoveries::list::handle)
        .route(&recoveries::request::ENDPOINT, recoveries::request::handle)
        .route(&recoveries::approve::ENDPOINT, recoveries::approve::handle)
        .route(&recoveries::deny::ENDPOINT, recoveries::deny::handle)
        .route(&list_users::ENDPOINT, list_users::handle)
        .route(&read_user::ENDPOINT, read_user::handle)
        .route(&move_user::DISABLE, move_user::disable)
        .route(&move_user::ENABLE, move_user::enable)
        .route(&move_user::LOCK, move_user::lock)
        .route(&move_user::UNLOCK, move_user::unlock)
        .route(&grant_role::GRANT, grant_role::grant)
        .route(&grant_role::REVOKE, grant_role::revoke)
        .route(&invitations::list::ENDPOINT, invitations::list::handle)
        .route(&invitations::issue::ENDPOINT, invitations::issue::handle)
        .route(&invitations::resend::ENDPOINT, invitations::resend::handle)
        .route(&invitations::revoke::ENDPOINT, invitations::revoke::handle)
        .route(&custom_roles::list::ENDPOINT, custom_roles::list::handle)
        .route(&custom_roles::create::ENDPOINT, custom_roles::create::handle)
        .route(&custom_roles::update::ENDPOINT, custom_roles::update::handle)
        .route(&custom_roles::end::ENDPOINT, custom_roles::end::handle)
}

/// What a tenant decides for itself.
fn tenant(app: App<AuthState>) -> App<AuthState> {
    app.route(&own_tenant::read::ENDPOINT, own_tenant::read::handle)
        .route(&own_tenant::entitlements::ENDPOINT, own_tenant::entitlements::handle)
        .route(&own_tenant::settings::ENDPOINT, own_tenant::settings::handle)
        .route(&own_tenant::mfa_policy::ENDPOINT, own_tenant::mfa_policy::handle)
        .route(&own_tenant::support_access::ENDPOINT, own_tenant::support_access::handle)
        .route(&own_key::READ, own_key::read)
        .route(&own_key::SET, own_key::set)
        .route(&own_key::REMOVE, own_key::remove)
        .route(&own_tenant::close::ENDPOINT, own_tenant::close::handle)
        .route(&own_tenant::reopen::ENDPOINT, own_tenant::reopen::handle)
        .route(&visits::list::ENDPOINT, visits::list::handle)
        .route(&visits::allow::ENDPOINT, visits::allow::handle)
        .route(&visits::deny::ENDPOINT, visits::deny::handle)
        .route(&visits::dismiss::ENDPOINT, visits::dismiss::handle)
}

/// What the platform's operators do.
fn platform(app: App<AuthState>) -> App<AuthState> {
    app.route(&platform_tenants::list::ENDPOINT, platform_tenants::list::handle)
        .route(&platform_tenants::create::ENDPOINT, platform_tenants::create::handle)
        .route(&platform_tenants::invite_owner::ENDPOINT, platform_tenants::invite_owner::handle)
        .route(&platform_tenants::read::ENDPOINT, platform_tenants::read::handle)
        .route(&platform_tenants::plan::ENDPOINT, platform_tenants::plan::handle)
        .route(&platform_tenants::overrides::ENDPOINT, platform_tenants::overrides::handle)
        .route(&platform_tenants::suspend::ENDPOINT, platform_tenants::suspend::handle)
        .route(&platform_tenants::resume::ENDPOINT, platform_tenants::resume::handle)
        .route(&break_glass::AGREE, break_glass::agree)
        .route(&visits::request::ENDPOINT, visits::request::handle)
        .route(&visits::begin::ENDPOINT, visits::begin::handle)
        .route(&visits::end::ENDPOINT, visits::end::handle)
}

/// What no user asks for.
fn triggers(app: App<AuthState>) -> App<AuthState> {
    app.on(&bootstrap::TRIGGER, bootstrap::handle)
        .on(&close_tenants::TRIGGER, close_tenants::handle)
        .on(&custom_roles::sweep::TRIGGER, custom_roles::sweep::handle)
        .on(&send_letter::TRIGGER, send_letter::handle)
        .on(&rotate_signing_key::TRIGGER, rotate_signing_key::handle)
        .on(&rotate_record_keys::TRIGGER, rotate_record_keys::handle)
        .on(&sweep_keys::TRIGGER, sweep_keys::handle)
        .on(&reseal_tenant::TRIGGER, reseal_tenant::handle)
}
