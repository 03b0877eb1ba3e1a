//! Whether a handler is ready: whatever it answers to `GET /`.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Whether the handler answered anything in time.
pub(super) async fn answers(port: u16, within: Duration, look_every: Duration) -> bool {
    let looked = async {
        while !is_ready(port).await {
            tokio::time::sleep(look_every).await;
        }
    };
    tokio::time::timeout(within, looked).await.is_ok()
}

/// Nobody listens: not ready. Whatever else happens on the connection counts as an answer.
async fn is_ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return false;
    };
    let request = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    if stream.write_all(request.as_bytes()).await.is_ok() {
        let mut first = [0; 1];
        stream.read_exact(&mut first).await.ok();
    }
    true
}
