//! A tracking connection: commands in one direction, and in the other the replies and pushes, in one line.

use super::held::{self, Copied, Key};
use crate::code::Code;

/// What is on its way in one direction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Line<T, const N: usize>([Option<T>; N]);

impl<T: Copy, const N: usize> Line<T, N> {
    pub(super) const EMPTY: Line<T, N> = Line([None; N]);

    pub(super) fn push(&mut self, item: T) {
        let end = self.0.iter_mut().find(|place| place.is_none());
        *end.expect("there is room for all that can be under way") = Some(item);
    }

    pub(super) fn push_front(&mut self, item: T) {
        self.0.rotate_right(1);
        let last = self.0[0].replace(item);
        debug_assert!(last.is_none(), "there is room for what was taken from it");
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let first = self.0[0].take()?;
        self.0.rotate_left(1);
        Some(first)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

/// What the server is asked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum What {
    Ping,
    /// A read that wants a copy, and its `PTTL`.
    Read(Key),
    /// A read that has been answered, and whose `PTTL` comes next.
    Pttl(Key, Option<Copied>),
}

/// A command that the server has not executed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Command {
    pub(super) what: What,
    /// How long ago it was sent.
    pub(super) age: u8,
}

/// What the server has written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Message {
    Pong { age: u8 },
    Read { key: Key, age: u8, copied: Option<Copied> },
    Changed(Key),
    Flushed,
}

/// The most commands that are under way at a time.
pub(super) const COMMANDS: usize = 2;

/// The most messages that are: an answer to each, a push for each key that they track, another for what was tracked before, and
/// a flush.
const MESSAGES: usize = COMMANDS + 3;

/// A connection on which the server tracks what is read over it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Link {
    pub(super) commands: Line<Command, COMMANDS>,
    pub(super) messages: Line<Message, MESSAGES>,
    /// Which keys the server tracks for it.
    tracked: [bool; 2],
    /// Whether nothing arrives any more that the server writes from now on.
    pub(super) half_open: bool,
}

impl Link {
    pub(super) const NEW: Link = Link {
        commands: Line::EMPTY,
        messages: Line::EMPTY,
        tracked: [false; 2],
        half_open: false,
    };

    /// How many commands have not been answered.
    pub(super) fn under_way(&self) -> usize {
        let answers = self.messages.iter();
        let answers = answers.filter(|m| matches!(m, Message::Pong { .. } | Message::Read { .. }));
        self.commands.iter().count() + answers.count()
    }

    pub(super) fn send(&mut self, what: What) {
        self.commands.push(Command { what, age: 0 });
    }

    /// The connection becomes half-open: what the server is asked from now on is of no account.
    pub(super) fn swallow(&mut self) {
        *self = Link { messages: self.messages, half_open: true, ..Link::NEW };
    }

    pub(super) fn track(&mut self, key: Key) {
        self.tracked[key as usize] = true;
    }

    /// The server has changed a key.
    pub(super) fn change(&mut self, key: Key) {
        if std::mem::take(&mut self.tracked[key as usize]) {
            self.messages.push(Message::Changed(key));
        }
    }

    /// The server has emptied all keys.
    pub(super) fn flush(&mut self) {
        self.tracked = [false; 2];
        if !self.half_open {
            self.messages.push(Message::Flushed);
        }
    }

    /// Time goes on; what is this old grows no older.
    pub(super) fn tick(&mut self, oldest: u8) {
        for command in self.commands.iter_mut() {
            command.age = (command.age + 1).min(oldest);
            if let What::Pttl(_, Some(copied)) = &mut command.what {
                held::elapse(&mut copied.truth);
            }
        }
        for message in self.messages.iter_mut() {
            if let Message::Pong { age } | Message::Read { age, .. } = message {
                *age = (*age + 1).min(oldest);
            }
            if let Message::Read { copied: Some(copied), .. } = message {
                held::elapse(&mut copied.truth);
            }
        }
    }

    pub(super) fn copied_mut(&mut self) -> impl Iterator<Item = &mut Copied> {
        let commands = self.commands.iter_mut().filter_map(|command| match &mut command.what {
            What::Pttl(_, copied) => copied.as_mut(),
            What::Ping | What::Read(_) => None,
        });
        let messages = self.messages.iter_mut().filter_map(|message| match message {
            Message::Read { copied, .. } => copied.as_mut(),
            Message::Pong { .. } | Message::Changed(_) | Message::Flushed => None,
        });
        commands.chain(messages)
    }

    pub(super) fn encode(&self, code: &mut Code) {
        for command in self.commands.iter() {
            match command.what {
                What::Ping => code.put(3, 1u8),
                What::Read(key) => code.put(3, 2 + key as u8),
                What::Pttl(key, copied) => {
                    code.put(3, 4 + key as u8);
                    Copied::encode(copied, code);
                }
            }
            code.put(2, command.age);
        }
        code.put(3, 0u8);
        for message in self.messages.iter() {
            match *message {
                Message::Pong { age } => {
                    code.put(3, 1u8);
                    code.put(2, age);
                }
                Message::Read { key, age, copied } => {
                    code.put(3, 2 + key as u8);
                    code.put(2, age);
                    Copied::encode(copied, code);
                }
                Message::Changed(key) => code.put(3, 4 + key as u8),
                Message::Flushed => code.put(3, 6u8),
            }
        }
        code.put(3, 0u8);
        code.put(1, self.half_open);
        self.tracked.iter().for_each(|&tracked| code.put(1, tracked));
    }
}
