//! A request as it came.

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// A request as it came.
pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

impl Received {
    pub(super) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return None;
            }
        };
        let head = std::str::from_utf8(&bytes[..end]).unwrap().to_owned();
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap().split(' ');
        let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let length = headers
            .get("content-length")
            .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        while bytes.len() < end + length {
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
        }
        let body = bytes[end..].to_vec();
        Some(Self { method, path, headers, body, bytes })
    }
}
