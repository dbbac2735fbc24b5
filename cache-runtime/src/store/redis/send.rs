//! Sends commands over a link.

use redis::{ErrorKind, Pipeline, RedisResult, Value};

use super::{
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
        if values.len() != commands.len() {
            let what = "the server did not answer every command";
            return Err((ErrorKind::UnexpectedReturnType, what).into());
        }
        let answers: Vec<_> = values.into_iter().map(Value::extract_error).collect();
        answers.iter().filter_map(|answer| answer.as_ref().err()).for_each(|error| {
            self.lost(&connection, error);
        });
        let received = |value| Received { value, incarnation };
        Ok(answers.into_iter().map(|answer| answer.map(received)).collect())
    }
}
