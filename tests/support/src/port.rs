//! A port of loopback that nobody else takes, from the moment it is chosen until it is dropped.

use std::{fmt, net::Ipv4Addr};

use tokio::net::TcpSocket;

/// A port that is held for a server, whether that runs, is dead, or has not been started yet. While nobody listens on
/// it, whoever connects is refused.
///
/// A socket is bound to it that never listens. Linux gives a port on which a socket is bound to nobody who asks for any port,
/// and to no outgoing connection. It lets a server listen on it all the same: that, and the socket, have `SO_REUSEADDR`.
pub struct Port {
    number: u16,
    _socket: Option<TcpSocket>,
}

impl Port {
    /// Takes a free one.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn take() -> Port {
        let socket = TcpSocket::new_v4().expect("the system has sockets");
        socket.set_reuseaddr(true).expect("a socket takes options");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has a free port");
        let number = socket.local_addr().expect("a bound socket has an address").port();
        // Other systems let nobody listen beside it. There, the port is free until its server starts.
        Port { number, _socket: cfg!(target_os = "linux").then_some(socket) }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({self})")
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        io::{ErrorKind, Result},
        net::{Ipv4Addr, TcpStream},
    };

    use tokio::net::TcpSocket;

    use super::Port;
    use crate::server::RedisServer;

    /// As the system does for whoever asks for any port: it does not share.
    fn bind(port: u16) -> Result<TcpSocket> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        Ok(socket)
    }

    #[test]
    fn a_port_is_held_until_it_is_dropped() {
        let port = Port::take();
        let number = port.number();
        assert_eq!(bind(number).expect_err("it is held").kind(), ErrorKind::AddrInUse);
        let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, number));
        assert_eq!(connected.expect_err("nobody listens").kind(), ErrorKind::ConnectionRefused);
        drop(port);
        bind(number).expect("it is free again");
    }

    #[test]
    fn a_server_listens_on_a_port_that_is_held() {
        let mut server = RedisServer::start_on(Port::take());
        server.kill();
        let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port()));
        assert_eq!(connected.expect_err("nobody listens").kind(), ErrorKind::ConnectionRefused);
        assert_eq!(bind(server.port()).expect_err("it is held").kind(), ErrorKind::AddrInUse);
        server.restart_empty();
        assert_eq!(server.command(&["DBSIZE"]).trim(), ":0");
    }
}
