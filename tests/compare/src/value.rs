//! The value: a row with a list in it, of 300 bytes or 8 KB as JSON.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, hitbox_fn::CacheableResponse)]
pub struct User {
    pub id: u64,
    pub name: String,
    pub email: String,
    pub active: bool,
    pub balance: f64,
    pub manager: Option<u64>,
    pub roles: Vec<String>,
    pub notes: Vec<Note>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Note {
    pub at: u64,
    pub text: String,
}

/// How large a value is as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Small,
    Large,
}

impl Size {
    pub const ALL: [Size; 2] = [Size::Small, Size::Large];

    pub fn name(self) -> &'static str {
        match self {
            Size::Small => "300 B",
            Size::Large => "8 KB",
        }
    }

    pub fn user(self) -> User {
        let (notes, text) = match self {
            Size::Small => (1_u64, 84),
            Size::Large => (74, 77),
        };
        let note =
            |n| Note { at: 1_767_225_600 + n, text: "lorem ipsum ".repeat(7)[..text].into() };
        User {
            id: 1000,
            name: "Grace Brewster Murray Hopper".into(),
            email: "grace.hopper@navy.example.org".into(),
            active: true,
            balance: 1906.25,
            manager: Some(7),
            roles: ["admiral", "programmer", "lecturer"].map(String::from).into(),
            notes: (0..notes).map(note).collect(),
        }
    }
}
