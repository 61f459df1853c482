//! Objects: which thing a name, an identity or a descriptor stands for.

use std::collections::HashMap;

use super::names::{self, Plain};
use super::tables::{Description, DescriptionId, Identity, Object, ObjectId, ObjectKind, ProcId, Tables};

const S_IFMT: u32 = 0o170_000;

/// Device, inode and mode as a call or a note told them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub device: u64,
    pub inode: u64,
    pub mode: u32,
}

impl Seen {
    fn key(self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// What kind a file of this type is; `None` for a mode without a type.
    pub fn kind(self) -> Option<ObjectKind> {
        Some(match self.mode & S_IFMT {
            0o100_000 => ObjectKind::File,
            0o040_000 => ObjectKind::Dir,
            0o120_000 => ObjectKind::Symlink,
            0o010_000 => ObjectKind::Pipe,
            0o140_000 => ObjectKind::OtherSocket,
            0o020_000 | 0o060_000 => ObjectKind::Dev,
            _ => return None,
        })
    }
}

/// The objects of one path: the thing itself, and where it leads when it is a symbolic link.
#[derive(Debug, Clone, Copy, Default)]
struct Named {
    own: Option<ObjectId>,
    target: Option<ObjectId>,
}

impl Named {
    /// The thing itself; a path that was only ever followed is taken for no link.
    fn itself(self) -> Option<ObjectId> {
        self.own.or(self.target)
    }
}

/// What is known of an object beyond its row.
#[derive(Debug, Clone, Copy, Default)]
struct Aside {
    size: Option<u64>,
    /// Names that this run knows it by.
    links: u32,
    /// Did a call find or make it?
    seen: bool,
}

/// How a path was looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookup {
    pub follow: bool,
    pub answer: Option<Seen>,
    /// Did the call succeed, so that something is there?
    pub found: bool,
}

/// Something that a call made.
#[derive(Debug, Clone, Copy)]
pub(super) struct New {
    pub by: ProcId,
    pub kind: ObjectKind,
    /// Could the name not have existed before?
    pub exclusive: bool,
    /// Number of the event.
    pub at: u64,
}

/// Names, identities and sizes of the objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    names: HashMap<Vec<u8>, Named>,
    /// What a name stood for before it was taken away.
    gone: HashMap<Vec<u8>, ObjectId>,
    identities: HashMap<(u64, u64), ObjectId>,
    /// Standard streams by identity: found by descriptors only, never by a path.
    standard: Vec<((u64, u64), ObjectId)>,
    generations: HashMap<(u64, u64), u32>,
    aside: Vec<Aside>,
    pub plain: Plain,
}

impl Objects {
    /// A new object.
    pub fn make(&mut self, tables: &mut Tables, kind: ObjectKind, name: &[u8]) -> ObjectId {
        let id = ObjectId(tables.objects.len() as u32);
        tables.objects.push(Object {
            kind,
            name: name.to_vec(),
            names: vec![],
            identity: None,
            made_by: None,
            exclusive: false,
            removed: false,
            inherited: false,
            procfs: names::is_procfs(name),
            local: None,
            peer: None,
        });
        self.aside.push(Aside::default());
        id
    }

    /// A new description of an object.
    pub fn describe(
        &mut self,
        tables: &mut Tables,
        object: ObjectId,
        flags: u64,
        opener: Option<ProcId>,
    ) -> DescriptionId {
        let id = DescriptionId(tables.descriptions.len() as u32);
        tables.descriptions.push(Description { object, offset: 0, flags, opener });
        id
    }

    /// The object behind a path, made where there was none: one that stands for the name alone when the call
    /// did not find it. Says also whether anything was known to be there before.
    pub fn look(&mut self, tables: &mut Tables, path: &[u8], how: Lookup) -> (ObjectId, bool) {
        let known = self.known(tables, path, how.follow);
        let id = match how.answer {
            Some(seen) => self.look_for(tables, path, how.follow, seen, known),
            None => known.unwrap_or_else(|| {
                let id = self.make(tables, ObjectKind::File, path);
                self.bind(path, how.follow, id);
                id
            }),
        };
        let Some(aside) = self.aside.get_mut(id.0 as usize) else { return (id, false) };
        let before = aside.seen;
        if how.found && !before {
            aside.seen = true;
            if let Some(object) = tables.objects.get_mut(id.0 as usize) {
                object.inherited = true;
            }
        }
        (id, before)
    }

    fn known(&self, tables: &Tables, path: &[u8], follow: bool) -> Option<ObjectId> {
        let named = self.names.get(path)?;
        if !follow {
            return named.itself();
        }
        let is_link = |id: &ObjectId| tables.object(*id).is_some_and(|object| object.kind == ObjectKind::Symlink);
        named.target.or(named.own.filter(|id| !is_link(id)))
    }

