//! Where connections may go.
//!
//! A host and port must be listed in the trust policy. The name is resolved once, and the connection goes to what was found
//! then. A listed name may not lead to this machine, to its link or to a cloud's metadata service; a listed address may.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use protocol::trust_policy::TrustPolicy;

use super::CollectError;

/// The addresses of `host`, if the policy lists `host:port` and they are where a name may lead.
pub(super) async fn admit(
    host: &str,
    port: u16,
    policy: &TrustPolicy,
) -> Result<Vec<SocketAddr>, CollectError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let literal: Option<IpAddr> = bare.parse().ok();
    let listed = match literal {
        Some(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        Some(IpAddr::V4(_)) | None => format!("{bare}:{port}"),
    };
    if !policy.egress.allow.iter().any(|entry| entry.eq_ignore_ascii_case(&listed)) {
        return Err(CollectError::denied(format!(
            "the trust policy does not list {listed}: add it to egress.allow"
        )));
    }
    if let Some(address) = literal {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|error| CollectError::unreachable(format!("{bare}: {error}")))?;
    let addresses: Vec<_> = found.collect();
    let is_this_machine = bare.eq_ignore_ascii_case("localhost");
    match addresses
        .iter()
        .find(|found| is_loopback(found.ip()) != is_this_machine || is_barred(found.ip()))
    {
        Some(barred) => Err(CollectError::denied(format!(
            "{bare} leads to {}, where a name may not lead: list the address itself",
            barred.ip()
        ))),
        None if addresses.is_empty() => {
            Err(CollectError::unreachable(format!("{bare} has no address")))
        }
        None => Ok(addresses),
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// This host, its link (which is where metadata services are), multicast; also as IPv6 forms of those IPv4 addresses.
fn is_barred(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_barred_v4(v4),
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let is_local = v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local();
            // fd00:ec2::/32 is a metadata service; 64:ff9b::/96 and 2002::/16 carry IPv4 addresses.
            is_local
                || (first == 0xfd00 && second == 0x0ec2)
                || (first == 0x0064 && second == 0xff9b)
                || first == 0x2002
        }
    }
}

fn is_barred_v4(address: Ipv4Addr) -> bool {
    address.is_unspecified()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address == Ipv4Addr::new(168, 63, 129, 16)
}

#[cfg(test)]
mod tests {
    use domain::run::ReasonCode;

    use super::*;
    use crate::connector::tests::policy;

    async fn verdict(listed: &str, host: &str, port: u16) -> Result<(), ReasonCode> {
        let policy = policy(&[], &[listed.to_owned()]);
        admit(host, port, &policy).await.map(drop).map_err(|error| error.reason)
    }

    #[tokio::test]
    async fn only_a_listed_host_with_its_port_is_reached() {
        assert_eq!(verdict("127.0.0.1:443", "127.0.0.1", 443).await, Ok(()));
        assert_eq!(verdict("[::1]:443", "::1", 443).await, Ok(()));
        assert_eq!(verdict("localhost:443", "localhost", 443).await, Ok(()));
        for host in ["127.0.0.2", "localhost", "::1"] {
            assert_eq!(verdict("127.0.0.1:443", host, 443).await, Err(ReasonCode::PolicyDenied));
        }
        assert_eq!(verdict("127.0.0.1:443", "127.0.0.1", 444).await, Err(ReasonCode::PolicyDenied));
    }

    #[test]
    fn a_name_may_not_lead_to_the_link_or_to_a_metadata_service() {
        for text in [
            "169.254.169.254",
            "168.63.129.16",
            "0.0.0.0",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "fe80::1",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_barred(text.parse().unwrap()), "{text}");
        }
        for text in ["10.0.0.1", "192.0.2.1", "2001:db8::1"] {
            assert!(!is_barred(text.parse().unwrap()), "{text}");
        }
    }
}
