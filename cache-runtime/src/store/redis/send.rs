//! Sends commands over a link.

use redis::{ErrorKind, Pipeline, RedisResult, Value};

use super::{
    connect::Connection,
    incarnation::{Outgoing, Received},
    reconnect::Link,
};
use crate::protocol::Incarnation;

impl Link {
    /// Sends a command. Where the connection turns out to be dead, it is sent once more over the next one, written for that,
    /// if `again` allows it.
    pub(super) async fn send(&self, outgoing: &Outgoing<'_>, again: bool) -> RedisResult<Received> {
        let mut connection = self.connection().await?;
        let mut incarnation = connection.incarnation();
        let value = match connection.send(&outgoing.written(incarnation)).await {
            Err(e) if self.lost(&connection, &e) && again => {
                connection = self.connection().await?;
                incarnation = connection.incarnation();
                connection.send(&outgoing.written(incarnation)).await
            }
            result => result,
        }?;
        Ok(Received { value, incarnation })
    }

    /// Sends some commands, in one round trip. Each has an answer of its own. Where the connection turns out to be dead,
    /// they are sent once more over the next one, if `again` allows it.
    pub(super) async fn send_all(
        &self,
        written: &(dyn Fn(Incarnation) -> Pipeline + Sync),
        again: bool,
    ) -> RedisResult<Vec<RedisResult<Received>>> {
        let mut connection = self.connection().await?;
        let mut incarnation = connection.incarnation();
        let mut commands = written(incarnation);
        let values = match connection.send_all(&commands).await {
            Err(e) if self.lost(&connection, &e) && again => {
                connection = self.connection().await?;
                incarnation = connection.incarnation();
                commands = written(incarnation);
                connection.send_all(&commands).await
            }
            result => result,
        }?;
        self.each(&connection, values, commands.len())
    }

    /// Sends commands that are written for a server of this incarnation, in one round trip. Each has an answer of its own.
    pub(super) async fn send_under(
        &self,
        incarnation: Incarnation,
        commands: &Pipeline,
    ) -> RedisResult<Vec<RedisResult<Received>>> {
        let mut connection = self.connection().await?;
        if connection.incarnation() != incarnation {
            let what = "the server has another history than when this was written";
            return Err((ErrorKind::Io, what).into());
        }
        let values = connection.send_all(commands).await.inspect_err(|error| {
            self.lost(&connection, error);
        })?;
        self.each(&connection, values, commands.len())
    }

    /// The answers to so many commands over `connection`. An error among them may show that it is of no use any more.
    fn each(
        &self,
        connection: &Connection,
        values: Vec<Value>,
        commands: usize,
    ) -> RedisResult<Vec<RedisResult<Received>>> {
        if values.len() != commands {
            let what = "the server did not answer every command";
            return Err((ErrorKind::UnexpectedReturnType, what).into());
        }
        let incarnation = connection.incarnation();
        let received = |value: Value| match value.extract_error() {
            Ok(value) => Ok(Received { value, incarnation }),
            Err(error) => {
                self.lost(connection, &error);
                Err(error)
            }
        };
        Ok(values.into_iter().map(received).collect())
    }
}
