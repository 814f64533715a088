//! Key files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use shared_session_core::key::Key;
use shared_session_core::token::Format;
use zeroize::Zeroizing;

use super::ConfError;
use crate::nginx::command::Conf;

/// No key file is longer, in bytes.
const MAX: u64 = 4096;

/// What a key file holds, until it is known in which format tokens are.
pub(crate) struct KeyFile {
    path: PathBuf,
    contents: Zeroizing<Vec<u8>>,
}

impl KeyFile {
    /// Reads the file that the directive names.
    pub(super) fn read(cf: &mut Conf<'_>) -> Result<Self, ConfError> {
        let path = cf.full_name(cf.value()).ok_or(ConfError::NoMemory)?;
        let mut contents = Zeroizing::new(Vec::with_capacity(MAX as usize + 1));
        let read = File::open(&path).and_then(|f| f.take(MAX + 1).read_to_end(&mut contents));
        if let Err(error) = read {
            return Err(ConfError::KeyFile { path, error });
        }
        if contents.len() as u64 > MAX {
            let error = io::Error::other(format!(
                "it holds more than {MAX} bytes, expected 32 raw bytes, 64 hexadecimal digits or a \
                 SECRET_KEY"
            ));
            return Err(ConfError::KeyFile { path, error });
        }
        if fs::metadata(&path).is_ok_and(|m| m.permissions().mode() & 0o004 != 0) {
            cf.warn(format_args!(
                "\"shared_session_key_file\": \"{}\" is readable by others, it should be by its \
                 owner only",
                path.display()
            ));
        }
        Ok(KeyFile { path, contents })
    }
}

/// The keys of these files: the first seals, all open.
pub(super) fn parse(files: &[KeyFile], format: Format) -> Result<Vec<Key>, ConfError> {
    let mut keys = Vec::with_capacity(files.len());
    for KeyFile { path, contents } in files {
        let key = match format {
            Format::Native => Key::from_file_contents(contents),
            Format::Django => Key::from_secret_key(contents),
        };
        let key = key.map_err(|error| ConfError::Key { path: path.clone(), error })?;
        if keys.contains(&key) {
            return Err(ConfError::DuplicateKey { path: path.clone() });
        }
        keys.push(key);
    }
    Ok(keys)
}
