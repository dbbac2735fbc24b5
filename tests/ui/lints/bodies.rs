// Functions with which rustc and clippy find fault. A line of `//@` becomes an attribute, of each kind in turn: see
// `src/lints.rs`.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: u64,
    pub name: String,
}

impl User {
    //@ "user:<self.id>:<by_name>"
    pub async fn friends(&self, by_name: bool) -> Result<Vec<User>, Error> {
        if by_name {
            return Ok(vec![self.clone()]);
        } else {
            Ok(Vec::<User>::new())
        }
    }

    //@ "count:<step>"
    pub async fn count(mut self, step: u64) -> u64 {
        self.id = self.id + step;
        return self.id as u64;
    }

    //@ "raw:<offset>"
    pub async fn raw(&self, offset: usize) -> u8 {
        let bytes = self.name.as_bytes();
        bytes[offset]
    }

    //@ "nobody:<id>"
    pub async fn nobody(&self, id: u64) -> Option<String> {
        let text = format!("{}", id);
        Some(text)
    }
}

#[derive(Debug, Clone)]
pub enum Error {
    Away,
    Malformed(String),
}

#[derive(Debug, Clone, Default)]
pub struct Repo {
    rows: Arc<Mutex<HashMap<u64, String>>>,
    calls: u32,
}

pub struct Noisy(pub Arc<Mutex<u32>>);

impl Drop for Noisy {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

impl Noisy {
    fn value(&self) -> Option<u64> {
        Some(u64::from(*self.0.lock().unwrap()))
    }
}

impl Repo {
    fn rows(&self) -> MutexGuard<'_, HashMap<u64, String>> {
        self.rows.lock().unwrap()
    }

    //@ "find:<id>"
    pub async fn find(&self, id: u64) -> Result<Option<String>, Error> {
        let rows = self.rows();
        let found = rows.get(&id).map(|row| row.clone());
        let unused = 3;
        Ok(found)
    }

    //@ "temporary:<id>"
    pub async fn temporary(&self, id: u64) -> u64 {
        let noisy = Noisy(Arc::default());
        tokio_yield(id).await;
        Noisy(noisy.0.clone()).value().unwrap_or(id)
    }

    //@ "rescoped:<id>"
    pub async fn rescoped(&self, id: u64) -> u64 {
        if let Some(name) = self.rows().get(&id) {
            name.len() as u64
        } else {
            id
        }
    }

    //@ "matched:<id>"
    pub async fn matched(&self, id: u64) -> Option<u64> {
        match self.calls {
            0 => Some(id),
            _ => None,
        }
    }

    //@ "looped:<most>"
    pub async fn looped(&self, most: u64) -> Vec<u64> {
        let mut found = Vec::new();
        let mut at = 0;
        for n in 0..most {
            at += 1;
            found.push(n as u64);
        }
        let mut never_changed = found;
        never_changed
    }
}

//@ "texts:<a>", skip(b)
pub async fn texts(a: &String, b: &Vec<u64>) -> String {
    let _ignored = a.clone();
    let similar = a.len();
    let similer = b.len();
    format!("{}{}", similar, similer)
}

//@ "taken:<name>"
pub async fn taken(name: String) -> usize {
    name.len()
}

//@ "many:<a>:<b>:<c>:<d>:<e>:<f>:<g>:<h>"
pub async fn many(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u64 {
    use std::convert::identity;
    a as u64 + b as u64 + c as u64 + d as u64 + e as u64 + f as u64 + g as u64 + identity(h) as u64
}

//@ "unreachable:<id>"
pub async fn unreachable_tail(id: u64) -> u64 {
    return id;
    id + 1
}

//@ "parsed:<text>"
pub async fn parsed(text: &str) -> Result<u64, Error> {
    let number = match text.parse::<u64>() {
        Ok(number) => number,
        Err(error) => return Err(Error::Malformed(error.to_string())),
    };
    text.parse::<u8>().ok();
    let assigned = number;
    let mut assigned_again = 1;
    assigned_again = 2;
    Ok(assigned + u64::try_from(number).unwrap() + assigned_again)
}

//@ "underscored:<id>"
pub async fn underscored(id: u64) -> u64 {
    let _kept = id;
    _kept + 1
}

//@ "held:<id>", skip(repo)
pub async fn held(repo: &Repo, id: u64) -> u64 {
    let rows = repo.rows.lock().unwrap();
    let most = rows.len() as u64;
    most.max(id)
}

//@ "waits:<id>"
pub async fn waits(id: u64) -> u64 {
    tokio_yield(id).await
}

//@ "boxed:<id>"
pub fn boxed(id: u64) -> std::pin::Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        let id = id.clone();
        id
    })
}

//@ "returned:<id>"
pub fn returned(id: u64) -> impl Future<Output = Option<u64>> + Send {
    async move {
        let id = id as u64;
        Some(id)
    }
}

//@ "generic:<id>", skip(make)
pub async fn generic<T>(id: u64, make: T) -> Vec<u64>
where
    T: Fn(u64) -> u64 + Clone + Send + Sync + 'static,
{
    let made = (0..id).map(|id| make(id)).collect::<Vec<u64>>();
    made
}

