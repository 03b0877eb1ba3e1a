//! A wire to a server that can be cut, and that can lose an answer: TCP passed on, TLS untouched.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinSet,
};

/// A port of its own in front of a server.
pub struct Wire {
    address: SocketAddr,
    server: SocketAddr,
    loses: Arc<AtomicBool>,
    passing: JoinSet<()>,
}

impl Wire {
    /// Listens on 127.0.0.1 and passes on to `server`.
    ///
    /// # Errors
    /// * No port.
    pub async fn to(server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut wire = Self { address, server, loses: Arc::default(), passing: JoinSet::new() };
        wire.pass(listener);
        Ok(wire)
    }

    /// Where to connect.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends every connection and refuses new ones.
    pub async fn cut(&mut self) {
        self.passing.shutdown().await;
    }

    /// Listens again, at the same port.
    ///
    /// # Errors
    /// * The port was taken meanwhile.
    pub async fn mend(&mut self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.pass(listener);
        Ok(())
    }

    /// Swallows what the server says next, and ends that connection: the request was carried out, and nobody was told.
    pub fn lose_the_next_answer(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }

    fn pass(&mut self, listener: TcpListener) {
        let (server, loses) = (self.server, Arc::clone(&self.loses));
        self.passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, server, Arc::clone(&loses)));
            }
        });
    }
}

async fn connection(client: TcpStream, server: SocketAddr, loses: Arc<AtomicBool>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let never = AtomicBool::new(false);
    // Whichever side ends first ends the other.
    tokio::select! {
        () = copy(from_client, to_server, &never) => {}
        () = copy(from_server, to_client, &loses) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, loses: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let lost = loses.swap(false, Ordering::SeqCst);
        let bytes = buffer.get(..length).unwrap_or_default();
        if lost || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
