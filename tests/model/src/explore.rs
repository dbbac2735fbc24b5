//! The search: breadth first, so that the first violation found is one of the shortest.

use std::{collections::VecDeque, fmt};

use super::row::Violation;

/// What can be searched.
pub(super) trait Model: fmt::Debug {
    /// One state of everything.
    type World: Clone + fmt::Display;
    /// What can happen next.
    type Move: Copy + fmt::Display;

    /// Where everything begins.
    fn start(&self) -> Self::World;

    /// What may happen next, and a little more: what cannot, [`take`](Model::take) does not do.
    fn moves(&self, world: &Self::World, moves: &mut Vec<Self::Move>);

    /// The world after `step`, where that can happen.
    fn take(&self, world: &Self::World, step: Self::Move)
    -> Result<Option<Self::World>, Violation>;

    /// A number for this state, the same for states that no property can tell apart.
    fn code(&self, world: &Self::World) -> u128;
}

/// What a search found.
pub(super) struct Explored {
    /// How many different states were reached.
    pub(super) states: usize,
    /// How many moves were taken between them.
    pub(super) moves: usize,
    /// The first violation met, if there is one: the search ends there.
    pub(super) violation: Option<Trace>,
}

/// The moves that lead from the start to a violation.
pub(super) struct Trace {
    /// Each with the state after it.
    moves: Vec<(String, String)>,
    pub(super) violation: Violation,
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (step, world)) in self.moves.iter().enumerate() {
            writeln!(f, "{:3}. {step:<62} {world}", at + 1)?;
        }
        writeln!(f, "     {}", self.violation)
    }
}

/// Visits every state that the model can reach, until one violates a property.
pub(super) fn explore<M: Model>(model: &M) -> Explored {
    let mut moves = Vec::new();
    let start = model.start();
    let mut visited = Visited::new();
    let mut frontier = VecDeque::new();
    let mut taken = 0;
    visited.insert(model.code(&start), 0);
    frontier.push_back((0, start));

    while let Some((at, world)) = frontier.pop_front() {
        model.moves(&world, &mut moves);
        for &step in &moves {
            match model.take(&world, step) {
                Ok(None) => {}
                Ok(Some(next)) => {
                    taken += 1;
                    if let Some(index) = visited.insert(model.code(&next), at) {
                        frontier.push_back((index, next));
                    }
                }
                Err(violation) => {
                    let trace = retrace(model, &visited.path(at), violation);
                    let states = visited.len();
                    return Explored { states, moves: taken + 1, violation: Some(trace) };
                }
            }
        }
    }
    Explored { states: visited.len(), moves: taken, violation: None }
}

/// Walks the path of codes again, and on to the violation. A code stands for all states that differ only
/// in which actor is which; walking with the worlds themselves keeps each name on its actor.
fn retrace<M: Model>(model: &M, path: &[u128], violation: Violation) -> Trace {
    let mut world = model.start();
    let mut moves = Vec::new();
    for code in path[1..].iter().map(|&code| Ok(code)).chain([Err(violation)]) {
        let mut possible = Vec::new();
        model.moves(&world, &mut possible);
        let (step, next) = (possible.into_iter())
            .find_map(|step| match model.take(&world, step) {
                Ok(next) => {
                    next.filter(|next| Ok(model.code(next)) == code).map(|next| (step, next))
                }
                Err(found) => (Err(found) == code).then(|| (step, world.clone())),
            })
            .expect("the search found a move to there");
        moves.push((step.to_string(), next.to_string()));
        world = next;
    }
    Trace { moves, violation }
}

/// The states met, and from which other each was met first.
///
/// A table of its own: an unoptimised build, which is what tests run in, spends most of its time in here.
struct Visited {
    codes: Vec<u128>,
    parents: Vec<u32>,
    /// Open addressing by the hash of a code: its index plus one, or zero where there is none.
    slots: Vec<u32>,
}

impl Visited {
    fn new() -> Self {
        Visited { codes: Vec::new(), parents: Vec::new(), slots: vec![0; 1 << 16] }
    }

    fn len(&self) -> usize {
        self.codes.len()
    }

    /// The index of `code`, if it is new.
    fn insert(&mut self, code: u128, parent: u32) -> Option<u32> {
        if self.codes.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(code);
        if self.slots[slot] != 0 {
            return None;
        }
        let index = u32::try_from(self.codes.len()).expect("fewer states than fit in memory");
        self.codes.push(code);
        self.parents.push(parent);
        self.slots[slot] = index + 1;
        Some(index)
    }

    /// The slot that `code` is in, or would be.
    fn slot(&self, code: u128) -> usize {
        let mask = self.slots.len() - 1;
        let folded = (code as u64) ^ ((code >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (folded ^ (folded >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mut slot = (mixed >> 32) as usize & mask;
        while self.slots[slot] != 0 && self.codes[self.slots[slot] as usize - 1] != code {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for index in 0..self.codes.len() {
            let slot = self.slot(self.codes[index]);
            self.slots[slot] = index as u32 + 1;
        }
    }

    /// The codes from the start to the state of this index.
    fn path(&self, mut index: u32) -> Vec<u128> {
        let mut path = vec![self.codes[index as usize]];
        while index != 0 {
            index = self.parents[index as usize];
            path.push(self.codes[index as usize]);
        }
        path.reverse();
        path
    }
}
