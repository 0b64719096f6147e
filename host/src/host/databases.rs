//! Which databases the data folder has had. A missing one is not silently created again: its contents would be lost
//! without notice, and the other database would refer to them.
use super::Fatal;
use crate::private;
use std::fs;
use std::io::{Seek, Write};
use std::path::Path;

/// The list: a file name a line.
const LIST: &str = "databases";

/// Refuses a data folder in which one of `names` is missing that was there before.
pub(super) fn check(folder: &Path, names: &[&str]) -> Result<(), Fatal> {
    let list = folder.join(LIST);
    let listed = fs::read_to_string(&list).unwrap_or_default();
    for name in names {
        let path = folder.join(name);
        // A folder of an earlier release has no list, but each database has a mark beside it.
        let was_there = listed.lines().any(|line| line == *name) || path.with_extension("mark").exists();
        if was_there && !path.exists() {
            return Err(format!(
                "the database {} is missing from the data folder: restore it from a backup, or, to start without what it held, remove \
                 {} and the line {name} of {}",
                path.display(),
                path.with_extension("mark").display(),
                list.display()
            )
            .into());
        }
    }
    Ok(())
}

/// Notes that `names` exist. On a full disk the list stays as it was.
pub(super) fn note(folder: &Path, names: &[&str]) {
    let path = folder.join(LIST);
    let listed = fs::read_to_string(&path).unwrap_or_default();
    let new: Vec<&str> = names.iter().copied().filter(|name| !listed.lines().any(|line| line == *name)).collect();
    if new.is_empty() {
        return;
    }
    let append = || {
        let mut file = private::file(&path)?;
        file.seek(std::io::SeekFrom::End(0))?;
        new.iter().try_for_each(|name| writeln!(file, "{name}"))
    };
    if let Err(error) = append() {
        tracing::warn!("{} could not be written: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BOTH: [&str; 2] = ["functions.redb", "state.redb"];

    #[test]
    fn a_missing_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        check(folder.path(), &BOTH).unwrap();
        fs::write(folder.path().join("functions.redb"), "").unwrap();
        note(folder.path(), &BOTH[..1]);
        // A server beside a sidecar had no state of its own.
        check(folder.path(), &BOTH).unwrap();
        fs::write(folder.path().join("state.redb"), "").unwrap();
        note(folder.path(), &BOTH);
        note(folder.path(), &BOTH);
        assert_eq!(fs::read_to_string(folder.path().join(LIST)).unwrap(), "functions.redb\nstate.redb\n");
        for name in BOTH {
            fs::remove_file(folder.path().join(name)).unwrap();
            let error = check(folder.path(), &BOTH).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("restore it"), "{error}");
            fs::write(folder.path().join(name), "").unwrap();
        }
    }

    #[test]
    fn a_folder_without_a_list_has_marks() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("state.mark"), "").unwrap();
        assert!(check(folder.path(), &BOTH).unwrap_err().to_string().contains("state.redb"));
    }
}
