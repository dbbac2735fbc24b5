//! The steps that need more than one command, as Lua scripts of one key each, so that they are atomic on a
//! cluster too. They follow `protocol::apply` to the letter; a differential test holds them to it.
//!
//! What a queue does in one step together with its keys is in `stream.rs`, made of the same texts.

use redis::{Cmd, Pipeline, cmd};

use crate::protocol::Incarnation;

/// Reads a fence: its epoch, its mark of contention and its writers, or nil.
///
/// Nineteen bytes and at most nine digits are a fence; one byte more is read, to see what is too long.
///
/// What is of another type holds nothing of ours. A user that may not look must not take that for an answer.
const READ_FENCE: &str = r"
local function look(last)
  local s = redis.pcall('GETRANGE', KEYS[1], 0, last)
  if type(s) == 'table' and not string.find(s.err, 'WRONGTYPE', 1, true) then error(s) end
  return s
end
local function read_fence()
  local s = look(28)
  if type(s) ~= 'string' or string.sub(s, 1, 2) ~= '\202F' or #s > 28 then return nil end
  local contended, writers = string.match(string.sub(s, 19), '^([01])(%d+)$')
  if not writers or tonumber(writers) == 0 then return nil end
  return string.sub(s, 3, 18), contended, tonumber(writers)
end
local function fence(epoch, contended, writers)
  return '\202F' .. epoch .. contended .. string.format('%d', writers)
end
";

/// Reads a pending value: its stamp and its mark (`P`, or `Q` where it is contended), or nil. And whether a
/// text is a whole value, pending or not: 54 bytes of header, the stamps of its tags, a payload of the length
/// that the header gives.
const READ_PENDING: &str = r"
local function whole(head, length)
  return #head >= 54 and length == 54 + 16 * string.byte(head, 21) + struct.unpack('<I4', head, 23)
end
local function read_pending()
  local s = look(53)
  if type(s) ~= 'string' then return nil end
  local mark = string.match(s, '^\202([PQ])')
  if not mark or not whole(s, redis.call('STRLEN', KEYS[1])) then return nil end
  return string.sub(s, 3, 18), mark
end
";

/// The beginning of a script that a server takes though its memory is full (`OOM`): one that makes room, in the end.
pub(super) const WHEN_FULL: &str = "#!lua flags=allow-oom";

/// `SET NX GET` for a key that may hold what has to give way, and for whoever is to empty a queue.
const TAKE: &str = r"
local s = redis.pcall('GET', KEYS[1])
if s == false or type(s) == 'string' and string.sub(s, 1, 18) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return false
end
return s
";

/// A stamp begins with the incarnation that it belongs to, or with zeros where nobody compares. One of another incarnation
/// gives way. It says when it was made, and the answer says how old it is.
const STAMP: &str = r"
local time = redis.pcall('TIME')
local now = time.err and 0 or time[1] * 1000000 + time[2]
local s = redis.pcall('GET', KEYS[1])
local stamped = type(s) == 'string' and string.sub(s, 1, 2) == '\202V' and whole(s, #s)
local mine = string.sub(ARGV[1], 3, 6)
if s == false or stamped and mine ~= '\0\0\0\0' and string.sub(s, 3, 6) ~= mine then
  local made = string.sub(ARGV[1], 1, 30) .. struct.pack('<I8', now) .. string.sub(ARGV[1], 39)
  redis.call('SET', KEYS[1], made, 'PX', ARGV[2])
  return made
end
if stamped then
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 and left <= tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2]) end
  if #s == 54 and string.byte(s, 20) == 0 then
    if now > 0 and struct.unpack('<I8', s, 31) == 0 then
      redis.call('SETRANGE', KEYS[1], 30, struct.pack('<I8', now))
      s = string.sub(s, 1, 30) .. struct.pack('<I8', now) .. string.sub(s, 39)
    end
    local age = math.max(0, math.min(now - struct.unpack('<I8', s, 31), 4294967295))
    return string.sub(s, 1, 26) .. struct.pack('<I4', age) .. string.sub(s, 31)
  end