    fn look_for(
        &mut self,
        tables: &mut Tables,
        path: &[u8],
        follow: bool,
        seen: Seen,
        known: Option<ObjectId>,
    ) -> ObjectId {
        if let Some(id) = known
            && self.fits(tables, id, seen)
        {
            self.recognise(tables, id, seen);
            return id;
        }
        let id = match self.living(tables, seen) {
            Some(id) => id,
            None => {
                let id = self.make(tables, seen.kind().unwrap_or(ObjectKind::File), path);
                self.recognise(tables, id, seen);
                id
            }
        };
        self.bind(path, follow, id);
        id
    }

    /// The object of this identity, unless its last name is gone: a path can't find it any more.
    fn living(&self, tables: &Tables, seen: Seen) -> Option<ObjectId> {
        let id = self.identities.get(&seen.key()).copied()?;
        tables.object(id).is_some_and(|object| !object.removed).then_some(id)
    }

    /// May the object be the file that was seen?
    fn fits(&self, tables: &Tables, id: ObjectId, seen: Seen) -> bool {
        tables.object(id).is_some_and(|object| match object.identity {
            Some(identity) => (identity.device, identity.inode) == seen.key() && !object.removed,
            // Another name of a file that is known is that file.
            None => !object.removed && self.living(tables, seen).is_none(),
        })
    }

    /// Is this the object's device and inode, as far as is known?
    pub fn agrees(&self, tables: &Tables, id: ObjectId, seen: Seen) -> bool {
        self.identities.get(&seen.key()) == Some(&id)
            || tables
                .object(id)
                .and_then(|object| object.identity)
                .is_none_or(|identity| (identity.device, identity.inode) == seen.key())
    }

    /// Takes an object's identity and type from what was seen of it.
    pub fn recognise(&mut self, tables: &mut Tables, id: ObjectId, seen: Seen) {
        let Some(object) = tables.objects.get_mut(id.0 as usize) else { return };
        if object.kind == ObjectKind::File
            && let Some(kind) = seen.kind()
        {
            object.kind = kind;
        }
        let key = seen.key();
        if object.identity.is_some() {
            // Each end of a pair of sockets has an inode of its own.
            if object.kind == ObjectKind::Socketpair {
                self.identities.insert(key, id);
            }
            return;
        }
        if object.kind == ObjectKind::Std {
            object.identity = Some(Identity { device: seen.device, inode: seen.inode, generation: 0 });
            self.standard.push((key, id));
            return;
        }
        let next = self.generations.entry(key).or_insert(0);
        object.identity = Some(Identity { device: seen.device, inode: seen.inode, generation: *next });
        *next = next.saturating_add(1);
        self.identities.insert(key, id);
    }

    /// The object of a device and inode, for descriptors that came from nowhere.
    pub fn of_identity(&self, device: u64, inode: u64) -> Option<ObjectId> {
        let key = (device, inode);
        let standard = self.standard.iter().find(|(of, _)| *of == key).map(|(_, id)| *id);
        standard.or_else(|| self.identities.get(&key).copied())
    }

    /// The object of a file by device and inode, else by its name; of a name that is gone, what it stood for.
    pub fn of_state(&self, tables: &Tables, path: &[u8], identity: Option<(u64, u64)>) -> Option<ObjectId> {
        let by_name = || self.names.get(path).and_then(|named| named.itself());
        let Some(key) = identity else { return self.gone.get(path).copied().or_else(by_name) };
        let is_open = |id: &ObjectId| tables.object(*id).is_some_and(|object| object.identity.is_none());
        let known = self.identities.get(&key).copied().or_else(|| by_name().filter(is_open));
        known.or_else(|| self.of_identity(key.0, key.1))
    }

    /// Another path by which a file is known.
    pub fn also_named(&mut self, path: &[u8], id: ObjectId) {
        if !self.names.contains_key(path) {
            self.names.insert(path.to_vec(), Named { own: None, target: Some(id) });
        }
    }

    fn bind(&mut self, path: &[u8], follow: bool, id: ObjectId) {
        let named = match self.names.get_mut(path) {
            Some(named) => named,
            None => self.names.entry(path.to_vec()).or_default(),
        };
        if follow {
            named.target = Some(id);
        } else {
            named.own = Some(id);
        }
        if let Some(aside) = self.aside.get_mut(id.0 as usize)
            && aside.links == 0
        {
            aside.links = 1;
        }
    }

