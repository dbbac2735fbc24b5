//! Switches a connection to RESP3, whose pushes say which keys have changed.
//!
//! `redis` would send the password with `HELLO`, and a server or proxy that does not know that command repeats it in its error.
//! So `AUTH` comes first. A server that refuses `HELLO` is left as it was found: copies are a gain, and no need.

use std::{future::poll_fn, io, pin::Pin};

use redis::{Cmd, ErrorKind, RedisConnectionInfo, RedisResult, Value, cmd, parse_redis_value};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// No greeting is as long as this.
const MOST: usize = 64 << 10;

/// Logs in, and asks for RESP3. The error is a refusal: the connection can be used as it is.
pub(in crate::store::redis) async fn hello<S>(
    stream: &mut S,
    login: &RedisConnectionInfo,
) -> RedisResult<Result<(), String>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Some(password) = login.password() {
        let mut auth = cmd("AUTH");
        if let Some(user) = login.username() {
            auth.arg(user);
        }
        auth.arg(password);
        if let Value::ServerError(error) = ask(stream, &auth).await? {
            return Err(error.into());
        }
    }
    let mut hello = cmd("HELLO");
    hello.arg(3);
    Ok(match ask(stream, &hello).await? {
        Value::ServerError(error) => {
            Err(format!("{} {}", error.code(), error.details().unwrap_or_default()))
        }
        _ => Ok(()),
    })
}

/// Sends a command over a connection that has no driver yet, and reads its reply.
async fn ask<S>(stream: &mut S, command: &Cmd) -> RedisResult<Value>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let packed = command.get_packed_command();
    let mut sent = 0;
    while sent < packed.len() {
        let rest = &packed[sent..];
        match poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, rest)).await? {
            0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            written => sent += written,
        }
    }
    poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await?;
    let mut reply = Vec::new();
    loop {
        let mut room = [0; 1024];
        let mut buffer = ReadBuf::new(&mut room);
        poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer)).await?;
        if buffer.filled().is_empty() || reply.len() > MOST {
            let what = "the server closed the connection, or said what is no reply";
            return Err((ErrorKind::Io, what).into());
        }
        reply.extend_from_slice(buffer.filled());
        // What is not whole yet is an error.
        if reply.ends_with(b"\r\n")
            && let Ok(value) = parse_redis_value(&reply)
        {
            return Ok(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What a server is sent that gives these replies.
    async fn greet(
        login: RedisConnectionInfo,
        replies: &[&str],
    ) -> (RedisResult<Result<(), String>>, String) {
        let (mut ours, mut theirs) = duplex(1 << 16);
        let replies: Vec<String> = replies.iter().map(|&reply| reply.to_owned()).collect();
        let server = tokio::spawn(async move {
            let mut heard = String::new();
            for reply in replies {
                let mut room = [0; 1024];
                let read = theirs.read(&mut room).await.expect("it is open");
                heard += &String::from_utf8_lossy(&room[..read]);
                // In two parts: the first is not whole.
                let (first, second) = reply.split_at(reply.len() / 2);
                theirs.write_all(first.as_bytes()).await.expect("it is open");
                tokio::task::yield_now().await;
                theirs.write_all(second.as_bytes()).await.expect("it is open");
            }
            heard
        });
        let said = hello(&mut ours, &login).await;
        (said, server.await.expect("it does not panic"))
    }

    fn login() -> RedisConnectionInfo {
        RedisConnectionInfo::default().set_username("ann").set_password("s3cret")
    }

    const WELCOME: &str = "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n";

    #[tokio::test]
    async fn the_password_is_not_sent_with_hello() {
        let (said, heard) = greet(login(), &["+OK\r\n", WELCOME]).await;
        assert_eq!(said, Ok(Ok(())));
        let (auth, hello) = heard.split_once("HELLO").expect("it is said");
        assert!(auth.contains("AUTH") && auth.contains("s3cret") && !hello.contains("s3cret"));
        let (said, heard) = greet(RedisConnectionInfo::default(), &[WELCOME]).await;
        assert_eq!(said, Ok(Ok(())));
        assert!(!heard.contains("AUTH"));
    }

    #[tokio::test]
    async fn a_server_without_hello_is_left_as_it_is() {
        let refusal = "-ERR unknown command 'HELLO'\r\n";
        let (said, _) = greet(login(), &["+OK\r\n", refusal]).await;
        assert_eq!(said, Ok(Err("ERR unknown command 'HELLO'".into())));
        let (said, _) = greet(login(), &["-WRONGPASS invalid\r\n"]).await;
        assert_eq!(said.unwrap_err().code(), Some("WRONGPASS"));
    }
}
