//! The corpus of the fuzz target `entry`, which holds what was ever found, goes through without a fuzzer too.

use std::{fs, path::Path};

use super::entry;

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/entry");
    let mut inputs = 0;
    for file in fs::read_dir(corpus).expect("the corpus is there") {
        let path = file.expect("a folder can be listed").path();
        println!("{}", path.display());
        entry(&fs::read(path).expect("an input can be read"));
        inputs += 1;
    }
    assert!(inputs > 20, "the corpus has {inputs} inputs");
}
