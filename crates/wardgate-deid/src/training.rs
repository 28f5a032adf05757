//! What the training program needs of the tagger: the same features, and a way to try weights.
//!
//! Only with the feature `training`, which adds this module and changes nothing else.

use std::ops::Range;

use crate::engine::Engine;
use crate::exact;
use crate::finding::{Kind, resolve};
use crate::fold;
use crate::language::Language;
use crate::lexer::Lexed;
use crate::tagger::atoms::{self, Atom, Atoms};
use crate::tagger::decode::{self, HEADS, Transitions};
use crate::tagger::weights::{self, Weights};
use crate::tagger::{CLASSES, templates};

/// Lanes of a row of weights, one for each label and some to fill it up.
pub const LANES: usize = decode::LANES;
/// Rows of a table of weights.
pub const ROWS: usize = templates::ROWS;

/// A block of a text as the tagger reads it.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The bytes of the source that each token stands for.
    pub tokens: Vec<Range<usize>>,
    /// Which tokens are certainly nothing, whatever their features.
    pub certain: Vec<bool>,
    /// The rows of each token's features, the same number for each.
    pub rows: Vec<u32>,
}

/// What is hidden from the tagger while it learns, so that it does not lean on one thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hidden {
    /// Of the word: what it is, its beginning and end.
    pub word: bool,
    /// The lists that it is on.
    pub lists: bool,
    /// What the rules say.
    pub rules: bool,
    /// A number that no other token has.
    pub unlike: u32,
}

/// Reads a text in blocks; `hide` says for the bytes of each token what is hidden.
pub fn blocks(
    engine: &Engine,
    text: &str,
    language: Language,
    mut hide: impl FnMut(Range<usize>) -> Hidden,
) -> Vec<Block> {
    let folded = fold::fold(text);
    let lexed = Lexed::new(&folded.text, engine.lexicon());
    let mut rules = Vec::new();
    exact::find(&lexed, &mut rules);
    resolve(&mut rules);
    let mut atoms = Atoms::default();
    let source = |atom: &Atom| folded.map.source(atom.start..atom.end);
    let read = |block| {
        atoms.read(&lexed, block, language, &rules, |atom| {
            conceal(atom, &hide(source(atom)))
        });
        let mut block = Block::default();
        for (window, atom) in atoms.windows().zip(atoms.own()) {
            block.tokens.push(source(atom));
            block.certain.push(atom.certain);
            templates::rows(&window, |row| block.rows.push(row));
        }
        block
    };
    atoms::blocks(&lexed).map(read).collect()
}

fn conceal(atom: &mut Atom, hidden: &Hidden) {
    if hidden.word {
        atom.word = atoms::mix(hidden.unlike, 1);
        atom.prefix = atoms::mix(hidden.unlike, 2);
        atom.suffix2 = atoms::mix(hidden.unlike, 3);
        atom.suffix3 = atoms::mix(hidden.unlike, 4);
    }
    if hidden.lists {
        atom.lists = atoms::mix(hidden.unlike, 5);
        atom.group = atoms::mix(hidden.unlike, 6);
        atom.named = atoms::mix(hidden.unlike, 7);
        atom.place_name = 0;
    }
    if hidden.rules {
        atom.rule = 0;
    }
}

/// The lane that begins a span of a kind; nothing for kinds that the tagger does not tell.
#[must_use]
pub fn lane(kind: Kind) -> Option<usize> {
    let class = match kind {
        Kind::Name => Kind::Name,
        Kind::Location => Kind::Location,
        Kind::Facility => Kind::Facility,
        Kind::Date | Kind::Age => Kind::Date,
        Kind::Phone | Kind::Fax | Kind::Email | Kind::Url | Kind::Ip => Kind::Phone,
        _ => Kind::Id,
    };
    CLASSES
        .iter()
        .position(|kind| *kind == class)
        .map(|class| class + 1)
}

/// How far the lane that goes on with a span is from the one that begins it.
pub const INSIDE: usize = HEADS;

/// The steps between lanes that a path may take, as weights: `steps[from][to]`.
#[must_use]
pub fn file(rows: &[[i8; LANES]], steps: &[[i16; LANES]; LANES]) -> Vec<u8> {
    let mut transitions = Transitions::default();
    for (to, from) in transitions.heads.iter_mut().zip(steps) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    let (begun, going) = steps.split_at(HEADS);
    let inside = |(lane, row): (usize, &[i16; LANES])| row.get(HEADS + lane).copied();
    let enter = begun.iter().enumerate().filter_map(inside);
    transitions
        .enter
        .iter_mut()
        .zip(enter)
        .for_each(|(to, from)| *to = from);
    let stay = going.iter().enumerate().filter_map(inside);
    transitions
        .stay
        .iter_mut()
        .zip(stay)
        .for_each(|(to, from)| *to = from);
    weights::write(rows, &transitions)
}

/// An engine with other weights for a language; nothing when the file is not one of weights.
#[must_use]
pub fn engine(language: Language, file: &[u8]) -> Option<Engine> {
    Some(Engine::new().with_weights(language, Weights::read(file)?))
}
