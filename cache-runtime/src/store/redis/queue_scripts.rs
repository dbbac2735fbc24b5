//! The scripts of queues.
//!
//! An entry of a queue has the fields `k` (the key) and `v` (the value, as it is stored under the key). A dead
//! letter has `e` (the error), `a` (how often it was tried) and `s` (its place) besides.
//!
//! The scripts that empty a queue run on a server whose memory is full, too: the queue may have filled it, and nothing else
//! would empty that.

use redis::Pipeline;

use super::script::{LAND, PEND, Script, WHEN_FULL, function};

/// Accepts a write: -1, or how many wait where there is no room.
///
/// Within a script the clock stands still, and it may have been set back: then the place is one more than the
/// last. The newer write of a key replaces its dead letter.
///
/// Keys: what is written, the queue, its dead letters, their index. Arguments: the value, the capacity.
const ENQUEUE: &str = r"
local queued = redis.call('XLEN', KEYS[2])
if queued >= tonumber(ARGV[2]) then return queued end
local function add(place)
  local id = string.format('%.0f-0', place)
  return redis.pcall('XADD', KEYS[2], id, 'k', KEYS[1], 'v', ARGV[1])
end
local now = redis.call('TIME')
local added = add(now[1] * 1000000 + now[2])
if type(added) == 'table' then
  local about, last = redis.pcall('XINFO', 'STREAM', KEYS[2]), nil
  if about.err then return added end
  for i = 1, #about, 2 do
    if about[i] == 'last-generated-id' then last = string.match(about[i + 1], '^%d+') end
  end
  added = add(last + 1)
  if type(added) == 'table' then return added end
end
pend({KEYS[1]}, {ARGV[1]})
local dead = redis.call('HGET', KEYS[4], KEYS[1])
if dead then
  redis.call('XDEL', KEYS[3], dead)
  redis.call('HDEL', KEYS[4], KEYS[1])
end
return -1
";

/// Takes entries for the one who holds the lease, and for nobody else: an entry that went to a flusher who has
/// been deposed would be seen by its successor after later ones.
///
/// With an id, first those from there on that somebody has taken and not finished, whoever that was. Answers with
/// a 1 if there are more of those; if not, consumers that have nothing are forgotten.
///
/// Keys: the lease, the queue. Arguments: the lease, the consumer, how many, an id or nothing.
const TAKE: &str = r"
if redis.pcall('GETRANGE', KEYS[1], 0, 17) ~= ARGV[1] then return false end
if ARGV[4] ~= '' then
  redis.pcall('XGROUP', 'CREATE', KEYS[2], 'flushers', '0', 'MKSTREAM')
  local cursor, found = ARGV[4], nil
  repeat
    local claimed =
      redis.call('XAUTOCLAIM', KEYS[2], 'flushers', ARGV[2], 0, cursor, 'COUNT', ARGV[3])
    cursor, found = claimed[1], claimed[2]
  until #found > 0 or cursor == '0-0'
  if cursor ~= '0-0' then return {1, found} end
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[2], 'flushers')) do
    if consumer[2] ~= ARGV[2] and consumer[4] == 0 then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[2], 'flushers', consumer[2])
    end
  end
  if #found > 0 then return {0, found} end
end
local read =
  redis.call('XREADGROUP', 'GROUP', 'flushers', ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[2], '>')
return {0, read and read[1][2] or {}}
";

/// Takes entries out of a queue, a thousand at a time: Lua has only so much room for arguments.
const DONE: &str = r"
local function done(queue, ids, first)
  for i = first, #ids, 1000 do
    local last = math.min(i + 999, #ids)
    redis.call('XACK', queue, 'flushers', unpack(ids, i, last))
    redis.call('XDEL', queue, unpack(ids, i, last))
  end
end
";

/// Keys: the queue, and those that were written. Arguments: the time of a fence; a stamp and a life (or
/// nothing) for each key; the ids of the entries.
const LAND_ALL: &str = r"
for i = 2, #KEYS do
  local life = ARGV[2 * i - 1]
  land({KEYS[i]}, {ARGV[2 * i - 2], ARGV[1], life ~= '' and life or nil})
end
done(KEYS[1], ARGV, 2 * #KEYS)
return 1
";

/// Makes an entry a dead letter: 1. Where a later write of its key waits, nobody needs it: 2. Where it is not
/// there: 0.
///
/// Keys: the queue, what was written, the dead letters, their index. Arguments: the stamp, the time of a fence,
/// the error, the number of attempts, and the ids, of which the entry's own comes last.
const DEAD_LETTER: &str = r"
local id = ARGV[#ARGV]
local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
if not entry then return 0 end
local outcome = 2
local stamp = pending({KEYS[2]})
if not stamp or stamp == ARGV[1] then
  local fields = entry[2]
  for _, field in ipairs({'e', ARGV[3], 'a', ARGV[4], 's', string.match(id, '^%d+')}) do
    fields[#fields + 1] = field
  end
  local earlier = redis.call('HGET', KEYS[4], KEYS[2])
  if earlier then redis.call('XDEL', KEYS[3], earlier) end
  redis.call('HSET', KEYS[4], KEYS[2], redis.call('XADD', KEYS[3], '*', unpack(fields)))
  land({KEYS[2]}, {ARGV[1], ARGV[2]})
  outcome = 1
end
done(KEYS[1], ARGV, 5)
return outcome
";

/// Accepts a dead letter as a write of its own, under a stamp of its own; -2 where there is no such letter.
///
/// Keys: as to enqueue. Arguments: the letter's id, the capacity, the stamp.
const REPLAY: &str = r"
local letter = redis.call('XRANGE', KEYS[3], ARGV[1], ARGV[1])[1]
if not letter then return -2 end
local value = letter[2][4]
local outcome =
  enqueue(KEYS, {string.sub(value, 1, 2) .. ARGV[3] .. string.sub(value, 19), ARGV[2]})
if outcome == -1 then redis.call('XDEL', KEYS[3], ARGV[1]) end
return outcome
";

/// Keys: the dead letters, their index. Arguments: the letter's id and its key.
const FORGET: &str = r"
if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[1] then redis.call('HDEL', KEYS[2], ARGV[2]) end
return redis.call('XDEL', KEYS[1], ARGV[1])
";

pub(super) struct QueueScripts {
    pub(super) enqueue: Script,
    pub(super) take: Script,
    pub(super) land: Script,
    pub(super) dead_letter: Script,
    pub(super) replay: Script,
    pub(super) forget: Script,
}

impl QueueScripts {
    pub(super) fn new() -> Self {
        let (pend, land) = (function("pend", PEND), function("land", LAND));
        let pending = function("pending", "return read_pending()");
        QueueScripts {
            enqueue: Script::new(format!("{pend}{ENQUEUE}")),
            take: Script::new(format!("{WHEN_FULL}{TAKE}")),
            land: Script::new(format!("{WHEN_FULL}\n{land}{DONE}{LAND_ALL}")),
            dead_letter: Script::new(format!("{WHEN_FULL}\n{land}{pending}{DONE}{DEAD_LETTER}")),
            replay: Script::new(format!("{pend}{}{REPLAY}", function("enqueue", ENQUEUE))),
            forget: Script::new(FORGET.into()),
        }
    }

    /// Loads all of them into a server.
    pub(super) fn load(&self, into: &mut Pipeline) {
        let QueueScripts { enqueue, take, land, dead_letter, replay, forget } = self;
        for script in [enqueue, take, land, dead_letter, replay, forget] {
            script.load(into);
        }
    }
}