    /// A call made something under this name. The object that stood for the name becomes it.
    pub fn created(&mut self, tables: &mut Tables, id: ObjectId, path: &[u8], new: New) {
        let New { by, kind, exclusive, at } = new;
        self.names.insert(path.to_vec(), Named { own: Some(id), target: None });
        if let Some(aside) = self.aside.get_mut(id.0 as usize) {
            *aside = Aside { size: Some(0), links: 1, seen: true };
        }
        let Some(object) = tables.objects.get_mut(id.0 as usize) else { return };
        object.kind = kind;
        object.made_by = Some(by);
        object.exclusive = exclusive;
        object.inherited = false;
        object.names.push((at, path.to_vec()));
        if kind == ObjectKind::Dir {
            self.plain.told(path);
        }
    }

    /// An object got another name.
    pub fn linked(&mut self, tables: &mut Tables, id: ObjectId, path: &[u8], at: u64) {
        self.names.insert(path.to_vec(), Named { own: Some(id), target: None });
        if let Some(aside) = self.aside.get_mut(id.0 as usize) {
            aside.links = aside.links.saturating_add(1);
            aside.seen = true;
        }
        if let Some(object) = tables.objects.get_mut(id.0 as usize) {
            object.names.push((at, path.to_vec()));
            object.removed = false;
        }
    }

    /// A name was taken away; with the last one the object is removed.
    pub fn unlinked(&mut self, tables: &mut Tables, path: &[u8]) {
        let Some(id) = self.names.remove(path).and_then(|named| named.itself()) else { return };
        self.gone.insert(path.to_vec(), id);
        let Some(aside) = self.aside.get_mut(id.0 as usize) else { return };
        aside.links = aside.links.saturating_sub(1);
        let Some(object) = tables.objects.get_mut(id.0 as usize) else { return };
        if aside.links > 0 {
            object.names.retain(|(_, name)| name != path);
        } else if aside.seen {
            object.removed = true;
        }
    }

    /// What `from` stood for is now named `to`, with everything below it.
    pub fn renamed(&mut self, tables: &mut Tables, from: &[u8], to: &[u8], at: u64) {
        if from == to {
            return;
        }
        let Some(moved) = self.names.remove(from) else { return };
        self.unlinked(tables, to);
        self.went(moved, from);
        self.place(tables, moved, to, at);
        let is_dir = moved.own.and_then(|id| tables.object(id)).is_some_and(|object| object.kind == ObjectKind::Dir);
        if is_dir {
            self.move_below(tables, from, to, at);
        }
    }

    fn went(&mut self, moved: Named, from: &[u8]) {
        if let Some(id) = moved.itself() {
            self.gone.insert(from.to_vec(), id);
        }
    }

    fn place(&mut self, tables: &mut Tables, moved: Named, to: &[u8], at: u64) {
        self.names.insert(to.to_vec(), moved);
        if let Some(object) = moved.itself().and_then(|id| tables.objects.get_mut(id.0 as usize)) {
            object.names.push((at, to.to_vec()));
        }
    }

    fn move_below(&mut self, tables: &mut Tables, from: &[u8], to: &[u8], at: u64) {
        let below = |path: &[u8]| path.strip_prefix(from).is_some_and(|rest| rest.starts_with(b"/"));
        let mut paths: Vec<Vec<u8>> = self.names.keys().filter(|path| below(path)).cloned().collect();
        paths.sort_unstable();
        for path in paths {
            if let (Some(rest), Some(moved)) = (path.strip_prefix(from), self.names.remove(&path)) {
                self.went(moved, &path);
                self.place(tables, moved, &[to, rest].concat(), at);
            }
        }
    }

    /// Two names changed places (`RENAME_EXCHANGE`).
    pub fn exchanged(&mut self, tables: &mut Tables, one: &[u8], other: &[u8], at: u64) {
        let (first, second) = (self.names.remove(one), self.names.remove(other));
        for (moved, to) in [(first, other), (second, one)] {
            if let Some(moved) = moved {
                self.place(tables, moved, to, at);
            }
        }
    }

    /// Bytes of a file, as far as is known.
    pub fn size(&self, id: ObjectId) -> Option<u64> {
        self.aside.get(id.0 as usize).and_then(|aside| aside.size)
    }

    /// The file has this many bytes.
    pub fn set_size(&mut self, id: ObjectId, size: u64) {
        if let Some(aside) = self.aside.get_mut(id.0 as usize) {
            aside.size = Some(size);
        }
    }

    /// The file has at least this many bytes.
    pub fn grow(&mut self, id: ObjectId, end: u64) {
        if let Some(aside) = self.aside.get_mut(id.0 as usize) {
            aside.size = Some(aside.size.unwrap_or(0).max(end));
        }
    }
}
