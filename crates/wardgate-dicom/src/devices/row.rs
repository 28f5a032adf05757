//! A row of the list: what a data set must say, and what is done then.

use super::Judgement;
use crate::pixels::{PixelFacts, Region};

/// What a data set says, in capitals.
pub(super) struct Said {
    pub(super) burned: String,
    modality: String,
    class: String,
    type_words: String,
    maker: String,
    model: String,
    size: (u32, u32),
}

impl Said {
    pub(super) fn of(facts: &PixelFacts) -> Self {
        let capitals = |text: &str| text.trim_matches(['\0', ' ']).to_uppercase();
        Self {
            burned: capitals(&facts.burned_in),
            modality: capitals(&facts.modality),
            class: capitals(&facts.sop_class),
            type_words: capitals(&facts.image_type.join("\\")),
            maker: capitals(&facts.manufacturer),
            model: capitals(&facts.model),
            size: (facts.columns, facts.rows),
        }
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    burned: Cell,
    modality: Cell,
    class: Cell,
    image_type: Cell,
    maker: Cell,
    model: Cell,
    /// Columns and rows, any of them; none fits every size.
    sizes: Vec<Size>,
    pub(super) task: Task,
    pub(super) areas: Vec<Area>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Blank,
    Keep,
    Judge(Judgement),
}

impl Rule {
    /// A row of the table.
    pub(super) fn read(row: &str) -> Result<Self, &'static str> {
        let cells: Vec<&str> = row.split('\t').map(str::trim).collect();
        let Ok(
            [
                burned,
                modality,
                class,
                image_type,
                maker,
                model,
                size,
                what,
                areas,
                source,
            ],
        ) = <[&str; CELLS]>::try_from(cells)
        else {
            return Err("does not have ten cells");
        };
        if source.is_empty() {
            return Err("does not say where it is from");
        }
        let task = task(what)?;
        let areas = match areas {
            "-" | "" => Vec::new(),
            areas => areas
                .split(';')
                .map(|area| Area::read(area).ok_or("has an area that is none"))
                .collect::<Result<Vec<_>, _>>()?,
        };
        if areas.is_empty() == matches!(task, Task::Blank | Task::Keep) {
            return Err("must have areas to blank or to keep, and no others may have them");
        }
        if areas.len() > AREAS_MAX {
            return Err("has too many areas");
        }
        Ok(Self {
            burned: Cell::read(burned)?,
            modality: Cell::read(modality)?,
            class: Cell::read(class)?,
            image_type: Cell::read(image_type)?,
            maker: Cell::read(maker)?,
            model: Cell::read(model)?,
            sizes: sizes(size)?,
            task,
            areas,
        })
    }

    pub(super) fn fits(&self, said: &Said) -> bool {
        let sized = || self.sizes.is_empty() || self.sizes.iter().any(|size| size.fits(said.size));
        sized()
            && self.burned.fits(|word| said.burned == word)
            && self.modality.fits(|word| said.modality == word)
            && self.class.fits(|word| {
                let rest = said.class.strip_prefix(word);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            && self.image_type.fits(|word| said.type_words.contains(word))
            && self.maker.fits(|word| said.maker.contains(word))
            && self.model.fits(|word| said.model.contains(word))
    }
}

/// Words of a cell in capitals: any of the lists, of which all words must fit; without lists, anything fits.
#[derive(Clone, Debug)]
struct Cell(Vec<Vec<String>>);

impl Cell {
    fn read(cell: &str) -> Result<Self, &'static str> {
        if cell == "-" {
            return Ok(Self(Vec::new()));
        }
        let words = |list: &str| -> Vec<String> {
            let words = list.split('+').map(|word| word.trim().to_uppercase());
            words.collect()
        };
        let lists: Vec<Vec<String>> = cell.split(',').map(words).collect();
        match lists.iter().flatten().any(String::is_empty) {
            true => Err("has an empty word; write - for what does not matter"),
            false => Ok(Self(lists)),
        }
    }

    fn fits(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.0.is_empty() || self.0.iter().any(|list| list.iter().all(|word| fits(word)))
    }
}

/// Columns and rows of a picture; what is none fits any number.
#[derive(Clone, Copy, Debug)]
struct Size(Option<u32>, Option<u32>);

impl Size {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (columns, rows) = text.split_once('x')?;
        let side = |side: &str| match side {
            "*" => Some(None),
            side => side.parse().ok().map(Some),
        };
        Some(Self(side(columns)?, side(rows)?))
    }

