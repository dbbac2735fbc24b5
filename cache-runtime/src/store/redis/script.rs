//! The steps that need more than one command, as Lua scripts of one key each, so that they are atomic on a
//! cluster too. They follow `protocol::apply` to the letter; a differential test holds them to it.

use redis::{Cmd, Pipeline, cmd};

/// Reads a fence: its epoch, its mark of contention and its writers, or nil.
///
/// Nineteen bytes and at most nine digits are a fence; one byte more is read, to see what is too long.
const READ_FENCE: &str = r"
local function read_fence()
  local s = redis.pcall('GETRANGE', KEYS[1], 0, 28)
  if type(s) ~= 'string' or string.sub(s, 1, 2) ~= '\202F' or #s > 28 then return nil end
  local contended, writers = string.match(string.sub(s, 19), '^([01])(%d+)$')
  if not writers or tonumber(writers) == 0 then return nil end
  return string.sub(s, 3, 18), contended, tonumber(writers)
end
local function fence(epoch, contended, writers)
  return '\202F' .. epoch .. contended .. string.format('%d', writers)
end
";

const FILL: &str = r"
if redis.pcall('GETRANGE', KEYS[1], 0, 17) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
";

const RENEW: &str = r"
if redis.pcall('GETRANGE', KEYS[1], 0, 17) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
";

const RELEASE: &str = r"
if redis.pcall('GETRANGE', KEYS[1], 0, 17) ~= ARGV[1] then return 0 end
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
  if kind == '\202V' and #s >= 38 then
    local length = struct.unpack('<I4', s, 23)
    if #s == 38 + 16 * string.byte(s, 21) + length then return 0 end
  end
end
return redis.call('DEL', KEYS[1])
";

const FENCE: &str = r"
local epoch, contended, writers = read_fence()
if epoch == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return epoch
elseif epoch then
  contended, writers = '1', writers + 1
else
  epoch, contended, writers = ARGV[1], '0', 1
end
redis.call('SET', KEYS[1], fence(epoch, contended, writers), 'PX', ARGV[2])
return epoch
";

/// `SETRANGE` marks the contention in place, and leaves the expiry as it is.
const SETTLE: &str = r"
local epoch, contended, writers = read_fence()
if epoch and epoch ~= ARGV[1] then
  redis.call('SETRANGE', KEYS[1], 18, '1')
  return 0
end
if epoch and writers > 1 then
  redis.call('SET', KEYS[1], fence(epoch, contended, writers - 1), 'KEEPTTL')
  return 0
end
if epoch and contended == '0' and ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
return 1
";

const DELETE: &str = r"
if read_fence() then
  redis.call('SETRANGE', KEYS[1], 18, '1')
  return 0
end
redis.call('DEL', KEYS[1])
return 1
";

/// A script and the hash by which the server remembers it.
pub(super) struct Script {
    text: String,
    hash: String,
}

impl Script {
    fn new(text: String) -> Self {
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Script { text, hash }
    }
}

/// The scripts of all steps that need one.
pub(super) struct Scripts {
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
        let fencing = |body: &str| Script::new(format!("{READ_FENCE}{body}"));
        Scripts {
            fill: Script::new(FILL.into()),
            renew: Script::new(RENEW.into()),
            release: Script::new(RELEASE.into()),
            discard: fencing(DISCARD),
            fence: fencing(FENCE),
            settle: fencing(SETTLE),
            delete: fencing(DELETE),
        }
    }

    /// Makes a server know all of them.
    pub(super) fn load(&self) -> Pipeline {
        let Scripts { fill, renew, release, discard, fence, settle, delete } = self;
        let mut load = Pipeline::new();
        for script in [fill, renew, release, discard, fence, settle, delete] {
            load.cmd("SCRIPT").arg("LOAD").arg(&script.text);
        }
        load
    }
}

/// The call of a script that the server has seen before.
pub(super) fn by_hash(script: &Script, key: &str, args: &[&[u8]]) -> Cmd {
    call("EVALSHA", &script.hash, key, args)
}

/// The call of a script that the server has not seen, or has forgotten; it keeps it from then on.
pub(super) fn by_text(script: &Script, key: &str, args: &[&[u8]]) -> Cmd {
    call("EVAL", &script.text, key, args)
}

fn call(command: &str, script: &str, key: &str, args: &[&[u8]]) -> Cmd {
    let mut call = cmd(command);
    call.arg(script).arg(1).arg(key);
    for arg in args {
        call.arg(*arg);
    }
    call
}