end
return s
";

/// Anything gives way to what is written behind; a fence leaves its mark.
pub(super) const PEND: &str = r"
local _, mark = read_pending()
if mark ~= 'Q' then mark = read_fence() and 'Q' or 'P' end
redis.call('SET', KEYS[1], '\202' .. mark .. string.sub(ARGV[1], 3))
return 1
";

pub(super) const LAND: &str = r"
local stamp, mark = read_pending()
if not stamp then
  if read_fence() then
    redis.call('SETRANGE', KEYS[1], 18, '1')
    return 0
  end
  redis.call('DEL', KEYS[1])
  return 1
end
if stamp ~= ARGV[1] then return 0 end
if mark == 'Q' then
  redis.call('SET', KEYS[1], fence(stamp, '1', 1), 'PX', ARGV[2])
elseif ARGV[3] then
  redis.call('SETRANGE', KEYS[1], 1, 'V')
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
return 1
";

const FILL: &str = r"
if redis.pcall('GETRANGE', KEYS[1], 0, 17) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
";

/// What is contended renews for every fence.
const RENEW: &str = r"
local function covers()
  if string.sub(ARGV[1], 2, 2) ~= 'F' then return false end
  local _, mark = read_pending()
  if mark then return mark == 'Q' end
  local _, contended = read_fence()
  return contended == '1'
end
if redis.pcall('GETRANGE', KEYS[1], 0, 17) ~= ARGV[1] and not covers() then return 0 end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
";

const RELEASE: &str = r"
if redis.pcall('GETRANGE', KEYS[1], 0, 17) ~= ARGV[1] then return 0 end
if string.sub(ARGV[1], 2, 2) == 'F' and redis.call('GET', KEYS[1]) ~= ARGV[1] .. '01' then return 0 end
return redis.call('DEL', KEYS[1])
";

