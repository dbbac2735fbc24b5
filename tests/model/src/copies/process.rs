//! A process that keeps copies: its tracking connection, one read that wants a copy, and a call that may hit.

use super::{
    held::{Copied, Found, Key, Stored},
    link::{Link, Message},
    rule::Rule,
};
use cache_runtime::protocol::Nonce;

use crate::{code::Code, row::Version};

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Process {
    pub(super) link: Link,
    /// For how long copies may be served yet, without another answer.
    pub(super) lease: u8,
    pub(super) copies: [Option<Copied>; 2],
    pub(super) read: Read,
    pub(super) hit: Hit,
    /// The newest version that was written here, and that no call here may miss any more.
    pub(super) own: Version,
}

/// A read that wants a copy.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Read {
    None,
    /// Sent, and not answered. Whether the counter of its stripe has `moved` since it was sent is all that matters of it.
    Sent {
        key: Key,
        moved: bool,
    },
    /// The answer has reached its caller, who is about to insert the copy. The connection may have been `lost` since.
    Answered {
        key: Key,
        copied: Copied,
        moved: bool,
        lost: bool,
    },
}

/// A call that takes its time to hit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Hit {
    None,
    /// It has read the time. Nothing older may come of it than this `least`.
    Began {
        least: Version,
    },
    /// It has found the lease good for that time.
    Covered {
        least: Version,
    },
    /// It has taken a copy, before it looks at the lease.
    Taken {
        least: Version,
        version: Version,
    },
}

impl Process {
    pub(super) const NEW: Process = Process {
        link: Link::NEW,
        lease: 0,
        copies: [None; 2],
        read: Read::None,
        hit: Hit::None,
        own: 0,
    };

    /// The value that a hit finds now, if there is one.
    pub(super) fn found(&self, tagged: bool) -> Option<Copied> {
        let copied = self.copies[Key::Entry as usize].filter(|copied| copied.left > 0)?;
        let good = |stored: Stored| {
            let tag = self.copies[Key::Tag as usize].filter(|copied| copied.left > 0);
            tag.is_some_and(|tag| tag.found == Found::Stamp(stored.tag))
        };
        match copied.found {
            Found::Value(stored) if !tagged || good(stored) => Some(copied),
            _ => None,
        }
    }

    /// The driver takes what has arrived first.
    pub(super) fn handle(&mut self, length: u8, broken: Option<Rule>) -> Option<()> {
        match self.link.messages.pop()? {
            Message::Changed(key) => {
                if broken != Some(Rule::PushTakes) {
                    self.copies[key as usize] = None;
                }
                self.move_counter(key);
            }
            Message::Flushed => {
                self.copies = [None; 2];
                if broken != Some(Rule::FlushMoves) {
                    [Key::Entry, Key::Tag].into_iter().for_each(|key| self.move_counter(key));
                }
            }
            Message::Pong { age } => self.renew(age, length, broken),
            Message::Read { key, age, copied } => {
                self.renew(age, length, broken);
                self.read = match (self.read, copied) {
                    (Read::Sent { moved, .. }, Some(mut copied)) => {
                        if broken != Some(Rule::DeadlineSent) {
                            (0..age).for_each(|_| super::held::elapse(&mut copied.left));
                        }
                        Read::Answered { key, copied, moved, lost: false }
                    }
                    _ => Read::None,
                };
            }
        }
        Some(())
    }

    fn renew(&mut self, age: u8, length: u8, broken: Option<Rule>) {
        let age = if broken == Some(Rule::SentTime) { 0 } else { age };
        self.lease = self.lease.max(length.saturating_sub(age));
    }

    /// The counter of a key's stripe moves.
    fn move_counter(&mut self, of: Key) {
        match &mut self.read {
            Read::Sent { key, moved } | Read::Answered { key, moved, .. } if *key == of => {
                *moved = true;
            }
            _ => {}
        }
    }

    /// A writer of the process takes a copy away.
    pub(super) fn take_away(&mut self, key: Key, broken: Option<Rule>) {
        self.copies[key as usize] = None;
        if broken != Some(Rule::WriterMoves) {
            self.move_counter(key);
        }
    }

    /// The caller of the read inserts its copy, if it may: `writes` says whether a writer of the process waits for an answer.
    pub(super) fn insert(&mut self, writes: bool, broken: Option<Rule>) -> Option<()> {
        let Read::Answered { key, copied, moved, lost } = self.read else { return None };
        self.read = Read::None;
        let moved = moved && broken != Some(Rule::Counter);
        let lost = lost && broken != Some(Rule::Generation);
        let writes = writes && broken != Some(Rule::NoneMeanwhile);
        if !moved && !lost && !writes {
            self.copies[key as usize] = Some(copied);
        }
        Some(())
    }

    /// The connection is lost, and another takes its place.
    pub(super) fn lose(&mut self, broken: Option<Rule>) {
        self.link = Link::NEW;
        self.lease = 0;
        if broken != Some(Rule::LossTakes) {
            self.copies = [None; 2];
        }
        match &mut self.read {
            Read::Answered { lost, .. } => *lost = true,
            read => *read = Read::None,
        }
    }

    pub(super) fn tick(&mut self, oldest: u8) {
        self.lease = self.lease.saturating_sub(1);
        self.copies.iter_mut().flatten().for_each(Copied::tick);
        if let Read::Answered { copied, .. } = &mut self.read {
            copied.tick();
        }
        self.link.tick(oldest);
    }

    /// Forgets a read that will not be inserted.
    pub(super) fn forget(&mut self, broken: Option<Rule>) {
        if let Read::Answered { copied, moved, lost, .. } = self.read
            && (moved && broken != Some(Rule::Counter)
                || lost && broken != Some(Rule::Generation)
                || copied.left == 0)
        {
            self.read = Read::None;
        }
        for copied in &mut self.copies {
            copied.take_if(|copied| copied.left == 0);
        }
    }

    pub(super) fn nonces(&mut self, mut visit: impl FnMut(&mut Nonce)) {
        self.copies.iter_mut().flatten().for_each(|copied| visit(copied.nonce_mut()));
        if let Read::Answered { copied, .. } = &mut self.read {
            visit(copied.nonce_mut());
        }
        self.link.copied_mut().for_each(|copied| visit(copied.nonce_mut()));
    }

    pub(super) fn encode(&self, code: &mut Code) {
        self.link.encode(code);
        code.put(2, self.lease);
        self.copies.iter().for_each(|&copied| Copied::encode(copied, code));
        match self.read {
            Read::None => code.put(2, 0u8),
            Read::Sent { key, moved } => {
                code.put(2, 1u8);
                code.put(1, key as u8);
                code.put(1, moved);
            }
            Read::Answered { key, copied, moved, lost } => {
                code.put(2, 2 + key as u8);
                code.put(1, moved);
                code.put(1, lost);
                Copied::encode(Some(copied), code);
            }
        }
        let (tag, least, version) = match self.hit {
            Hit::None => (0u8, 0, 0),
            Hit::Began { least } => (1, least, 0),
            Hit::Covered { least } => (2, least, 0),
            Hit::Taken { least, version } => (3, least, version),
        };
        code.put(2, tag);
        code.version(least);
        code.version(version);
        code.version(self.own);
    }
}
