//! The commands of a README and the answers that it promises: fences marked `sh`, each with the `console` fence after it.
//!
//! `…` in an answer stands for any text within its line. A block marked `sh eventually` is run again until its answer
//! is as promised. The addresses that the README names are replaced by those of the server under test.
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// How long one block may run, and how long an `eventually` block may take to come true.
const BLOCK_TIME: Duration = Duration::from_secs(300);
const EVENTUALLY: Duration = Duration::from_secs(60);

/// Commands with the answer they promise.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Line of the opening fence, from 1.
    pub line: usize,
    /// Shell commands.
    pub commands: String,
    /// What they print; empty when the README promises nothing.
    pub expected: String,
    /// Whether the answer may need time to come true.
    pub eventually: bool,
}

/// The blocks of a README in order.
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(mark) = line.strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let body = body.collect::<Vec<_>>().join("\n");
        match (mark, blocks.last_mut()) {
            ("sh" | "sh eventually", _) => blocks.push(Block {
                line: index + 1,
                commands: body,
                expected: String::new(),
                eventually: mark.ends_with("eventually"),
            }),
            ("console", Some(block)) => block.expected = body,
            _ => {}
        }
    }
    blocks
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

/// Runs every block of `folder/README.md` there; the error says which block printed what.
pub async fn run(folder: &Path, base: &str, dapr: &str) -> Result<usize, String> {
    let path = folder.join("README.md");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let blocks = parse(&text);
    for block in &blocks {
        let commands = block.commands.replace("http://127.0.0.1:8080", base).replace("http://127.0.0.1:3500", dapr);
        let start = Instant::now();
        loop {
            let (ok, actual, errors) = shell(&commands, folder).await?;
            if ok && matches(&block.expected, &actual) {
                break;
            }
            if !block.eventually || start.elapsed() > EVENTUALLY {
                let (place, promised) = (path.display(), &block.expected);
                let line = block.line;
                return Err(format!("{place}:{line}\n--- promised\n{promised}\n--- printed\n{actual}\n{errors}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(blocks.len())
}

/// Whether the commands succeeded, what they printed, and what they complained about.
async fn shell(commands: &str, folder: &Path) -> Result<(bool, String, String), String> {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", commands]).current_dir(folder).kill_on_drop(true);
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
        let text = "# t\n```sh\na\nb\n```\ntext\n```console\nA\n```\n```js\nx\n```\n```sh eventually\nc\n```\n";
        let block = |line, commands: &str, expected: &str, eventually| Block {
            line,
            commands: commands.to_owned(),
            expected: expected.to_owned(),
            eventually,
        };
        assert_eq!(parse(text), [block(2, "a\nb", "A", false), block(13, "c", "", true)]);
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
