//! Folders and files that only the user of this process may read: state, messages, secrets, native code.
//!
//! Owns: modes and owners on disk. Must not know what a file holds.
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Mode of a folder.
const FOLDER: u32 = 0o700;
/// Mode of a file.
const FILE: u32 = 0o600;

/// Why a folder cannot be private.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// Another user owns it, and could change what is in it.
    #[error(
        "the folder {} belongs to user {owner}, but this process runs as user {user}: give it to user {user} (chown), or choose \
         another folder (setting data_dir)", path.display()
    )]
    Foreign {
        path: PathBuf,
        /// The user who owns it.
        owner: u32,
        /// The user of this process.
        user: u32,
    },
    /// The system refused.
    #[error("the folder {} cannot be used: {error}; the data folder (--data-dir) must be writable and have space left", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// Makes `path` if it does not exist, refuses it if another user owns it, and takes other users' access to it.
///
/// An ordinary user may use a folder that root owns although its mode cannot be changed: it is the mount point of a
/// volume, and root can read everything anyway.
pub fn folder(path: &Path) -> Result<(), PrivateError> {
    let failed = |error| PrivateError::Io { path: path.to_owned(), error };
    DirBuilder::new().recursive(true).mode(FOLDER).create(path).map_err(failed)?;
    let metadata = fs::metadata(path).map_err(failed)?;
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        return if owner == 0 { Ok(()) } else { Err(PrivateError::Foreign { path: path.to_owned(), owner, user }) };
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode != FOLDER {
        fs::set_permissions(path, Permissions::from_mode(FOLDER)).map_err(failed)?;
        if mode & 0o077 != 0 {
            tracing::warn!(
                "the folder {} was open to other users (mode {mode:o}); its mode is 700 now",
                path.display()
            );
        }
    }
    Ok(())
}

/// Opens a file for reading and writing, and makes it if it does not exist. Takes other users' access to it.
pub fn file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(FILE).open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(FILE))?;
        tracing::warn!("the file {} was open to other users (mode {mode:o}); its mode is 600 now", path.display());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn access_of_others_is_taken() {
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("a/data");
        folder(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
        folder(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        let path = data.join("state.redb");
        fs::write(&path, "kept").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        file(&path).unwrap();
        assert_eq!((mode(&path), fs::read_to_string(&path).unwrap().as_str()), (0o600, "kept"));
        file(&data.join("new")).unwrap();
        assert_eq!(mode(&data.join("new")), 0o600);
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        // Only root can give a folder away.
        if rustix::process::geteuid().as_raw() != 0 {
            return;
        }
        let data = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(data.path(), Some(4242), None).unwrap();
        let error = folder(data.path()).unwrap_err().to_string();
        assert!(error.contains("user 4242") && error.contains("user 0") && error.contains("data_dir"), "{error}");
    }
}
