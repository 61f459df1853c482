//! Layouts: structures of the 64-bit kernel interface as field tables.

use crate::names::Names;

/// One structure.
#[derive(Debug)]
pub struct Layout {
    /// Name of the table, as this crate calls it.
    pub title: &'static str,
    /// C name without `struct`.
    pub name: &'static str,
    /// Bytes, padding included (x86-64 and aarch64 agree unless a second layout says otherwise).
    pub size: u32,
    /// Fields in the order in which they are printed.
    pub fields: &'static [Field],
}

impl Layout {
    /// Does an address in it lead to more?
    pub fn leads(&self) -> bool {
        self.fields.iter().any(|field| field.leads.is_some())
    }
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// C name.
    pub name: &'static str,
    /// Offset in bytes.
    pub at: u32,
    /// Bytes: 1, 2, 4 or 8 for words, any number for arrays.
    pub width: u32,
    /// What it holds.
    pub kind: FieldKind,
    /// An address that leads to more: `kind` is then what each element there holds.
    pub leads: Option<Lead>,
}

/// Memory that an address in a structure leads to.
#[derive(Debug, Clone, Copy)]
pub enum Lead {
    /// NUL-terminated text.
    Text,
    /// Elements of so many bytes, as many as the second says.
    Elements(u32, Many),
}

/// How many elements an address in a structure leads to.
#[derive(Debug, Clone, Copy)]
pub enum Many {
    /// As the 32-bit number at this offset of the structure says.
    At(u32),
    /// As the argument behind that of the structure says.
    Next,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum FieldKind {
    /// Signed number of the field's width.
    Int,
    /// Unsigned number.
    UInt,
    /// Hex.
    Hex,
    /// Address: hex, `NULL`.
    Ptr,
    /// Octal mode with the file type by name (`S_IFREG|0644`).
    Mode,
    /// Octal.
    Octal,
    /// Device number: `makedev(0x8, 0x1)`.
    Dev,
    /// Signal by name.
    Signal,
    /// Descriptor.
    Fd,
    /// Flags.
    Flags(&'static Names),
    /// One name.
    Enum(&'static Names),
    /// One name, its number in decimal where it has none.
    EnumUInt(&'static Names),
    /// A signed number of which some values have names.
    IntNamed(&'static Names),
    /// An unsigned number, of which the greatest stands for -1.
    Id,
    /// NUL-padded text (`utsname`).
    Text,
    /// A structure inside.
    Nested(&'static Layout),
    /// An array of numbers of so many bytes each.
    Array(u32),
    /// The same in hex.
    HexArray(u32),
    /// Kernel signal set.
    SigSet,
    /// Printed only as bytes.
    Bytes,
}

macro_rules! layouts {
    (@lead) => { None };
    (@lead $lead:expr) => { Some($lead) };
    ($($(#[$doc:meta])* $title:ident $name:literal $size:literal:
        $($at:literal $width:literal $field:ident $kind:ident $(($($inner:tt)*))? $(=> $lead:expr)?),* ;)*) => {
        $(
            $(#[$doc])*
            pub static $title: $crate::layout::Layout = $crate::layout::Layout {
                title: stringify!($title),
                name: $name,
                size: $size,
                fields: &[$($crate::layout::Field {
                    name: stringify!($field),
                    at: $at,
                    width: $width,
                    kind: $crate::layout::FieldKind::$kind $(($($inner)*))?,
                    leads: layouts!(@lead $($lead)?),
                }),*],
            };
        )*
        /// Every layout of this file.
        pub(super) static LAYOUTS: &[&$crate::layout::Layout] = &[$(&$title),*];
    };
}

mod asynchronous;
mod devices;
mod files;
mod ipc;
mod net;
mod poll;
mod process;
mod signal;
mod system;
mod terminal;
mod time;

pub use {
    asynchronous::*, devices::*, files::*, ipc::*, net::*, poll::*, process::*, signal::*, system::*, terminal::*,
    time::*,
};

/// Every layout, by family.
pub fn layouts() -> impl Iterator<Item = &'static Layout> {
    [
        asynchronous::LAYOUTS,
        devices::LAYOUTS,
        files::LAYOUTS,
        ipc::LAYOUTS,
        net::LAYOUTS,
        poll::LAYOUTS,
        process::LAYOUTS,
        signal::LAYOUTS,
        system::LAYOUTS,
        terminal::LAYOUTS,
        time::LAYOUTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
