//! Good traces, and what is said of bad ones.

use std::io::Cursor;

use super::{Format, Problem, Trace, TraceError, decompressed, parse, read};

fn parsed(bytes: &[u8], format: Option<Format>, limit: Option<u64>) -> Result<Trace, Problem> {
    let text = decompressed(Cursor::new(bytes)).expect("memory can be read");
    parse(text, format, limit)
}

#[track_caller]
fn reads(text: &str, limit: Option<u64>, expected: &[u32], keys: u32) {
    let trace = parsed(text.as_bytes(), None, limit).expect("the trace is good");
    let reads = expected.to_vec();
    assert_eq!(trace, Trace { reads, keys });
}

#[track_caller]
fn fails(bytes: &[u8], format: Option<Format>, message: &str) {
    let problem = parsed(bytes, format, None).expect_err("the trace is bad");
    let path = "t".to_owned();
    assert_eq!(TraceError { path, problem }.to_string(), message);
}

#[test]
fn a_line_of_an_arc_trace_is_a_run_of_pages() {
    reads("70 3 0 0\n72 2 0 1\n", None, &[0, 1, 2, 2, 3], 4);
    reads("5 0 0 0\n5 1 0 1", None, &[0], 1);
}

#[test]
fn other_text_is_a_key_a_line() {
    reads("b\na b\nb\n\n  c\r\nb", None, &[0, 1, 0, 2, 0], 3);
    reads("1 2 3\n1 2 3 4\n", None, &[0, 1], 2);
}

#[test]
fn a_limit_may_cut_a_line() {
    reads("70 3 0 0\n72 2 0 1\n", Some(4), &[0, 1, 2, 2], 3);
    reads("0 18446744073709551615 0 0\n", Some(2), &[0, 1], 2);
    reads("a\nb\nc\n", Some(2), &[0, 1], 2);
    // What follows is not even looked at.
    reads("70 3 0 0\nnonsense", Some(3), &[0, 1, 2], 3);
}

#[test]
fn compression_is_recognised() {
    let plain = b"70 3 0 0\n72 2 0 1\n";
    let compressed = zstd::encode_all(&plain[..], 3).expect("memory can be compressed");
    let expected = parsed(plain, None, None).expect("the trace is good");
    let trace = parsed(&compressed, None, None).expect("the trace is good");
    assert_eq!(trace, expected);
}

#[test]
fn a_bad_line_is_named() {
    let arc = Some(Format::Arc);
    let expected = "expected `start count x x`, found";
    for (text, line, found) in [
        ("1 1 0 0\n\nx 1 0 0", 3, "x 1 0 0"),
        ("1 1 0", 1, "1 1 0"),
        ("1 1 0 0 0", 1, "1 1 0 0 0"),
        ("1 -1 0 0", 1, "1 -1 0 0"),
        ("\u{1b}[31m", 1, "\\u{1b}[31m"),
        ("18446744073709551615 1 0 0", 1, "18446744073709551615 1 0 0"),
    ] {
        fails(text.as_bytes(), arc, &format!("t: line {line}: {expected} `{found}`"));
    }
    let long = "é".repeat(61);
    let cut = "é".repeat(60);
    fails(long.as_bytes(), arc, &format!("t: line 1: {expected} `{cut}…`"));
}

#[test]
fn what_is_no_trace_is_refused() {
    fails(b"", None, "t: holds no requests");
    fails(b"\n \n", None, "t: holds no requests");
    let binary = "t: line 2: expected text, found bytes that are not UTF-8";
    fails(b"a\n\xff\n", None, binary);
    let long = "t: line 1: longer than 65536 bytes; is this a trace?";
    fails(&[b'a'; 100_000], None, long);
    let many = "t: line 1: more than 100000000 requests; use --limit for a part of them";
    fails(b"0 100000001 0 0", None, many);
}

#[test]
fn a_compressed_trace_that_breaks_off_is_refused() {
    let text = "1 1 0 0\n".repeat(10_000);
    let mut compressed = zstd::encode_all(text.as_bytes(), 3).expect("memory can be compressed");
    compressed.truncate(compressed.len() - 4);
    let problem = parsed(&compressed, None, None).expect_err("the end is missing");
    assert!(matches!(problem, Problem::Line(..)), "{problem:?}");
}

#[test]
fn a_missing_file_says_so() {
    let error = read("no/such/trace.lis".as_ref(), None).expect_err("there is none");
    let message = error.to_string();
    assert!(message.starts_with("cannot read the trace no/such/trace.lis: "), "{message}");
}

#[test]
fn the_name_tells_an_arc_trace() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("broken.lis.zst");
    std::fs::write(&file, "one key\n").expect("a file can be written");
    let error = read(&file, None).expect_err("it is not in ARC's format");
    let message = error.to_string();
    assert!(message.ends_with("line 1: expected `start count x x`, found `one key`"), "{message}");
}