/// Removes what nobody can read: another type, foreign bytes, a truncated value.
const DISCARD: &str = r"
local s = redis.pcall('GET', KEYS[1])
if s == false then return 0 end
if type(s) == 'string' then
  local kind = string.sub(s, 1, 2)
  if kind == '\202L' and #s == 18 then return 0 end
  if kind == '\202F' and read_fence() then return 0 end
  if (kind == '\202V' or kind == '\202P' or kind == '\202Q') and whole(s, #s) then return 0 end
end
return redis.call('DEL', KEYS[1])
";

const FENCE: &str = r"
if read_pending() then
  redis.call('SETRANGE', KEYS[1], 1, 'Q')
  return ARGV[1]
end
local epoch, contended, writers = read_fence()
if not epoch then
  redis.call('SET', KEYS[1], fence(ARGV[1], '0', 1), 'PX', ARGV[2])
  return ARGV[1]
end
if epoch ~= ARGV[1] then
  redis.call('SET', KEYS[1], fence(epoch, '1', writers + 1), 'KEEPTTL')
end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return epoch
";

/// `SETRANGE` marks the contention in place, and leaves the expiry as it is.
/// Answers 2 where the fence was gone.
const SETTLE: &str = r"
if read_pending() then
  redis.call('SETRANGE', KEYS[1], 1, 'Q')
  return 2
end
local epoch, contended, writers = read_fence()
if epoch and epoch ~= ARGV[1] then
  redis.call('SETRANGE', KEYS[1], 18, '1')
  return 2
end
if epoch and writers > 1 then
  redis.call('SET', KEYS[1], fence(epoch, contended, writers - 1), 'KEEPTTL')
  return 0
end
if epoch and contended == '0' and ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
  if epoch and ARGV[2] then
    return 0
  end
end
return epoch and 1 or 2
";

const DELETE: &str = r"
if read_pending() then
  redis.call('SETRANGE', KEYS[1], 1, 'Q')
  return 0
end
if read_fence() then
  redis.call('SETRANGE', KEYS[1], 18, '1')
  return 0
end
redis.call('DEL', KEYS[1])
return 1
";

/// The arguments of a script for a server of some incarnation.
pub(super) type Arguments<'a> = dyn Fn(Incarnation) -> Vec<Vec<u8>> + Sync + 'a;

/// A script and the hash by which the server remembers it.
pub(super) struct Script {
    text: String,
    hash: String,
}

/// A step's text as a function, for a script of several keys: it sees the keys and arguments that it is given
/// and no others.
pub(super) fn function(name: &str, body: &str) -> String {
    format!("local function {name}(KEYS, ARGV)\n{READ_FENCE}{READ_PENDING}{body}\nend\n")
}

impl Script {
    pub(super) fn new(text: String) -> Self {
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Script { text, hash }
    }

    /// The call of a script that the server has seen before.
    pub(super) fn by_hash(&self, keys: &[&str], args: &[&[u8]]) -> Cmd {
        call("EVALSHA", &self.hash, keys, args)
    }

    /// The call of a script that the server has not seen, or has forgotten; it keeps it from then on.
    pub(super) fn by_text(&self, keys: &[&str], args: &[&[u8]]) -> Cmd {
        call("EVAL", &self.text, keys, args)
    }

    /// [`by_hash`](Script::by_hash), with arguments of its own.
    pub(super) fn by_hash_of(&self, keys: &[&str], args: &[Vec<u8>]) -> Cmd {
        self.by_hash(keys, &slices(args))
    }

    /// [`by_text`](Script::by_text), likewise.
    pub(super) fn by_text_of(&self, keys: &[&str], args: &[Vec<u8>]) -> Cmd {
        self.by_text(keys, &slices(args))
    }

    /// Has a server remember the script.
    pub(super) fn load(&self, into: &mut Pipeline) {
        into.cmd("SCRIPT").arg("LOAD").arg(&self.text);
    }
}

/// The scripts of all steps that need one.
pub(super) struct Scripts {
    pub(super) take: Script,
    pub(super) stamp: Script,
    pub(super) pend: Script,
    pub(super) land: Script,
    pub(super) fill: Script,
    pub(super) renew: Script,
    pub(super) release: Script,
    pub(super) discard: Script,
    pub(super) fence: Script,
    pub(super) settle: Script,
    pub(super) delete: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let fencing = |body: &str| Script::new(format!("{READ_FENCE}{READ_PENDING}{body}"));
        Scripts {
            take: Script::new(format!("{WHEN_FULL}{TAKE}")),
            stamp: fencing(STAMP),
            pend: fencing(PEND),
            land: fencing(LAND),
            fill: Script::new(FILL.into()),
            renew: fencing(RENEW),
            release: Script::new(RELEASE.into()),
            discard: fencing(DISCARD),
            fence: fencing(FENCE),
            settle: fencing(SETTLE),
            delete: fencing(DELETE),
        }
    }

    /// Makes a server know all of them.
    pub(super) fn load(&self) -> Pipeline {
        let Scripts {
            take,
            stamp,
            pend,
            land,
            fill,
            renew,
            release,
            discard,
            fence,
            settle,
            delete,
        } = self;
        let mut load = Pipeline::new();
        let all = [take, stamp, pend, land, fill, renew, release, discard, fence, settle, delete];
        for script in all {
            script.load(&mut load);
        }
        load
    }
}

fn slices(args: &[Vec<u8>]) -> Vec<&[u8]> {
    args.iter().map(Vec::as_slice).collect()
}

fn call(command: &str, script: &str, keys: &[&str], args: &[&[u8]]) -> Cmd {
    let mut call = cmd(command);
    call.arg(script).arg(keys.len()).arg(keys);
    for arg in args {
        call.arg(*arg);
    }
    call
}
