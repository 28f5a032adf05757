//! A DICOM object on its way: received into a nameless file, de-identified, searched, passed on.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_core::Tag;
use dicom_object::{DefaultDicomObject, OpenFileOptions};
use wardgate_dicom::FileDeidentifier;

use crate::fault::Unpassed;
use crate::folder::Folder;
use crate::{dicom, stow};

/// Who receives DICOM objects.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// Another application entity, by C-STORE.
    Entity(dicom::Entity),
    /// A DICOMweb server, by STOW-RS.
    Server(stow::Server),
    /// A folder: a folder to a study, one to a series, a file to an object, named by their new UIDs.
    Folder(Folder),
}

/// What is done with DICOM objects, by whatever protocol they come.
#[derive(Clone)]
pub struct Objects {
    /// The de-identification of an object.
    pub deidentifier: Arc<FileDeidentifier>,
    /// Who receives the objects.
    pub downstream: Receiver,
    /// A folder in which objects lie while they are worked on, as files without names, which are gone when they
    /// are closed, also by a crash.
    pub work: PathBuf,
    /// The longest object that is taken, in bytes.
    pub object_bytes_max: u64,
}

/// The longest object that is taken, unless it is set: 4 GiB.
pub const OBJECT_BYTES_MAX: u64 = 4 << 30;

/// The UIDs of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) class: String,
    pub(crate) instance: String,
    pub(crate) study: Option<String>,
    pub(crate) series: Option<String>,
    pub(crate) syntax: String,
}

/// An object that may be passed on.
#[derive(Debug)]
pub(crate) struct Cleaned {
    pub(crate) identity: Identity,
    pub(crate) file: File,
}

/// The way to a receiver, of one connection or request.
pub(crate) enum Way {
    Entity(Box<dicom::Sender>),
    Server(stow::Server),
    Folder(Folder),
}

impl Objects {
    /// A nameless file for an object.
    pub(crate) fn place(&self) -> Result<File, Unpassed> {
        tempfile::tempfile_in(&self.work).map_err(|error| storage(&error))
    }

    /// The object without identifiers, searched for what identified its patient.
    pub(crate) fn clean(&self, input: &mut File) -> Result<Cleaned, Unpassed> {
        let mut output = self.place()?;
        rewind(input)?;
        {
            let mut written = BufWriter::with_capacity(BUFFER_BYTES, &mut output);
            let read = BufReader::with_capacity(BUFFER_BYTES, &mut *input);
            self.deidentifier.file(read, &mut written)?;
            written.flush().map_err(|error| storage(&error))?;
        }
        rewind(input)?;
        rewind(&mut output)?;
        let found = self.deidentifier.verify(
            BufReader::with_capacity(BUFFER_BYTES, &mut *input),
            BufReader::with_capacity(BUFFER_BYTES, &mut output),
        )?;
        if found.any() {
            return Err(Unpassed::Residue);
        }
        let identity = Identity::of(&mut output).ok_or(Unpassed::Storage)?;
        rewind(&mut output)?;
        Ok(Cleaned {
            identity,
            file: output,
        })
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects")
            .field("downstream", &self.downstream)
            .field("object_bytes_max", &self.object_bytes_max)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// The UIDs of a file, as far as it has any.
    pub(crate) fn of(file: &mut File) -> Option<Self> {
        rewind(file).ok()?;
        let mut read = BufReader::new(&mut *file);
        let (mut identity, first) = Self::of_head(&mut read)?;
        // Many programs leave out of the head what readers demand, so another one takes its place.
        let head = file_head(&identity.class, &identity.instance, &identity.syntax);
        let whole = head.chain(first.as_slice()).chain(read);
        let object = OpenFileOptions::new()
            .read_until(BEHIND_SERIES)
            .from_reader(whole);
        if let Ok(object) = object {
            identity.study = element(&object, STUDY);
            identity.series = element(&object, SERIES);
        }
        Some(identity)
    }

    /// The UIDs in the file meta information (PS3.10, 7.1), and the head of the element that follows it.
    fn of_head(read: &mut impl Read) -> Option<(Self, Vec<u8>)> {
        let mut preamble = [0; 132];
        read.read_exact(&mut preamble).ok()?;
        preamble.ends_with(b"DICM").then_some(())?;
        let mut identity = Self::default();
        for _ in 0..META_ELEMENTS_MAX {
            let mut head = [0; 8];
            read.read_exact(&mut head).ok()?;
            let [2, 0, e0, e1, v0, v1, l0, l1] = head else {
                return Some((identity, head.to_vec()));
            };
            let length = match &[v0, v1] {
                b"OB" | b"OW" | b"UN" | b"UT" | b"SQ" => {
                    let mut long = [0; 4];
                    read.read_exact(&mut long).ok()?;
                    u32::from_le_bytes(long)
                }
                _ => u32::from(u16::from_le_bytes([l0, l1])),
            };
            if length > META_VALUE_BYTES_MAX {
                return None;
            }
            let mut value = vec![0; usize::try_from(length).ok()?];
            read.read_exact(&mut value).ok()?;
            let uid = String::from_utf8_lossy(&value)
                .trim_matches(['\0', ' '])
                .to_owned();
            match u16::from_le_bytes([e0, e1]) {
                0x02 => identity.class = uid,
                0x03 => identity.instance = uid,
                0x10 => identity.syntax = uid,
                _ => {}
            }
        }
        None
    }
}

impl Cleaned {
    /// The file from its beginning.
    pub(crate) fn whole(&mut self) -> Result<&mut File, Unpassed> {
        rewind(&mut self.file)?;
        Ok(&mut self.file)
    }

