//! Every problem that an operation can answer, at its status, and what it means.

use domain::Class;

/// By what a caller can do about them: each code with its meaning. One code can have two statuses, where it is about what was sent in one place and
/// about what is there in another.
pub(super) const CODES: &[(Class, &[(&str, &str)])] = &[
    (
        Class::Invalid,
        &[
            (
                "certificate-mismatch",
                "the certificate or the enrolment is for another key or another name",
            ),
            ("checkpoint-unknown", "it is no checkpoint of this log; ask for its head again"),
            ("command-mismatch", "the result is not the answer to this command"),
            (
                "cookie-ambiguous",
                "a cookie of this site came twice; delete its cookies and sign in again",
            ),
            (
                "cosignature-invalid",
                "it is not a checkpoint of this log as it was signed, with the line of the certified witness",
            ),
            ("cosignature-time", "the cosignature is from the future; correct the clock"),
            ("credentials-ambiguous", "two credentials came at once; send one"),
            ("customer-key-unfit", "the key does not do what is asked of it: wrap and unwrap"),
            ("display-name-invalid", "a name to be called by is one line of 1 to 200 characters"),
            ("email-invalid", "it is no e-mail address, or one that looks like another"),
            ("evidence-mismatch", "the request is not about this evidence of this run"),
            ("invalid-filter", "a filter has a value that no row can have; the detail names it"),
            ("invalid-range", "the first row is after the last"),
            ("key-twice", "one key is listed twice"),
            ("key-unusable", "the key is not one that can be used here"),
            ("labels-too-many", "a Runner has at most 16 labels"),
            ("lint-findings", "the procedure has findings; they are listed, each with its place"),
            ("malformed", "the signed message has another form"),
            ("name-mismatch", "what was typed to confirm is not the name"),
            ("password-breached", "attackers try this password first, because it leaked elsewhere"),
            (
                "password-guessable",
                "the password contains a word that names the person, the organisation or the product",
            ),
            ("password-too-long", "a password has at most 128 characters"),
            ("password-too-short", "a password has at least 12 characters"),
            ("role-name-invalid", "the name of a role is one line of 1 to 60 characters"),
            (
                "role-permissions-invalid",
                "a role grants at least one permission of a tenant, and not to close it",
            ),
            ("signature-expired", "the signature is too old, or counts for too long; sign again"),
            ("signature-invalid", "the signature does not verify"),
            ("tenant-name-invalid", "the name of a tenant is one line of 1 to 100 characters"),
            (
                "threshold-invalid",
                "the threshold is 2 to the number of signers, one of them an approver",
            ),
            ("token-lifetime-invalid", "a personal access token counts for 1 to 365 days"),
            ("token-name-invalid", "the name of a token is one line of 1 to 100 characters"),
            (
                "token-scope-invalid",
                "a token needs a permission, and none that asks for a second factor",
            ),
            (
                "unknown-field",
                "a signed message has a member that is not understood; nothing of it is accepted",
            ),
            ("unsigned", "an envelope carries 1 to 8 signatures"),
            (
                "validation",
                "the body, the query or a header has another form than described; the detail names the place, never the value",
            ),
            (
                "words-mismatch",
                "these are not the six words of this Runner; compare again, and revoke it if they differ",
            ),
        ],
    ),
    (
        Class::Unauthenticated,
        &[
            (
                "clock-skew",
                "the signature is not of now; correct the clock by the time that the answer says",
            ),
            ("code-invalid", "the code is wrong, too old or used; wait for the next one"),
            (
                "enrolment-expired",
                "the enrolment's quarter of an hour is over; ask for another one",
            ),
            ("enrolment-invalid", "there is no such enrolment, or it has another secret"),
            ("invitation-invalid", "the invitation is unknown, used, over or for another address"),
            ("login-failed", "address or password is wrong, or the account is locked for a while"),
            ("login-over", "the login is over; start again with the password"),
            (
                "recovery-invalid",
                "the link or the password is wrong, or the link was used or is over",
            ),
            (
                "refresh-invalid",
                "the refresh token was used, is over or was revoked; sign in again",
            ),
            ("reset-invalid", "the link is unknown, used or over; ask for another letter"),
            ("signature-expired", "the signature is too old, or counts for too long; sign again"),
            ("signature-invalid", "the signature does not verify"),
            (
                "step-up-required",
                "it needs the second factor again: POST /api/auth/v1/step-up, then repeat (RFC 9470)",
            ),
            (
                "unauthenticated",
                "nobody is signed in, or no longer; sign in and send the access token",
            ),
            ("unsigned", "the request has no signature (RFC 9421)"),
        ],
    ),
    (
        Class::Forbidden,
        &[
            ("cross-site", "the request comes from another site, with cookies of this one"),
            (
                "entitlement-required",
                "the plan of the tenant does not include it; the answer names feature and plan",
            ),
            ("forbidden", "none of the caller's roles allows it"),
            (
                "locked",
                "the account is locked after too many wrong codes; another administrator resets it",
            ),
            ("mfa-enrolment-unfinished", "no second factor was ever set up; the mailed link does"),
            ("own-membership", "nobody changes their own roles or state"),
            ("owners-only", "only an owner gives or takes the role of an owner"),
            (
                "password-change-required",
                "the password leaked elsewhere; choose another one with the link that was mailed",
            ),
            ("platform-role", "the role exists only in the tenant of whoever runs the deployment"),
            ("receipt-invalid", "it is no receipt or promise that this deployment signed"),
            (
                "recovery-approver-too-new",
                "whoever came less than 24 hours ago approves no recovery",
            ),
            ("recovery-own", "nobody approves their own recovery, or one that they asked for"),
            ("recovery-same-operator", "another operator has to agree, too"),
            ("runner-not-active", "the Runner waits for approval, or is revoked"),
            ("support-access-off", "the tenant does not let operators visit"),
            ("tenant-closed", "the tenant is closed for good"),
            ("tenant-closing", "the tenant is closing: it is read and exported, and nothing else"),
            (
                "tenant-suspended",
                "the tenant is suspended: what waits is to be kept and sent again once it is resumed",
            ),
            ("token-scope", "the personal access token was not given this permission"),
            ("token-scope-beyond", "a token has no permission that its user has not"),
            ("visit-not-granted", "the tenant has not allowed the visit"),
            ("visit-only-reads", "a visit of an operator only reads"),
            ("witness-uncertified", "the Runner's certificate names no witness key"),
            ("wrong-requester", "the signed request names somebody else than the caller"),
            ("wrong-tenant", "it was made for another tenant"),
        ],
    ),
    (
        Class::NotFound,
        &[
            (
                "export-withdrawn",
                "the file showed personal details, and somebody was erased since; export again",
            ),
            ("not-found", "there is no such thing here; the same for what is another tenant's"),
            ("row-purged", "the row was removed when its time was over; its hash is left"),
        ],
    ),
    (Class::Method, &[("method-not-allowed", "this path has other methods; `allow` names them")]),
    (
        Class::Conflict,
        &[
            ("checkpoint-unknown", "no log of that size was signed"),
            ("conflict", "it was changed meanwhile; read it again and decide again"),
            (
                "cosignature-conflict",
                "this witness cosigned another tree of this size: one of the two is a fork",
            ),
            ("cosignature-older", "this witness cosigned more rows already; it does not go back"),
            (
                "customer-keys-missing",
                "the customer's keys are not registered: PUT /api/runs/v1/customer-keys first",
            ),
            ("email-taken", "the address has an account already"),
            ("enrolment-used", "another Runner used the enrolment; if that was not you, revoke it"),
            ("exists", "it exists already"),
            ("hold-active", "a legal hold is set; release it first"),
            ("hold-released", "the hold was released already"),
            (
                "idempotency-in-progress",
                "the first request with this key is still being answered; ask again in a moment",
            ),
            (
                "idempotency-unknown",
                "whether the first request with this key was carried out is not known; look before you ask with another key",
            ),
            ("last-owner", "it would leave the tenant without an active owner"),
            ("legal-hold", "a legal hold protects it; the answer names the hold"),
            ("mfa-enrolled", "a second factor is enrolled already; sign in with it"),
            ("mfa-enrolment-required", "no second factor is enrolled yet; enrol one first"),
            ("mfa-not-offered", "no second factor was offered yet; ask for its secret first"),
            ("mfa-required", "a second factor is enrolled; show one of its codes"),
            ("nothing-signed", "nothing of this log is signed yet; try again in a few seconds"),
            ("nothing-witnessed", "no witness cosigned this log yet"),
            (
                "recovery-has-administrator",
                "the tenant has another administrator who can approve it",
            ),
            ("recovery-not-open", "the recovery waits for no decision any more"),
            ("revision-not-higher", "a version of this revision, or a higher one, was published"),
            ("rewrap-unfinished", "not everything is under the other key yet; ask again"),
            ("row-in-ended-epoch", "if there is such a row, it is in an epoch that is over"),
            ("row-not-found", "the log does not hold what was promised"),
            ("row-purged", "rows of that time were removed when their time was over"),
            (
                "search-unfinished",
                "too many rows to look through at once; ask again with `from`, which is `next`",
            ),
            ("sod-violation", "a rule of the tenant keeps these duties apart; the answer names it"),
            ("state-transition", "it is in another state than this needs; read it again"),
            ("tenant-has-users", "the tenant has users, who invite others themselves"),
            ("too-many-roles", "a tenant has at most 200 roles of its own"),
            ("version-published", "this very version was published already"),
            ("version-withdrawn", "the version was withdrawn; it is executed no more"),
            ("witnesses-too-many", "the log has as many witnesses as it may have"),
        ],
    ),
    (
        Class::TooLarge,
        &[
            (
                "headers-too-large",
                "the request has too many header lines, or too many bytes of them",
            ),
            (
                "payload-too-large",
                "the body, or what would be made of it, is larger than this operation takes",
            ),
        ],
    ),
    (
        Class::Media,
        &[("unsupported-media-type", "the body has another media type; send application/json")],
    ),
    (
        Class::Unprocessable,
        &[(
            "idempotency-mismatch",
            "this key was sent with another request before; use a key of its own for each",
        )],
    ),
    (
        Class::TooMany,
        &[("rate-limited", "too many requests; `retry-after` says when the next one is answered")],
    ),
    (
        Class::Internal,
        &[("internal", "an error of ours; ask us about the request that `instance` names")],
    ),
    (
        Class::Unavailable,
        &[
            ("busy", "too many sign-ins at once; nothing was decided, try again in a moment"),
            (
                "customer-key-withheld",
                "the tenant keeps its secrets under a key of its own, and that key cannot be used now",
            ),
            ("deadline", "the answer took too long; ask whether it was done before you repeat it"),
            (
                "dependency-unavailable",
                "storage did not answer; what was asked for was done or not, so read before you repeat it",
            ),
            (
                "log-refused",
                "the log is not the one that was signed, and nothing of it is vouched for; ask the operator",
            ),
            ("not-open-yet", "the app is starting; try again in a moment"),
            (
                "not-sealed-yet",
                "it is recorded and waits for its row in the audit log; send it again with the key that the answer gives",
            ),
            (
                "record-refused",
                "a record of the tenant is not as it was signed; the operator was told",
            ),
            (
                "restore-epoch-behind",
                "the deployment was restored, and nobody confirmed it yet; the operator has to",
            ),
            ("unavailable", "the app does not run"),
        ],
    ),
];
