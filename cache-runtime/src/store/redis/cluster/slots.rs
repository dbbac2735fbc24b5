//! Which of a cluster's hash slots a key is in.

/// How many slots a cluster has.
pub(super) const SLOTS: usize = 16_384;

/// The slot of a key: a checksum of it, or of its hash tag, where it has one (`{user:7}:name`).
///
/// It is written here because it is a dozen lines that will never change, and the `redis` crate has it only together with its
/// whole cluster client. A test holds it to a server's `CLUSTER KEYSLOT`.
pub(in crate::store::redis) fn slot(key: &str) -> u16 {
    let key = key.as_bytes();
    let sum = hash_tag(key)
        .unwrap_or(key)
        .iter()
        .fold(0_u16, |sum, &byte| sum << 8 ^ CRC_16[usize::from(sum >> 8) ^ usize::from(byte)]);
    sum % SLOTS as u16
}

/// What stands between the first `{` and the first `}` after it, unless that is nothing.
fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|&byte| byte == b'{')?;
    let tag = &key[open + 1..];
    let close = tag.iter().position(|&byte| byte == b'}')?;
    (close > 0).then(|| &tag[..close])
}

/// CRC-16/XMODEM, a byte at a time.
const CRC_16: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use cache_test_support::{port::Port, server::RedisServer};

    use super::slot;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(slot("123456789"), 0x31C3);
        assert_eq!(slot(""), 0);
        assert_eq!(slot("{user1000}.following"), slot("{user1000}.followers"));
        assert_eq!(slot("shop:#queue:{views}"), slot("{views}:7"));
        assert_eq!(slot("user:42#refresh{user:42}"), slot("user:42"));
        // Only the first braces count, and only with something in them.
        assert_eq!(slot("foo{{bar}}zap"), slot("{bar"));
        assert_eq!(slot("foo{bar}{zap}"), slot("bar"));
        assert_ne!(slot("foo{}{bar}"), slot("bar"));
        assert_ne!(slot("}bar{"), slot("bar"));
    }

    #[test]
    fn slots_are_those_of_a_server() {
        let bus = Port::take();
        let port = bus.to_string();
        let node = ["--save", "", "--cluster-enabled", "yes", "--cluster-port", &port];
        let node = RedisServer::start_with(&node);
        let mut rng = fastrand::Rng::with_seed(7);
        for length in (0..24).cycle().take(400) {
            let letter = || rng.choice(['a', 'b', '{', '}', ':', '7', '\u{e9}']).unwrap_or('a');
            let key: String = std::iter::repeat_with(letter).take(length).collect();
            let answer = node.command(&["CLUSTER", "KEYSLOT", &key]);
            assert_eq!(answer.trim(), format!(":{}", slot(&key)), "{key}");
        }
    }
}
