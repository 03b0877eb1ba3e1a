//! Deriving keys from keys: HKDF-SHA256 (RFC 5869).

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The first `N` bytes that follow from `key`, for the purpose that `info` names. `N` is at most 8 160.
pub(crate) fn derived<const N: usize>(
    key: &[u8],
    salt: Option<&[u8]>,
    info: &[&[u8]],
) -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    Hkdf::<Sha256>::new(salt, key)
        .expand_multi_info(info, bytes.as_mut_slice())
        .expect("this crate derives 48 bytes at most, and HKDF gives 8160");
    bytes
}

#[cfg(test)]
mod tests {
    use super::derived;

    /// RFC 5869 appendix A.1.
    #[test]
    fn it_is_the_hkdf_of_rfc_5869() {
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf\
                        34007208d5b887185865";
        let bytes = derived::<42>(&[0x0b; 22], Some(&salt), &[&info]);
        assert_eq!(hex::encode(bytes), expected);
        let (left, right) = info.split_at(3);
        assert_eq!(derived::<42>(&[0x0b; 22], Some(&salt), &[left, right]), bytes_of(expected));
    }

    /// RFC 5869 appendix A.3: no salt, no info.
    #[test]
    fn a_missing_salt_is_that_of_rfc_5869() {
        let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d\
                        9d201395faa4b61a96c8";
        assert_eq!(derived::<42>(&[0x0b; 22], None, &[]), bytes_of(expected));
    }

    fn bytes_of(text: &str) -> zeroize::Zeroizing<[u8; 42]> {
        zeroize::Zeroizing::new(hex::decode(text).unwrap().try_into().unwrap())
    }
}
