//! The commands of a page and the answers that it promises: fences marked `sh`, each with the `console` fence after it.
//!
//! A fence marked `js file=NAME` (or `ts`, `json`, …) is a file that the commands after it find. `…` in an answer stands for any text
//! within its line. A block marked `sh eventually` is run again until its answer is as promised. The addresses that the page names
//! are replaced by those of the server under test.
use crate::root;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// How long one block may run, and how long an `eventually` block may take to come true.
const BLOCK_TIME: Duration = Duration::from_secs(300);
const EVENTUALLY: Duration = Duration::from_secs(60);

/// What a page asks its reader to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Run commands.
    Run(Block),
    /// Write a file: name and content.
    Write(String, String),
}

/// Commands with the answer they promise.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Line of the opening fence, from 1.
    pub line: usize,
    /// Shell commands.
    pub commands: String,
    /// What they print; empty when the page promises nothing.
    pub expected: String,
    /// Whether the answer may need time to come true.
    pub eventually: bool,
}

/// The steps of a page in order.
pub fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(mark) = line.strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let body = body.collect::<Vec<_>>().join("\n");
        match (mark, steps.last_mut()) {
            ("sh" | "sh eventually", _) => steps.push(Step::Run(Block {
                line: index + 1,
                commands: body,
                expected: String::new(),
                eventually: mark.ends_with("eventually"),
            })),
            ("console", Some(Step::Run(block))) => block.expected = body,
            _ => {
                if let Some((_, name)) = mark.split_once(" file=") {
                    steps.push(Step::Write(name.to_owned(), body + "\n"));
                }
            }
        }
    }
    steps
}

/// Whether `actual` is what `expected` promises, `…` standing for any text within a line.
pub fn matches(expected: &str, actual: &str) -> bool {
    let (expected, actual) = (expected.trim_end().lines(), actual.trim_end().lines());
    expected.clone().count() == actual.clone().count() && expected.zip(actual).all(|(e, a)| line_matches(e, a))
}

fn line_matches(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| actual.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Runs every step of `folder/README.md` there; the error says which block printed what.
pub async fn run(folder: &Path, base: &str, dapr: &str) -> Result<usize, String> {
    run_page(&folder.join("README.md"), folder, base, dapr).await
}

/// Runs every step of a page in `folder`; returns how many there were.
pub async fn run_page(page: &Path, folder: &Path, base: &str, dapr: &str) -> Result<usize, String> {
    let text = std::fs::read_to_string(page).map_err(|e| format!("{}: {e}", page.display()))?;
    let local = |text: &str| text.replace("http://127.0.0.1:8080", base).replace("http://127.0.0.1:3500", dapr);
    let steps = parse(&text);
    for step in &steps {
        match step {
            Step::Write(name, text) => {
                std::fs::write(folder.join(name), text).map_err(|e| format!("{}: {name}: {e}", page.display()))?;
            }
            Step::Run(block) => run_block(block, &local(&block.commands), folder)
                .await
                .map_err(|e| format!("{}:{}\n{e}", page.display(), block.line))?,
        }
    }
    Ok(steps.len())
}

async fn run_block(block: &Block, commands: &str, folder: &Path) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let (ok, actual, errors) = shell(commands, folder).await?;
        if ok && matches(&block.expected, &actual) {
            return Ok(());
        }
        if !block.eventually || start.elapsed() > EVENTUALLY {
            return Err(format!("--- promised\n{}\n--- printed\n{actual}\n{errors}", block.expected));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the commands succeeded, what they printed, and what they complained about.
async fn shell(commands: &str, folder: &Path) -> Result<(bool, String, String), String> {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", commands]).current_dir(folder).env("DAPLET", root()).kill_on_drop(true);
    let output = tokio::time::timeout(BLOCK_TIME, bash.output()).await;
    let output = output.map_err(|_| format!("still running after {BLOCK_TIME:?}:\n{commands}"))?;
    let output = output.map_err(|e| format!("bash: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.success(), text(&output.stdout), text(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_carry_their_answers() {
        let text = "# t\n```sh\na\nb\n```\ntext\n```console\nA\n```\n```js\nx\n```\n```js file=x.js\ny\n```\n```sh eventually\nc\n```\n";
        let block = |line, commands: &str, expected: &str, eventually| {
            let (commands, expected) = (commands.to_owned(), expected.to_owned());
            Step::Run(Block { line, commands, expected, eventually })
        };
        let file = Step::Write("x.js".to_owned(), "y\n".to_owned());
        assert_eq!(parse(text), [block(2, "a\nb", "A", false), file, block(16, "c", "", true)]);
    }

    #[test]
    fn dots_stand_for_any_text_within_a_line() {
        assert!(matches("a…c…", "abbc"));
        assert!(matches("…\nx", "anything\nx\n"));
        assert!(matches("{…\"n\":1…}", "{\"m\":0,\"n\":1}"));
        assert!(!matches("a…c", "abbcd"));
        assert!(!matches("…", "one\ntwo"));
        assert!(!matches("a…a", "a"));
        assert!(!matches("", "something"));
        assert!(!matches("same", "same but longer"));
    }
}
