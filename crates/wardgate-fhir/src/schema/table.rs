//! The type table of one version, as `data/*.types` hold it.
//!
//! `version 4.0.1`, then blocks: a line `=Path kind base` and a line `name cardinality types` for each element that
//! the base does not have. `[x]` stands for the types' names, `@Path` for a block, `Reference(A/B)` for what may be
//! referred to.

use hashbrown::HashMap;

pub(crate) struct Table {
    version: &'static str,
    blocks: Vec<Block>,
    by_name: HashMap<&'static str, usize>,
}

pub(crate) struct Block {
    pub(crate) name: &'static str,
    kind: &'static str,
    base: &'static str,
    lines: Vec<&'static str>,
}

impl Block {
    pub(crate) fn is_resource(&self) -> bool {
        self.kind == "resource"
    }
}

/// One key of a block.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,

    pub(crate) kind: String,
    pub(crate) many: bool,
    pub(crate) required: bool,
    pub(crate) targets: Vec<&'static str>,
}

impl Table {
    pub(crate) fn parse(text: &'static str) -> Self {
        let mut table = Self {
            version: "",
            blocks: Vec::new(),
            by_name: HashMap::new(),
        };
        for line in text.lines() {
            if let Some(head) = line.strip_prefix('=') {
                let mut words = head.split(' ');
                let mut word = || words.next().unwrap_or_default();
                let (name, kind, base) = (word(), word(), word());
                table.by_name.insert(name, table.blocks.len());
                table.blocks.push(Block {
                    name,
                    kind,
                    base,
                    lines: Vec::new(),
                });
            } else if let Some(block) = table.blocks.last_mut() {
                block.lines.push(line);
            } else if let Some(version) = line.strip_prefix("version ") {
                table.version = version;
            }
        }
        table
    }

    #[cfg(test)]
    pub(crate) fn version(&self) -> &'static str {
        self.version
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = &'static str> {
        let resources = self.blocks.iter().filter(|block| block.is_resource());
        resources.map(|block| block.name)
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn block(&self, index: usize) -> Option<&Block> {
        self.blocks.get(index)
    }

    /// Whether a type is one of the primitives: those have no block.
    pub(crate) fn is_primitive(&self, kind: &str) -> bool {
        !self.by_name.contains_key(kind)
    }

    /// The keys of a block and of its bases.
    pub(crate) fn fields(&self, block: &Block) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        let mut next = Some(block);
        for _ in 0..BASES_MAX {
            let Some(block) = next else { break };
            for line in &block.lines {
                expand(line, &mut fields);
            }
            next = self.index(block.base).and_then(|index| self.block(index));
        }
        fields
    }
}

fn expand(line: &'static str, fields: &mut Vec<Field>) {
    let mut words = line.split(' ');
    let name = words.next().unwrap_or_default();
    let cardinality = words.next().unwrap_or_default();
    let choice = name.strip_suffix("[x]");
    for written in words {
        let (kind, targets) = match written.split_once('(') {
            Some((kind, targets)) => (kind, targets.trim_end_matches(')').split('/').collect()),
            None => (written, Vec::new()),
        };
        let kind = kind.trim_start_matches('@').to_owned();
        let name = match choice {
            Some(stem) => format!("{stem}{}", capitalised(&kind)),
            None => name.to_owned(),
        };
        if fields.iter().any(|field| field.name == name) {
            continue;
        }
        fields.push(Field {
            name,
            kind,
            many: cardinality.ends_with('*'),
            required: cardinality.starts_with('1'),
            targets,
        });
    }
}

fn capitalised(kind: &str) -> String {
    let mut letters = kind.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// No type stands on more bases than this.
const BASES_MAX: usize = 8;
