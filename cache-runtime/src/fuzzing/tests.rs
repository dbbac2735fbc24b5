//! Replays the corpus of the fuzz target `entry`, and everything that it ever found.

use std::{fs, path::Path};

use super::entry;

#[test]
fn the_corpus_holds() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz");
    let mut inputs = 0;
    for folder in ["corpus/entry", "regressions/entry"] {
        for file in fs::read_dir(fuzz.join(folder)).expect("the corpus is there") {
            let path = file.expect("a folder can be listed").path();
            println!("{}", path.display());
            entry(&fs::read(path).expect("an input can be read"));
            inputs += 1;
        }
    }
    assert!(inputs > 20, "the corpus has {inputs} inputs");
}