//@ each "each:<ids>"
pub async fn each(ids: &[u64]) -> Result<HashMap<u64, u64>, Error> {
    let mut rows = HashMap::new();
    for id in ids.iter() {
        rows.insert(*id, *id as u64);
    }
    return Ok(rows);
}

//@ each "owned:<ids>"
pub async fn owned(ids: Vec<u64>) -> HashMap<u64, u64> {
    ids.into_iter().map(|id| (id, id.clone())).collect()
}

#[allow(clippy::needless_return)]
//@ "allowed:<id>"
pub async fn allowed(id: u64) -> u64 {
    return id;
}

async fn tokio_yield(id: u64) -> u64 {
    std::future::ready(id).await
}

impl Repo {
    //@ batch
    pub async fn save_all(&self, ids: Vec<u64>) -> Result<(), String> {
        let mut rows = self.rows();
        for id in ids.iter() {
            rows.insert(*id, id.to_string());
        }
        return Ok(());
    }
}

//@ batch
pub async fn write_all(ids: Vec<u64>) -> Result<u64, String> {
    let most = ids.len() as u64;
    Ok(most)
}

//@ "mutable:<id>"
pub async fn mutable(mut id: u64) -> u64 {
    id
}

//@ "assigned:<id>", skip(text)
pub async fn assigned(mut id: u64, mut text: String) -> u64 {
    id += 3;
    let before = id;
    id = 4;
    text.push('a');
    before
}

//@ "unused:<id>", skip(never_used, a, b)
pub async fn unused_parameters(id: u64, never_used: u64, (a, b): (u64, u64)) -> u64 {
    id
}

//@ "drawn:<id>", skip(repo)
pub async fn drawn<'a>(repo: &'a Repo, id: u64) -> Option<u64> {
    let found = repo.rows().get(&id).map(|row| row.len() as u64).unwrap_or(0);
    if !(found == 0) {
        Some(found)
    } else {
        None
    }
}

//@ here "guarded:<id>", skip(repo)
pub async fn guarded(repo: &Repo, id: u64) -> u64 {
    let mut rows = repo.rows.lock().expect("not poisoned");
    rows.insert(id, String::from("x").to_string());
    let waited = tokio_yield(id).await;
    drop(rows);
    waited
}

//@ "forgotten:<id>"
pub async fn forgotten(id: u64) -> u64 {
    tokio_yield(id);
    let _ = tokio_yield(id);
    id.checked_add(1);
    match id {
        1 => 2,
        other => {
            let doubled = other * 2;
            doubled
        }
    }
}

//@ "flags:<a>:<b>:<c>:<d>"
pub async fn flags(a: bool, b: bool, c: bool, d: bool) -> Result<bool, ()> {
    if a && b {
        return Err(());
    }
    let either = if c { true } else { d };
    assert!(a || either);
    Ok(either == true)
}

//@ "endless:<id>"
pub async fn endless(id: u64) -> u64 {
    loop {
        if id > 3 {
            panic!("{} is too much", id);
        }
    }
}

//@ "planned:<id>"
pub async fn planned(id: u64) -> Vec<u64> {
    let _ = id;
    panic!("it is not written yet")
}

//@ "closures:<id>"
pub async fn closures(id: u64) -> Option<u64> {
    let add = |n: u64| n + id;
    let found = Some(id).map(|n| add(n)).and_then(|n| Some(n + 1));
    let list: Vec<u64> = vec![1, 2, 3].iter().map(|n| *n).collect();
    let length = list.iter().filter(|n| **n > 1).next().is_some();
    found.filter(|_| length == true)
}

//@ "big:<id>"
pub async fn big(id: u64) -> u64 {
    let bytes = [0_u8; 20_000];
    let more = tokio_yield(id).await;
    bytes.len() as u64 + more
}

impl User {
    //@ "renamed:<self.id>", skip(name)
    pub async fn to_renamed(self, name: String) -> User {
        User { id: self.id, name: name.clone() }
    }

    //@ "shared:<self.id>", skip(unused)
    pub async fn shared(self: Arc<Self>, unused: u8) -> u64 {
        let id = &self.id;
        id.clone()
    }

    //@ "nothing:<id>"
    pub async fn of_nothing(id: u64) -> Option<User> {
        if let Some(id) = Some(id) {
            return Some(User { id: id, name: "a".to_string() });
        }
        return None;
    }

    //@ "conditional:<id>"
    pub async fn conditional(&self, id: u64) -> u64 {
        let mut sum = 0;
        if id > 3 {
            sum = 4;
        }
        const LATE: u64 = 3;
        fn later(n: u64) -> u64 {
            n
        }
        unsafe_free(sum + LATE + later(self.id))
    }
}

fn unsafe_free(n: u64) -> u64 {
    n
}

pub trait Find {
    fn name(&self) -> &str;

    //@ "found:<id>"
    fn found(&self, id: u64) -> impl Future<Output = Option<u64>> + Send
    where
        Self: Clone + Send + Sync + 'static,
    {
        async move {
            let name = self.name().clone();
            return Some(name.len() as u64 + id);
        }
    }
}

impl Find for User {
    fn name(&self) -> &str {
        return &self.name;
    }
}
