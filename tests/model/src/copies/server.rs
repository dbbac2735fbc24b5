//! The server of local copies: what it does to keys, and whom it tells.

use super::{
    Copies,
    held::{Copied, FOREVER, Key, Stored, TAG_DRAWN},
    link::{Command, Message, What},
    rule::Rule,
    world::World,
};
use cache_runtime::protocol::{self, Nonce, Reply, State, Step};

use crate::state::LIFE;

impl Copies {
    /// What a key holds is gone. A value is evicted, which is a change like others; of the end of a lease or a fence, nobody is
    /// told.
    pub(super) fn expire(&self, world: &mut World, key: Key) -> Option<()> {
        let (vacant, copied) = match key {
            Key::Entry => (world.entry == State::Vacant, matches!(world.entry, State::Value(..))),
            Key::Tag => (world.tag == State::Vacant, matches!(world.tag, State::Value(..))),
        };
        if vacant {
            return None;
        }
        if copied {
            self.tell(world, key);
        }
        world.empty(key);
        Some(())
    }

    pub(super) fn flush(&self, world: &mut World) -> Option<()> {
        world.empty(Key::Entry);
        world.empty(Key::Tag);
        world.flushed = true;
        world.processes[..self.processes].iter_mut().for_each(|process| process.link.flush());
        Some(())
    }

    /// The server executes the first command of a connection.
    pub(super) fn execute(&self, world: &mut World, who: usize) -> Option<()> {
        let found = [world.look(Key::Entry), world.look(Key::Tag)];
        let life = world.life;
        let link = &mut world.processes[who].link;
        let Command { what, age } = link.commands.pop()?;
        match what {
            What::Ping => link.messages.push(Message::Pong { age }),
            What::Read(key) => {
                if key == Key::Entry || self.broken != Some(Rule::TagTracked) {
                    link.track(key);
                }
                let copied = found[key as usize];
                if self.lives {
                    link.commands.push_front(Command { what: What::Pttl(key, copied), age });
                } else {
                    link.messages.push(Message::Read { key, age, copied });
                }
            }
            What::Pttl(key, copied) => {
                let copied = copied.filter(|_| found[key as usize].is_some());
                let copied = copied.map(|copied| Copied { left: life, ..copied });
                link.messages.push(Message::Read { key, age, copied });
            }
        }
        Some(())
    }

    /// The stamp that the tag has, once it was asked for: it may be made for that.
    pub(super) fn stamp(&self, world: &mut World) -> Option<Nonce> {
        self.run_tag(world, Step::Stamp { stamp: TAG_DRAWN, value: (), life: LIFE });
        match world.tag {
            State::Value(stamp, ()) => Some(stamp),
            _ => None,
        }
    }

    /// The server takes a step on the entry's key.
    pub(super) fn run_entry(&self, world: &mut World, step: Step<Stored>) -> Reply<Stored> {
        let transition = protocol::apply(world.entry.clone(), step);
        if transition.state != world.entry {
            world.life = FOREVER;
            self.tell(world, Key::Entry);
        }
        world.entry = transition.state;
        transition.reply
    }

    /// The server takes a step on the tag's key.
    pub(super) fn run_tag(&self, world: &mut World, step: Step<()>) -> Reply<()> {
        let transition = protocol::apply(world.tag.clone(), step);
        if transition.state != world.tag {
            self.tell(world, Key::Tag);
        }
        world.tag = transition.state;
        transition.reply
    }

    /// A key has changed.
    fn tell(&self, world: &mut World, key: Key) {
        let processes = &mut world.processes[..self.processes];
        processes.iter_mut().for_each(|process| process.link.change(key));
    }
}
