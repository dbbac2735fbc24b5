//! Misuse that does not compile, and what is said of it: one misuse to a file.
//!
//! `ours` has the messages of the attributes. `rustc` has those of the compiler, whose wording may change with it;
//! what counts there is that they are few and that they point at the user's own code. `TRYBUILD=overwrite` writes them anew.

#[cfg(test)]
mod lints;

#[cfg(test)]
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ours/*.rs");
    cases.compile_fail("rustc/*.rs");
}
