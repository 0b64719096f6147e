//! The checker's side: a process that gives up its rights, then answers requests until its input ends.
use super::wire::{self, Head};
use super::{Answer, CheckerError, confine, unavailable, whole};
use crate::functions::source::{self, Language};
use std::io::{BufReader, BufWriter};

/// Stack of the thread that parses, bytes. The parser takes up to 3.5 KB of it for a byte of the source.
pub const STACK: usize = 96 << 20;

/// Checked once before the first request, so that the first upload finds code and memory warm.
const SAMPLES: [(Language, &str); 2] = [
    (Language::JavaScript, "import { state } from '@daplet/sdk'; export default () => state();"),
    (Language::TypeScript, "interface A { b: string } export default (a: A): string => a.b;"),
];

/// Serves requests. `parent` is the process that must still be running.
pub fn serve(parent: Option<i32>) -> Result<(), CheckerError> {
    let landlock = confine::begin(parent)?;
    // A panic becomes an answer; its printed message has no reader.
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::Builder::new().name("check".to_owned()).stack_size(STACK);
    let answering = thread.spawn(move || answer_all(landlock)).map_err(unavailable)?;
    answering.join().unwrap_or_else(|_| Err(unavailable("the checker's thread panicked")))
}

fn answer_all(landlock: bool) -> Result<(), CheckerError> {
    let ready = confine::finish(landlock)?;
    for (language, sample) in SAMPLES {
        answer(Head { language: Some(language), file: "sample".to_owned() }, sample)
            .map_err(|fault| unavailable(format!("the sample is refused: {}", fault.message)))?;
    }
    let mut input = BufReader::new(std::io::stdin());
    let mut output = BufWriter::new(std::io::stdout());
    wire::write(&mut output, &ready).map_err(unavailable)?;
    while let Some(request) = wire::read(&mut input).map_err(unavailable)? {
        let (head, source) = wire::split(&request).map_err(unavailable)?;
        wire::write(&mut output, &answer(head, source)).map_err(unavailable)?;
    }
    Ok(())
}

fn answer(head: Head, source: &str) -> Answer {
    let check = || source::check(source, head.language, &head.file);
    std::panic::catch_unwind(check).unwrap_or_else(|_| Err(whole("the parser gave up on this source".to_owned())))
}
