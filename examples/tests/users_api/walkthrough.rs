//! The commands of `examples/README.md` do what it says: each of them is run, as it stands.

use std::process::Command;

use crate::service::Service;

/// Where the README's service listens, and how its database is changed past it.
const THERE: &str = "localhost:3000";
const SHELL: &str = "sqlite3 users.db";

/// A command, and what it prints; `…` stands for anything within a line.
#[derive(Debug)]
pub(crate) struct Step {
    command: String,
    output: Vec<String>,
}

/// What stands in the README's `console` blocks.
pub(crate) fn commands() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in include_str!("../../README.md").lines() {
        match (line, steps.last_mut()) {
            ("```console", _) => inside = true,
            ("```", _) => inside = false,
            _ if !inside => {}
            (line, last) => match (line.strip_prefix("$ "), last) {
                (Some(command), _) => {
                    steps.push(Step { command: command.to_owned(), output: Vec::new() });
                }
                // A command that goes on.
                (None, Some(step)) if step.output.is_empty() && step.command.ends_with('\\') => {
                    step.command.push('\n');
                    step.command.push_str(line);
                }
                (None, Some(step)) => step.output.push(line.to_owned()),
                (None, None) => panic!("output before any command: {line}"),
            },
        }
    }
    assert!(steps.len() > 20, "the test has lost its eyes: it saw {} commands", steps.len());
    steps
}

/// Runs all of them, in their order, on a service that is new, and whose database this shell changes.
pub(crate) async fn check(service: &Service, database: &str, steps: &[Step]) {
    for Step { command, output } in steps {
        let here = command.replace(THERE, service.address()).replace(SHELL, database);
        let mut shell = Command::new("sh");
        shell.args(["-c", &here]);
        let ran = tokio::task::spawn_blocking(move || shell.output()).await;
        let ran = ran.expect("no panic").expect("there is a shell");
        let said = String::from_utf8(ran.stdout).expect("text");
        let said: Vec<_> =
            said.lines().map(|line| line.replace(service.address(), THERE)).collect();
        let same = said.len() == output.len()
            && said.iter().zip(output).all(|(said, pattern)| matches(said, pattern));
        let complaint = String::from_utf8_lossy(&ran.stderr);
        assert!(
            same,
            "$ {command}\nprints\n{}\n{complaint}\nand not\n{}",
            said.join("\n"),
            output.join("\n")
        );
    }
}

/// Whether a line is what the pattern says, whose `…` stands for anything.
fn matches(line: &str, pattern: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('…') else { return line == pattern };
    let Some(mut line) = line.strip_prefix(head) else { return false };
    while let Some((part, after)) = rest.split_once('…') {
        let Some((_, tail)) = line.split_once(part) else { return false };
        (line, rest) = (tail, after);
    }
    line.ends_with(rest)
}

#[test]
fn a_pattern_says_what_a_line_is() {
    assert!(matches(r#"{"at":17} 200"#, r#"{"at":…} 200"#));
    assert!(matches("a1b2c", "a…b…c"));
    assert!(!matches("a1b2d", "a…b…c"));
    assert!(!matches("a1c", "a…b…c"));
    assert!(!matches("404", "200"));
}

#[tokio::test]
async fn every_command_prints_what_the_readme_shows() {
    let service = Service::start(&[]);
    let sqlite = service.sqlite();
    let file = sqlite.trim_start_matches("sqlite://");
    // The service writes too.
    check(&service, &format!("sqlite3 -cmd '.timeout 10000' {file}"), &commands()).await;
}
