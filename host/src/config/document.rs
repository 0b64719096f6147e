//! The settings as Markdown: the whole of docs/settings.md, and the README's table of limits.
use super::row::Row;
use super::table::{QuotaSettings, Settings};
use crate::limits::{Limits, ROWS};
use std::fmt::Write;

const HEAD: &str = "\
# Settings

<!-- Generated: `target/release/daplet settings > docs/settings.md`. A test compares the two. -->

Each setting of `daplet serve` is an option (`--queue-ms 5000`), an environment variable (`DAPLET_QUEUE_MS=5000`) and a
key of the TOML file that `--config` names (`queue_ms = 5000`). The command line wins over the environment, the
environment over the file, the file over the default. An unknown key, an unknown variable that begins with `DAPLET_` and
a value outside its range end the start with exit code 64 and a message that names the setting, the value and the range.

```toml
listen = \"0.0.0.0:8080\"
admin_listen = \"127.0.0.1:8081\"
production = true

[limits]          # of a function whose upload does not set them
cpuMs = 100

[limits.max]      # what an upload may ask for
cpuMs = 2000

[quotas]
function_jobs = 500

[bindings.mail]   # an output binding; with `schedule` instead of `url`, an input binding
url = \"http://127.0.0.1:2525/send\"
```
";

const LIMITS: &str = "
## Limits of a function

Keys of the tables `[limits]` (defaults) and `[limits.max]` (ceilings) of the TOML file, and of `limits` in an upload. A
request that exceeds its limit ends with `application/problem+json` that names the limit, the value and the setting.

";

const QUOTAS: &str = "
## Quotas

What functions may store on disk. In the TOML file the keys are in the table `[quotas]`, without `quota-`. What would
exceed a quota is answered 507 `quotaExceeded` with the quota's name, value and setting.

";

/// docs/settings.md.
pub fn settings() -> String {
    let mut text = HEAD.to_owned();
    let mut heading = "";
    for row in Settings::rows() {
        if row.heading != heading {
            heading = row.heading;
            let _ = write!(text, "\n## {heading}\n\n{TABLE}");
        }
        line(&mut text, &row);
    }
    text.push_str(LIMITS);
    text.push_str(&limits());
    text.push_str(QUOTAS);
    text.push_str(TABLE);
    QuotaSettings::rows().iter().for_each(|row| line(&mut text, row));
    text
}

const TABLE: &str = "| option | default | range | meaning |\n|---|---|---|---|\n";

fn line(text: &mut String, row: &Row) {
    let range = row.range().unwrap_or_default();
    let bare = row.bare.filter(|bare| *bare != "true").map(|bare| format!("; without a value: {bare}"));
    let (option, default, bare) = (row.option(), &row.default, bare.unwrap_or_default());
    let _ = writeln!(text, "| `--{option}` | {default}{bare} | {range} | {} |", row.help);
}

/// The limits of a function as a table.
fn limits() -> String {
    let mut text =
        "| limit | default | at most, unless set | range | when exceeded |\n|---|---|---|---|---|\n".to_owned();
    let values = Limits::default().values().into_iter().zip(Limits::ceilings().values());
    for (row, (default, ceiling)) in ROWS.iter().zip(values) {
        let (name, help, exceeded) = (row.name, row.help.trim(), row.exceeded);
        let _ = writeln!(text, "| `{name}` {help} | {default} | {ceiling} | {} to {} | {exceeded} |", row.min, row.max);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn documents_have_the_tables() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let settings = std::fs::read_to_string(format!("{root}/docs/settings.md")).unwrap();
        let again = "run `target/release/daplet settings > docs/settings.md`";
        assert!(settings == super::settings(), "docs/settings.md is out of date: {again}");
        let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
        assert!(
            readme.contains(&super::limits()),
            "the README's table of limits is out of date: copy it from docs/settings.md"
        );
    }
}
