//! Fields that are sealed: e-mail addresses and TOTP secrets, each bound to its tenant, record and field.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::{
    TenantId, UserId,
    auth::{Credential, Email, EnrolmentError, TotpSecret},
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
    pub(crate) fn seal_email(
        &self,
        tenant: TenantId,
        user: UserId,
        email: &Email,
    ) -> Result<String, Problem> {
        self.seal_field(tenant, (&user.to_string(), "email"), email.as_str().as_bytes())
    }

    pub(crate) fn open_email(
        &self,
        tenant: TenantId,
        user: &UserRecord,
    ) -> Result<String, Problem> {
        let bytes = self.unseal(tenant, (&user.user.to_string(), "email"), &user.sealed_email)?;
        String::from_utf8(bytes.to_vec()).map_err(|error| Problem::internal(&error.utf8_error()))
    }

    pub(crate) fn seal_totp(
        &self,
        tenant: TenantId,
        user: UserId,
        secret: &TotpSecret,
    ) -> Result<String, Problem> {
        self.seal_field(tenant, (&CredentialRecord::id_of(user), "totp"), secret.as_bytes())
    }

    /// The secret of the factor that was offered or enrolled.
    ///
    /// # Errors
    /// * [`EnrolmentError::NotOffered`].
    pub(crate) fn totp_secret(
        &self,
        tenant: TenantId,
        credential: &Credential,
    ) -> Result<TotpSecret, Problem> {
        let factor = credential.factor.as_ref().ok_or(EnrolmentError::NotOffered)?;
        let record = CredentialRecord::id_of(credential.user);
        let bytes = self.unseal(tenant, (&record, "totp"), &factor.sealed_secret)?;
        let bytes = <[u8; 20]>::try_from(bytes.as_slice());
        bytes.map(TotpSecret::new).map_err(|error| Problem::internal(&error))
    }

    fn seal_field(
        &self,
        tenant: TenantId,
        (record, field): (&str, &str),
        plaintext: &[u8],
    ) -> Result<String, Problem> {
        let tenant = tenant.to_string();
        let place = place(&tenant, record, field);
        let sealed = seal::seal(&self.keys.fields, &place, self.random(), self.random(), plaintext);
        sealed.map(|bytes| STANDARD_NO_PAD.encode(bytes)).map_err(|error| Problem::internal(&error))
    }

    fn unseal(
        &self,
        tenant: TenantId,
        (record, field): (&str, &str),
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let tenant = tenant.to_string();
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|error| Problem::internal(&error))?;
        let opened = seal::open(&self.keys.fields, &place(&tenant, record, field), &sealed);
        opened.map_err(|error| Problem::internal(&error))
    }
}

const fn place<'a>(tenant: &'a str, record: &'a str, field: &'a str) -> Place<'a> {
    Place { tenant, container: Container::Auth.name(), record, field }
}
