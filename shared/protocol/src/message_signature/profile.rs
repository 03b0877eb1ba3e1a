//! What the standard leaves open and we fix.

/// One use of signed requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Profile {
    /// The label of the one signature.
    pub label: &'static str,
    /// Keeps this use apart from every other (RFC 9421 §2.3).
    pub tag: &'static str,
    /// What is covered in a request that has a body.
    pub with_body: &'static [&'static str],
    /// What is covered in a request that has none.
    pub without_body: &'static [&'static str],
    /// The longest time from `created` to `expires`, in seconds.
    pub lifetime_max_s: i64,
    /// How far the clocks of signer and verifier may be apart, in seconds.
    pub skew_s: i64,
}

/// A Runner's request to the control plane.
pub const RUNNER: Profile = Profile {
    label: "sig1",
    tag: "proofline-runner-v1",
    with_body: &[
        "@method",
        "@target-uri",
        "content-type",
        "content-digest",
        "proofline-runner",
        "proofline-tenant",
    ],
    without_body: &["@method", "@target-uri", "proofline-runner", "proofline-tenant"],
    lifetime_max_s: 120,
    skew_s: 120,
};

/// A viewer's request to a Runner, through whoever carries it. It always has a body.
pub const DRILLDOWN: Profile = Profile {
    label: "sig1",
    tag: "proofline-drilldown-v1",
    with_body: DRILLDOWN_COMPONENTS,
    without_body: DRILLDOWN_COMPONENTS,
    lifetime_max_s: 300,
    skew_s: 120,
};

const DRILLDOWN_COMPONENTS: &[&str] = &["@method", "@target-uri", "content-type", "content-digest"];

impl Profile {
    /// What a request covers.
    pub const fn components(&self, has_body: bool) -> &'static [&'static str] {
        if has_body { self.with_body } else { self.without_body }
    }
}
