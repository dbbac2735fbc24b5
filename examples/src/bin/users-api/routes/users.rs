//! Users over HTTP. Handlers read requests and choose answers; what is cached, and what a write ends, is the
//! repository's business.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use serde::Deserialize;

use super::App;
use crate::{
    error::{Error, Result},
    extract::{Body, Path, Query},
    model::{Draft, LastSeen, Page, Statistics, Tenant, User, now_ms},
};

/// The most that one answer holds.
const MOST: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/tenants/{tenant}/users", get(list).post(create))
        .route("/tenants/{tenant}/users/{id}", get(read).put(update).delete(delete))
        .route("/tenants/{tenant}/users/{id}/seen", get(last_seen).post(saw))
        .route("/tenants/{tenant}/users/{id}/move", post(move_to))
        .route("/tenants/{tenant}/statistics", get(statistics))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Some users by their ids, `1,2,3`, instead of a page.
    ids: Option<String>,
    #[serde(default)]
    after: i64,
    limit: Option<usize>,
}

async fn list(
    State(app): State<App>,
    Path(tenant): Path<Tenant>,
    Query(listing): Query<Listing>,
) -> Result<Json<Page>> {
    if let Some(ids) = listing.ids {
        let ids = ids_of(&ids)?;
        let mut found = app.users.find_many(&tenant, &ids).await?;
        // In the order in which they were asked for; what there is not is left out.
        let users = ids.iter().filter_map(|id| found.remove(id)).collect();
        return Ok(Json(Page { users, next: None }));
    }
    let limit = listing.limit.unwrap_or(50).clamp(1, MOST);
    Ok(Json(app.users.list(&tenant, listing.after, limit as i64).await?))
}

fn ids_of(text: &str) -> Result<Vec<i64>> {
    let wrong = |what: String| Error::Request(StatusCode::BAD_REQUEST, what);
    let ids: Result<Vec<i64>, _> = text.split(',').map(|id| id.trim().parse()).collect();
    let ids = ids.map_err(|_| wrong(format!("`ids={text}` is not a list such as `ids=1,2,3`")))?;
    if ids.len() > MOST {
        return Err(wrong(format!("{} ids are too many; {MOST} go at once", ids.len())));
    }
    Ok(ids)
}

async fn create(
    State(app): State<App>,
    Path(tenant): Path<Tenant>,
    Body(draft): Body<Draft>,
) -> Result<impl IntoResponse> {
    let draft = valid(draft)?;
    let user = app.users.create(&tenant, &draft).await?;
    let location = format!("/tenants/{tenant}/users/{}", user.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(user)))
}

async fn read(
    State(app): State<App>,
    Path((tenant, id)): Path<(Tenant, i64)>,
    headers: HeaderMap,
) -> Result<Json<User>> {
    let find = app.users.find(&tenant, id);
    let anew = headers.get(header::CACHE_CONTROL).is_some_and(|value| value == "no-cache");
    // What is loaded takes the entry's place, so that others have it too.
    let user = if anew { app.cache.refreshing(find).await? } else { find.await? };
    Ok(Json(user))
}

async fn update(
    State(app): State<App>,
    Path((tenant, id)): Path<(Tenant, i64)>,
    Body(draft): Body<Draft>,
) -> Result<Json<User>> {
    let draft = valid(draft)?;
    app.users.update(&tenant, id, &draft).await?.map(Json).ok_or(Error::user_not_found(id))
}

async fn delete(
    State(app): State<App>,
    Path((tenant, id)): Path<(Tenant, i64)>,
) -> Result<StatusCode> {
    match app.users.delete(&tenant, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::user_not_found(id)),
    }
}

fn valid(draft: Draft) -> Result<Draft> {
    match draft.problems() {
        problems if problems.is_empty() => Ok(draft),
        problems => Err(Error::Invalid(problems)),
    }
}

async fn last_seen(
    State(app): State<App>,
    Path((tenant, id)): Path<(Tenant, i64)>,
) -> Result<Json<LastSeen>> {
    app.users.find(&tenant, id).await?;
    let never = || Error::NotFound(format!("user {id} has not been seen yet"));
    app.users.last_seen(id).await?.map(Json).ok_or_else(never)
}

/// Accepted rather than done: readers have it, the database will.
async fn saw(
    State(app): State<App>,
    Path((tenant, id)): Path<(Tenant, i64)>,
) -> Result<(StatusCode, Json<LastSeen>)> {
    app.users.find(&tenant, id).await?;
    let seen = LastSeen { user: id, at_ms: now_ms() };
    app.users.saw(&seen).await?;
    Ok((StatusCode::ACCEPTED, Json(seen)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Destination {
    tenant: Tenant,
}

async fn move_to(
    State(app): State<App>,
    Path((tenant, id)): Path<(Tenant, i64)>,
    Body(to): Body<Destination>,
) -> Result<Json<User>> {
    if to.tenant == tenant {
        return Err(Error::Invalid(vec![("tenant", "another tenant than the user's own")]));
    }
    app.users.move_to(&tenant, id, &to.tenant).await?.map(Json).ok_or(Error::user_not_found(id))
}

async fn statistics(
    State(app): State<App>,
    Path(tenant): Path<Tenant>,
) -> Result<Json<Statistics>> {
    Ok(Json(app.users.statistics(&tenant).await?))
}
