//! Where C2SP tlog-tiles puts tiles and entry bundles.

use std::fmt;

use crate::tree::TILE_WIDTH;

/// Which sequence of tiles: entries, or hashes of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Entry bundles.
    Entries,
    /// Hash tiles of a level, 0 to 63.
    Hashes(u8),
}

/// The name of one tile: kind, index and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    kind: Kind,
    index: u64,
    width: u16,
}

impl Tile {
    /// Names a tile; `None` unless the width is 1 to 256 and the level 0 to 63.
    pub fn new(kind: Kind, index: u64, width: u16) -> Option<Self> {
        let level_fits = match kind {
            Kind::Entries => true,
            Kind::Hashes(level) => level <= LEVEL_MAX,
        };
        let width_fits = (1..=TILE_WIDTH).contains(&usize::from(width));
        (level_fits && width_fits).then_some(Self { kind, index, width })
    }

    /// Reads a path such as `tile/0/x001/067.p/12`; `None` unless it is exactly in that form.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        if parts.next()? != "tile" {
            return None;
        }
        let kind = match parts.next()? {
            "entries" => Kind::Entries,
            level => Kind::Hashes(small_number(level)?),
        };
        let mut index = 0u64;
        loop {
            let part = parts.next()?;
            if let Some(group) = part.strip_prefix('x') {
                index = push_group(index, group)?;
            } else if let Some(group) = part.strip_suffix(".p") {
                index = push_group(index, group)?;
                let width = small_number(parts.next()?)?;
                return finish(kind, index, u16::from(width), path);
            } else {
                index = push_group(index, part)?;
                return finish(kind, index, TILE_WIDTH as u16, path);
            }
        }
    }

    /// What the tile holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The index of the tile in its level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds; 256 for a full tile.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile is full and so never changes again.
    pub fn is_full(&self) -> bool {
        usize::from(self.width) == TILE_WIDTH
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Entries => f.write_str("tile/entries/")?,
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        write_groups(f, self.index / 1000)?;
        write!(f, "{:03}", self.index % 1000)?;
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

fn write_groups(f: &mut fmt::Formatter<'_>, above: u64) -> fmt::Result {
    if above > 0 {
        write_groups(f, above / 1000)?;
        write!(f, "x{:03}/", above % 1000)?;
    }
    Ok(())
}

/// Accepts only the one spelling that `Display` writes, so that no tile has two names.
fn finish(kind: Kind, index: u64, width: u16, path: &str) -> Option<Tile> {
    Tile::new(kind, index, width).filter(|tile| tile.to_string() == path)
}

fn push_group(index: u64, group: &str) -> Option<u64> {
    if group.len() != 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    index.checked_mul(1000)?.checked_add(group.parse().ok()?)
}

fn small_number(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

const LEVEL_MAX: u8 = 63;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_as_the_specification_writes_them() {
        let path = |kind, index, width| Tile::new(kind, index, width).unwrap().to_string();
        assert_eq!(path(Kind::Hashes(0), 0, 256), "tile/0/000");
        assert_eq!(path(Kind::Hashes(1), 273, 17), "tile/1/273.p/17");
        assert_eq!(
            path(Kind::Entries, 1_234_067, 256),
            "tile/entries/x001/x234/067"
        );
        assert_eq!(
            path(Kind::Entries, 1000, 255),
            "tile/entries/x001/000.p/255"
        );
        assert_eq!(path(Kind::Hashes(63), 999, 256), "tile/63/999");
    }

    #[test]
    fn foreign_spellings_are_refused() {
        for path in [
            "tile/0/0",
            "tile/00/000",
            "tile/64/000",
            "tile/0/x000/001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/001/000",
            "tile/0",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/000.p",
            "tile/0/000.p/1/2",
            "tile/entries/-01",
            "tile/0/+01",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn every_name_reads_back(level in 0u8..=63, index: u64, width in 1u16..=256) {
            for kind in [Kind::Entries, Kind::Hashes(level)] {
                let tile = Tile::new(kind, index, width).unwrap();
                prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
            }
        }

        #[test]
        fn parsing_never_panics(path in "\\PC{0,60}") {
            let _ = Tile::parse(&path);
        }
    }
}
