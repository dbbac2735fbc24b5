//! What can go wrong, and what clients are told about it: a status, a word for programs and a sentence for people.

use std::{collections::BTreeMap, fmt, sync::Arc};

use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// It is `Clone`, so that callers who share a load of the cache share its failure too, instead of asking the
/// database again one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// The request cannot be read.
    Request(StatusCode, String),
    /// It can be read, and makes no sense: field and explanation.
    Invalid(Vec<(&'static str, &'static str)>),
    NotFound(String),
    Conflict(String),
    /// It is not done, and will be if it is asked for again later.
    Busy(String),
    Database(Arc<sqlx::Error>),
}

impl Error {
    pub(crate) fn user_not_found(id: i64) -> Self {
        Error::NotFound(format!("there is no user {id} here"))
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::NotFound(_))
    }

    fn status(&self) -> StatusCode {
        match self {
            Error::Request(status, _) => *status,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For programs to compare.
    fn word(&self) -> &'static str {
        match self {
            Error::Request(..) => "bad_request",
            Error::Invalid(_) => "invalid",
            Error::NotFound(_) => "not_found",
            Error::Conflict(_) => "conflict",
            Error::Busy(_) => "busy",
            Error::Database(_) => "database",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Request(_, message)
            | Error::NotFound(message)
            | Error::Conflict(message)
            | Error::Busy(message) => f.write_str(message),
            Error::Invalid(_) => f.write_str("these fields have to be something else"),
            Error::Database(error) => write!(f, "the database failed: {error}"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let body = match &self {
            // What the database said is for the log; it may name tables and values.
            Error::Database(_) => {
                tracing::error!("{self}");
                json!({ "error": self.word(), "message": "the database did not answer; try again" })
            }
            Error::Invalid(problems) => {
                let fields: BTreeMap<_, _> = problems.iter().copied().collect();
                json!({ "error": self.word(), "message": self.to_string(), "fields": fields })
            }
            _ => json!({ "error": self.word(), "message": self.to_string() }),
        };
        (self.status(), Json(body)).into_response()
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Error::Database(Arc::new(error))
    }
}

impl From<JsonRejection> for Error {
    fn from(rejection: JsonRejection) -> Self {
        Error::Request(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Error {
    fn from(rejection: PathRejection) -> Self {
        Error::Request(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        Error::Request(rejection.status(), rejection.body_text())
    }
}
