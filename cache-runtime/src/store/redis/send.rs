//! Sends commands over a link.

use redis::{Cmd, ErrorKind, Pipeline, RedisResult, Value};

use super::reconnect::Link;

impl Link {
    /// Sends a command. Where the connection turns out to be dead, it is sent once more over the next one, if `again`
    /// allows it.
    pub(super) async fn send(&self, cmd: &Cmd, again: bool) -> RedisResult<Value> {
        let mut connection = self.connection().await?;
        match connection.send(cmd).await {
            Err(e) if self.lost(&connection, &e) && again => {
                self.connection().await?.send(cmd).await
            }
            result => result,
        }
    }

    /// Sends some commands, in one round trip. Each has an answer of its own. Where the connection turns out to be dead,
    /// they are sent once more over the next one, if `again` allows it.
    pub(super) async fn send_all(
        &self,
        commands: &Pipeline,
        again: bool,
    ) -> RedisResult<Vec<RedisResult<Value>>> {
        let mut connection = self.connection().await?;
        let values = match connection.send_all(commands).await {
            Err(e) if self.lost(&connection, &e) && again => {
                self.connection().await?.send_all(commands).await
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
        Ok(answers)
    }
}
