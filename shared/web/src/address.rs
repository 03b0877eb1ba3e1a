//! The network address that a request came from: only what our own proxies say of it (threat T75).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

/// The address that the outermost of `hops` proxies of ours saw: the `hops`-th from the right of `X-Forwarded-For`, since each proxy appends
/// what it saw and whatever stands further left was written by the caller. `None` without proxies: the caller is on this machine.
pub(crate) fn client(headers: &HeaderMap, hops: u8) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let named: Vec<_> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let place = named.len().checked_sub(usize::from(hops))?;
    named.get(place).filter(|_| hops > 0).and_then(|text| parse(text))
}

/// The network that counts as one caller: a v4 address, or the 64 bits of a v6 address that one customer has at least.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => masked_v6(address, 64),
    }
}

/// The network that is shown and stored: too coarse to name a person (threat T45).
pub fn coarse(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => format!("{}/48", masked_v6(address, 48)),
    }
}

fn masked_v6(address: Ipv6Addr, bits: u32) -> IpAddr {
    let mask = u128::MAX << (128 - bits);
    IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
}

/// With or without a port, as front ends write it.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    text.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| bare.parse()).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(lines: &[&'static str], hops: u8) -> Option<String> {
        let line = |line: &&'static str| {
            let name = axum::http::HeaderName::from_static("x-forwarded-for");
            (name, HeaderValue::from_static(line))
        };
        client(&lines.iter().map(line).collect(), hops).map(|address| address.to_string())
    }

    #[test]
    fn what_a_caller_writes_itself_is_not_believed() {
        assert_eq!(of(&["6.6.6.6, 203.0.113.9"], 1).as_deref(), Some("203.0.113.9"));
        assert_eq!(of(&["6.6.6.6", "203.0.113.9"], 1).as_deref(), Some("203.0.113.9"));
        assert_eq!(of(&["6.6.6.6, 203.0.113.9, 10.0.0.1"], 2).as_deref(), Some("203.0.113.9"));
        assert_eq!(of(&["203.0.113.9"], 0), None, "no proxy of ours wrote it");
        assert_eq!(of(&["203.0.113.9"], 2), None);
        assert_eq!(of(&[], 1), None);
    }

    #[test]
    fn ports_brackets_and_nonsense_are_told_apart() {
        assert_eq!(of(&["203.0.113.9:443"], 1).as_deref(), Some("203.0.113.9"));
        assert_eq!(of(&["[2001:db8::1]:443"], 1).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&["[2001:db8::1]"], 1).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&["2001:db8::1"], 1).as_deref(), Some("2001:db8::1"));
        for text in ["unknown", "", "203.0.113.999", "203.0.113.9;"] {
            assert_eq!(of(&[text], 1), None, "{text}");
        }
    }

    #[test]
    fn sixty_four_bits_of_v6_are_one_caller() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9");
        let coarse = |text: &str| coarse(text.parse().unwrap());
        assert_eq!(coarse("203.0.113.9"), "203.0.113.0/24");
        assert_eq!(coarse("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }
}
