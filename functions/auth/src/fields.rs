//! Fields that are sealed under the tenant's own key: e-mail addresses and TOTP secrets, each bound to its record and field.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::{
    InvitationId, TenantId, UserId,
    auth::{Credential, Email, EnrolmentError, Factor, TotpSecret},
};
use ports::Container;
use seal::Place;
use web::Problem;
use zeroize::Zeroizing;

use crate::{
    AuthState,
    records::{CredentialRecord, UserRecord},
};

impl AuthState {
    pub(crate) async fn seal_email(
        &self,
        tenant: TenantId,
        user: UserId,
        email: &Email,
    ) -> Result<String, Problem> {
        self.seal_field(tenant, (&user.to_string(), "email"), email.as_str().as_bytes()).await
    }

    pub(crate) async fn open_email(
        &self,
        tenant: TenantId,
        user: &UserRecord,
    ) -> Result<String, Problem> {
        let bytes =
            self.unseal(tenant, (&user.user.to_string(), "email"), &user.sealed_email).await?;
        String::from_utf8(bytes.to_vec()).map_err(|error| Problem::internal(&error.utf8_error()))
    }

    pub(crate) async fn seal_invited(
        &self,
        tenant: TenantId,
        invitation: InvitationId,
        email: &Email,
    ) -> Result<String, Problem> {
        self.seal_field(tenant, (&invitation.to_string(), "email"), email.as_str().as_bytes()).await
    }

    pub(crate) async fn open_invited(
        &self,
        tenant: TenantId,
        invitation: InvitationId,
        sealed: &str,
    ) -> Result<String, Problem> {
        let bytes = self.unseal(tenant, (&invitation.to_string(), "email"), sealed).await?;
        String::from_utf8(bytes.to_vec()).map_err(|error| Problem::internal(&error.utf8_error()))
    }

    pub(crate) async fn seal_totp(
        &self,
        tenant: TenantId,
        user: UserId,
        secret: &TotpSecret,
    ) -> Result<String, Problem> {
        self.seal_field(tenant, (&CredentialRecord::id_of(user), "totp"), secret.as_bytes()).await
    }

    /// The secret of the factor that was offered or enrolled.
    ///
    /// # Errors
    /// * [`EnrolmentError::NotOffered`].
    pub(crate) async fn totp_secret(
        &self,
        tenant: TenantId,
        credential: &Credential,
    ) -> Result<TotpSecret, Problem> {
        self.open_factor(tenant, credential.user, credential.factor.as_ref()).await
    }

    /// The secret of the factor that is to take its place.
    ///
    /// # Errors
    /// * [`EnrolmentError::NotOffered`].
    pub(crate) async fn next_totp_secret(
        &self,
        tenant: TenantId,
        credential: &Credential,
    ) -> Result<TotpSecret, Problem> {
        self.open_factor(tenant, credential.user, credential.next_factor.as_ref()).await
    }

    async fn open_factor(
        &self,
        tenant: TenantId,
        user: UserId,
        factor: Option<&Factor>,
    ) -> Result<TotpSecret, Problem> {
        let factor = factor.ok_or(EnrolmentError::NotOffered)?;
        let record = CredentialRecord::id_of(user);
        let bytes = self.unseal(tenant, (&record, "totp"), &factor.sealed_secret).await?;
        let bytes = <[u8; 20]>::try_from(bytes.as_slice());
        bytes.map(TotpSecret::new).map_err(|error| Problem::internal(&error))
    }

    pub(crate) async fn seal_field(
        &self,
        tenant: TenantId,
        (record, field): (&str, &str),
        plaintext: &[u8],
    ) -> Result<String, Problem> {
        let name = tenant.to_string();
        let place = place(&name, record, field);
        let sealed = self.fields.seal(tenant, &place, plaintext).await?;
        Ok(STANDARD_NO_PAD.encode(sealed))
    }

    /// The same field, sealed under the tenant's current version; `None` when it is already.
    pub(crate) async fn resealed(
        &self,
        tenant: TenantId,
        (record, field): (&str, &str),
        sealed: &str,
    ) -> Result<Option<String>, Problem> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|error| Problem::internal(&error))?;
        if !self.fields.is_outdated(tenant, &bytes).await? {
            return Ok(None);
        }
        let plaintext = self.unseal(tenant, (record, field), sealed).await?;
        self.seal_field(tenant, (record, field), &plaintext).await.map(Some)
    }

    pub(crate) async fn unseal(
        &self,
        tenant: TenantId,
        (record, field): (&str, &str),
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let name = tenant.to_string();
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|error| Problem::internal(&error))?;
        Ok(self.fields.open(tenant, &place(&name, record, field), &sealed).await?)
    }
}

const fn place<'a>(tenant: &'a str, record: &'a str, field: &'a str) -> Place<'a> {
    Place { tenant, container: Container::Auth.name(), record, field }
}