    /// The data set alone: what stands behind the file meta information.
    pub(crate) fn data_set(&mut self) -> Result<&mut File, Unpassed> {
        let mut head = [0; META_HEAD_LEN];
        let read = self.whole()?.read_exact(&mut head);
        read.map_err(|error| storage(&error))?;
        // (0002,0000) UL, 4 bytes: the length of the group that follows.
        let [.., a, b, c, d] = head;
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        let begins = length.saturating_add(META_HEAD_LEN as u64);
        let sought = self.file.seek(SeekFrom::Start(begins));
        sought.map_err(|error| storage(&error))?;
        Ok(&mut self.file)
    }
}

impl Way {
    /// The way to a receiver; `contexts` are the classes and syntaxes that will come.
    pub(crate) fn new(receiver: &Receiver, contexts: Vec<(String, String)>) -> Self {
        match receiver {
            Receiver::Entity(entity) => {
                Self::Entity(Box::new(dicom::Sender::new(entity.clone(), contexts)))
            }
            Receiver::Server(server) => Self::Server(server.clone()),
            Receiver::Folder(folder) => Self::Folder(folder.clone()),
        }
    }

    /// Passes an object on, and waits until the receiver has it. Blocks the thread.
    pub(crate) fn pass(&mut self, object: &mut Cleaned) -> Result<(), Unpassed> {
        match self {
            Self::Entity(sender) => sender.send(object),
            Self::Server(server) => server.send(object),
            Self::Folder(folder) => {
                let name = file_name(&object.identity)?;
                folder.store(&name, object.whole()?)
            }
        }
    }

    /// Ends the connection in good order.
    pub(crate) fn end(self) {
        if let Self::Entity(sender) = self {
            sender.end();
        }
    }
}

/// What the system said when a file could not be read or written.
pub(crate) fn storage(error: &io::Error) -> Unpassed {
    tracing::error!(kind = %error.kind(), "the place for work could not be used");
    Unpassed::Storage
}

/// What stands before the data set in a file (PS3.10, 7.1).
pub(crate) fn file_head(class: &str, instance: &str, syntax: &str) -> Vec<u8> {
    let mut group = Vec::new();
    group.extend_from_slice(&[2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1]);
    let uids = [
        (0x02, class),
        (0x03, instance),
        (0x10, syntax),
        (0x12, IMPLEMENTATION),
    ];
    for (element, uid) in uids {
        let mut value = uid.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(0);
        }
        let length = u16::try_from(value.len()).unwrap_or(0);
        group.extend_from_slice(&[2, 0, element, 0, b'U', b'I']);
        group.extend_from_slice(&length.to_le_bytes());
        group.extend_from_slice(value.get(..usize::from(length)).unwrap_or_default());
    }
    let mut head = vec![0; 128];
    head.extend_from_slice(b"DICM\x02\0\0\0UL\x04\0");
    head.extend_from_slice(&u32::try_from(group.len()).unwrap_or(0).to_le_bytes());
    head.extend_from_slice(&group);
    head
}

fn rewind(file: &mut File) -> Result<(), Unpassed> {
    file.rewind().map_err(|error| storage(&error))
}

fn element(object: &DefaultDicomObject, tag: Tag) -> Option<String> {
    let value = object.element(tag).ok()?.to_str().ok()?;
    let value = value.trim_matches(['\0', ' ']);
    (!value.is_empty()).then(|| value.to_owned())
}

/// The place of an object below a folder.
///
/// UIDs come from the project's key, but a file name is made of them only when they are UIDs.
fn file_name(identity: &Identity) -> Result<PathBuf, Unpassed> {
    let parts = [&identity.study, &identity.series];
    let mut path = PathBuf::new();
    for part in parts {
        path.push(part.as_deref().unwrap_or("none"));
    }
    path.push(&identity.instance);
    let is_uid = |part: &Path| {
        let part = part.to_string_lossy();
        let digits = part
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        part == "none" || (digits && !part.is_empty() && !part.contains("..") && part.len() <= 64)
    };
    let sound = path.components().count() == 3 && path.iter().all(|part| is_uid(Path::new(part)));
    match sound {
        true => {
            let mut name = path.into_os_string();
            name.push(".dcm");
            Ok(PathBuf::from(name))
        }
        false => Err(Unpassed::Storage),
    }
}

/// A UID made from a UUID (PS3.5, B.2) that was drawn for this program.
const IMPLEMENTATION: &str = "2.25.210242766874775595263794224411666895482";
/// More elements than file meta information has.
const META_ELEMENTS_MAX: usize = 64;
const META_VALUE_BYTES_MAX: u32 = 1 << 20;
const STUDY: Tag = Tag(0x0020, 0x000d);
const SERIES: Tag = Tag(0x0020, 0x000e);
const BEHIND_SERIES: Tag = Tag(0x0020, 0x000f);
/// The preamble, `DICM`, and the element that tells the length of the file meta information.
const META_HEAD_LEN: usize = 128 + 4 + 12;
const BUFFER_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uids_become_names() {
        let identity = |instance: &str| Identity {
            instance: instance.to_owned(),
            study: Some("2.25.1".to_owned()),
            ..Identity::default()
        };
        let name = file_name(&identity("2.25.3")).unwrap();
        assert_eq!(name, Path::new("2.25.1/none/2.25.3.dcm"));
        for foul in ["../../etc", "/etc/passwd", "", "a", "1..2"] {
            assert!(file_name(&identity(foul)).is_err(), "{foul}");
        }
    }
}
