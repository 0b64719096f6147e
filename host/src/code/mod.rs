//! Why something failed: one code, who is to blame, and its HTTP and gRPC status.
//!
//! Owns: the one table of codes ([`table`]), and a failed operation ([`failure`]). Answers, log lines and metrics all print [`Code::word`]. Must not know: who fails.
//!
//! Text from the guest, a sidecar or a component becomes a `Code` once, where it enters ([`Code::from`]). An unknown code
//! is [`Code::Foreign`], which keeps its text.
mod failure;
mod table;

pub use failure::OpError;
pub use table::Code;

/// Who is to blame for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The caller sent something wrong, came at the wrong moment, or went away.
    Caller,
    /// The function failed or exceeded one of its limits.
    Function,
    /// This server, its disk, or something behind it failed.
    Host,
}

impl Blame {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Blame::Caller => "caller",
            Blame::Function => "function",
            Blame::Host => "host",
        }
    }
}

/// gRPC's status codes, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are gRPC's")]
pub enum Grpc {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who is to blame.
    pub blame: Blame,
    /// HTTP status.
    pub http: u16,
    /// gRPC status.
    pub grpc: Grpc,
    /// One sentence for docs/errors.md.
    pub meaning: &'static str,
}

impl Code {
    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        self.row().blame
    }

    /// Its HTTP status.
    pub fn http(&self) -> u16 {
        self.row().http
    }

    /// Its gRPC status.
    pub fn grpc(&self) -> Grpc {
        self.row().grpc
    }

    /// Whether the same request may well succeed in a moment.
    pub fn is_busy(&self) -> bool {
        matches!(self, Code::LoadShed | Code::MemoryBudget)
    }

    /// The word for metrics. Foreign words share one, so that they cannot add series without end.
    pub fn label(&self) -> &str {
        match self {
            Code::Foreign(_) => "foreign",
            known => known.word(),
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl From<&str> for Code {
    fn from(word: &str) -> Code {
        let known = Code::KNOWN.iter().find(|code| code.word() == word);
        known.cloned().unwrap_or_else(|| Code::Foreign(word.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_known_word_is_its_code_and_any_other_is_kept() {
        assert_eq!(Code::from("exceededCpu"), Code::ExceededCpu);
        assert_eq!(Code::from("ERR_OF_A_LATER_DAPR").word(), "ERR_OF_A_LATER_DAPR");
        assert_eq!(Code::from("ERR_OF_A_LATER_DAPR").label(), "foreign");
    }

    #[test]
    fn words_are_unique_and_rows_are_numbered() {
        let words: HashSet<&str> = Code::KNOWN.iter().map(Code::word).collect();
        assert_eq!(words.len(), Code::KNOWN.len());
        assert!(Code::KNOWN.iter().enumerate().all(|(number, code)| code.index() == number));
        assert_eq!(Code::Foreign("x".into()).index(), Code::COUNT - 1);
    }

    #[test]
    fn the_page_shows_the_table() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");
        let page = std::fs::read_to_string(page).unwrap_or_default();
        let shown: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        let row = |code: &Code| {
            let Row { blame, http, grpc, meaning } = code.row();
            format!("| `{code}` | {http} | {grpc:?} | {} | {meaning} |", blame.word())
        };
        assert_eq!(shown, Code::KNOWN.iter().map(row).collect::<Vec<_>>());
    }

    #[test]
    fn statuses_are_failures() {
        for code in Code::KNOWN {
            assert!((400..600).contains(&code.http()), "{code}");
            assert!(code.row().meaning.ends_with('.'), "{code}");
        }
    }
}