    fn fits(self, (columns, rows): (u32, u32)) -> bool {
        self.0.is_none_or(|wanted| wanted == columns) && self.1.is_none_or(|wanted| wanted == rows)
    }
}

/// A rectangle: x, y, width, height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area([Side; 4]);

/// Pixels, or hundredths of a percent of the columns or rows.
#[derive(Clone, Copy, Debug)]
enum Side {
    Pixels(u32),
    Share(u32),
}

impl Area {
    fn read(text: &str) -> Option<Self> {
        let mut sides = text.split(',').map(|side| Side::read(side.trim()));
        let mut next = || sides.next().flatten();
        let area = Self([next()?, next()?, next()?, next()?]);
        sides.next().is_none().then_some(area)
    }

    /// The rectangle in a picture of a size; it may reach beyond it.
    pub(super) fn of(self, columns: u32, rows: u32) -> Region {
        let [x, y, width, height] = self.0;
        // Shares are rounded so that an area is never smaller than what the rule says.
        let (left, top) = (x.of(columns, false), y.of(rows, false));
        Region {
            top,
            left,
            bottom: top.saturating_add(height.of(rows, true)),
            right: left.saturating_add(width.of(columns, true)),
        }
    }
}

impl Side {
    fn read(text: &str) -> Option<Self> {
        let Some(share) = text.strip_suffix('%') else {
            let pixels = text.parse().ok()?;
            return (pixels <= SIDE_MAX).then_some(Self::Pixels(pixels));
        };
        let (whole, part) = share.split_once('.').unwrap_or((share, "0"));
        let whole: u32 = whole.parse().ok()?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let hundredths: u32 = match (digits, part.len()) {
            (true, 1) => part.parse::<u32>().ok()? * 10,
            (true, 2) => part.parse().ok()?,
            _ => return None,
        };
        (whole <= 100).then(|| Self::Share(whole * 100 + hundredths))
    }

    fn of(self, whole: u32, up: bool) -> u32 {
        match self {
            Self::Pixels(pixels) => pixels,
            Self::Share(share) => {
                let product = u64::from(whole) * u64::from(share);
                let pixels = match up {
                    // One more, because the beginning may have been rounded down.
                    true => product.div_ceil(SHARE_WHOLE) + u64::from(product % SHARE_WHOLE != 0),
                    false => product / SHARE_WHOLE,
                };
                u32::try_from(pixels).unwrap_or(u32::MAX)
            }
        }
    }
}

fn task(what: &str) -> Result<Task, &'static str> {
    Ok(match what.to_ascii_lowercase().as_str() {
        "blank" => Task::Blank,
        "keep" => Task::Keep,
        "marked" => Task::Judge(Judgement::Marked),
        "outside" => Task::Judge(Judgement::Outside),
        "whole" => Task::Judge(Judgement::Whole),
        "careful" => Task::Judge(Judgement::Careful),
        "plain" => Task::Judge(Judgement::Plain),
        _ => return Err("says something to do that nobody knows"),
    })
}

fn sizes(cell: &str) -> Result<Vec<Size>, &'static str> {
    if cell == "-" {
        return Ok(Vec::new());
    }
    let sizes: Option<Vec<Size>> = cell.split(',').map(Size::read).collect();
    sizes.ok_or("has a size that is not as 800x600 or *x600")
}

const CELLS: usize = 10;
const AREAS_MAX: usize = 64;
/// The longest side that the standard's two bytes can say.
const SIDE_MAX: u32 = 65_535;
/// All of a side, in hundredths of a percent.
const SHARE_WHOLE: u64 = 10_000;
