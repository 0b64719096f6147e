//! Every folder of `tests/cases/attacks`: an enemy beside a bystander, under a guard. The README there says what a case holds.
//!
//! `ATTACK=name` runs the attacks whose names contain that word.
use daplet_tests::attack;

/// Each attack stays within its bounds of memory and time; the bystander and the health probe are answered all the while.
#[tokio::test(flavor = "multi_thread")]
async fn attacks() {
    let wanted = std::env::var("ATTACK").unwrap_or_default();
    let mut failures = Vec::new();
    for folder in attack::folders() {
        if !folder.file_name().unwrap().to_string_lossy().contains(&wanted) {
            continue;
        }
        match attack::run(&folder).await {
            Ok(line) => println!("{line}"),
            Err(failure) => {
                println!("FAILED {failure}");
                failures.push(failure);
            }
        }
    }
    assert!(failures.is_empty(), "{} attacks passed their bounds:\n{}", failures.len(), failures.join("\n"));
}
