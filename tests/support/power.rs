//! A loss of power, worked out from what was done to a disk: which files it may hold afterwards.
//!
//! A disk promises only what was synced. Of everything else it may have kept nothing, all, the first of it, or any part
//! in any order, and of one write any sectors or a beginning. A name in a folder is there for sure when the folder was
//! synced. What a sync failed on is gone for good, also when a later sync of the file succeeds: that is how kernels
//! do it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::dice::Dice;
use super::disk::Record;

/// What disks write in one go, in bytes.
const SECTOR: usize = 512;

/// What was kept of all that was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// All of it, in order.
    All,
    /// The first of it; a part of the write behind.
    First,
    /// Any of it, some of it torn.
    Some,
}

impl Kept {
    /// Every way.
    pub const WAYS: [Self; 4] = [Self::Nothing, Self::All, Self::First, Self::Some];
}

/// What was done to a file and is not synced.
#[derive(Clone, Debug)]
enum Change<'a> {
    Write(u64, &'a [u8]),
    Cut(u64),
}

/// What was done to a folder and is not synced.
#[derive(Clone, Debug)]
enum Naming {
    Made(String, usize),
    Removed(String),
}

/// A file, whatever its name.
#[derive(Clone, Debug, Default)]
struct File<'a> {
    synced: Vec<u8>,
    /// With the place of each change among all changes of the disk.
    changes: Vec<(usize, Change<'a>)>,
}

/// A disk up to a moment.
#[derive(Default)]
pub struct Drive<'a> {
    done: usize,
    files: Vec<File<'a>>,
    /// As the program sees them, by their whole path; folders are files without content.
    names: BTreeMap<String, usize>,
    /// As a sync has made them safe.
    safe: BTreeMap<String, usize>,
    namings: Vec<Naming>,
}

impl<'a> Drive<'a> {
    /// Does what a record says was done.
    pub fn apply(&mut self, record: &Record<'a>) {
        self.done += 1;
        let path = record.path;
        match record.kind {
            "make" | "folder" => {
                let file = self.files.len();
                self.files.push(File::default());
                self.names.insert(path.to_owned(), file);
                self.namings.push(Naming::Made(path.to_owned(), file));
            }
            "remove" => {
                self.names.remove(path);
                self.namings.push(Naming::Removed(path.to_owned()));
            }
            "write" => self.change(path, Change::Write(record.number, record.bytes)),
            "cut" => self.change(path, Change::Cut(record.number)),
            "sync" => {
                if let Some(file) = self.names.get(path).map(|file| &mut self.files[*file]) {
                    for (_, change) in std::mem::take(&mut file.changes) {
                        change.make(&mut file.synced);
                    }
                }
            }
            "lost" => {
                if let Some(file) = self.names.get(path) {
                    self.files[*file].changes.clear();
                }
            }
            "names" => {
                let (here, elsewhere) =
                    std::mem::take(&mut self.namings).into_iter().partition(|naming: &Naming| folder(naming.path()) == path);
                self.namings = elsewhere;
                for naming in here {
                    naming.make(&mut self.safe);
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, path: &str, change: Change<'a>) {
        if let Some(file) = self.names.get(path) {
            self.files[*file].changes.push((self.done, change));
        }
    }

    /// Changes that are not synced, on files whose path begins with this.
    pub fn unsynced(&self, begins: &str) -> usize {
        self.names.iter().filter(|(path, _)| path.starts_with(begins)).map(|(_, file)| self.files[*file].changes.len()).sum()
    }

    /// Writes the file at `path` and its helpers into a folder as they may be after the power went now: under the same last
    /// names, without those that end in one of `without`.
    pub fn cut(&self, path: &str, without: &[&str], kept: Kept, dice: &mut Dice, into: &Path) {
        let mut names = self.safe.clone();
        let namings = match kept {
            Kept::Nothing => 0,
            Kept::All => self.namings.len(),
            Kept::First | Kept::Some => dice.below(self.namings.len() + 1),
        };
        for naming in self.namings.iter().take(namings) {
            naming.clone().make(&mut names);
        }
        let there = |name: &str| Path::new(name).ancestors().all(|above| self.is_safe(&names, above));
        let files: Vec<_> = names
            .iter()
            .filter(|(name, _)| name.starts_with(path) && !without.iter().any(|end| name.ends_with(end)) && there(name))
            .collect();
        let mut places: Vec<_> = files.iter().flat_map(|(_, file)| self.files[**file].changes.iter().map(|(place, _)| *place)).collect();
        places.sort_unstable();
        let last = places.get(dice.below(places.len() + 1)).copied().unwrap_or(usize::MAX);
        for (name, file) in files {
            let File { synced, changes } = &self.files[*file];
            let mut content = synced.clone();
            for (place, change) in changes {
                match kept {
                    Kept::First if *place == last => change.tear(dice, &mut content),
                    Kept::Some if dice.percent(10) => change.tear(dice, &mut content),
                    Kept::Nothing => {}
                    Kept::First if *place > last => {}
                    Kept::Some if dice.percent(50) => {}
                    Kept::All | Kept::First | Kept::Some => change.clone().make(&mut content),
                }
            }
            let to = into.join(Path::new(name).file_name().expect("a name"));
            std::fs::write(to, content).expect("a file as it may be");
        }
    }

    /// Whether a folder is there for sure, or was there before anything was written down.
    fn is_safe(&self, names: &BTreeMap<String, usize>, path: &Path) -> bool {
        let name = path.to_string_lossy();
        names.contains_key(&*name) || !self.names.contains_key(&*name)
    }
}

impl Naming {
    fn path(&self) -> &str {
        match self {
            Self::Made(path, _) | Self::Removed(path) => path,
        }
    }

    fn make(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Made(path, file) => drop(names.insert(path, file)),
            Self::Removed(path) => drop(names.remove(&path)),
        }
    }
}

impl Change<'_> {
    fn make(self, content: &mut Vec<u8>) {
        match self {
            Self::Write(offset, bytes) => put(content, offset, bytes, 0..bytes.len()),
            Self::Cut(size) => content.resize(size as usize, 0),
        }
    }

    /// A beginning of it, or any of its sectors.
    fn tear(&self, dice: &mut Dice, content: &mut Vec<u8>) {
        let Self::Write(offset, bytes) = self else { return };
        if dice.percent(50) {
            return put(content, *offset, bytes, 0..dice.below(bytes.len() + 1));
        }
        let mut from = 0;
        while from < bytes.len() {
            let in_file = *offset as usize + from;
            let until = bytes.len().min(from + SECTOR - in_file % SECTOR);
            if dice.percent(50) {
                put(content, *offset, bytes, from..until);
            }
            from = until;
        }
    }
}

/// Writes a part of some bytes where it belongs; what was never written before it is zero.
fn put(content: &mut Vec<u8>, offset: u64, bytes: &[u8], part: Range<usize>) {
    if part.is_empty() {
        return;
    }
    let (from, until) = (offset as usize + part.start, offset as usize + part.end);
    if content.len() < until {
        content.resize(until, 0);
    }
    content[from..until].copy_from_slice(&bytes[part]);
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
