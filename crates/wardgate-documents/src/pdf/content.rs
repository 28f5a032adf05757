//! Content streams: what a page shows (ISO 32000-1, 8.2 and 9.4).

use std::collections::HashMap;
use std::rc::Rc;

use wardgate_deid::RecordFault;

use super::file::{File, too_long};
use super::font::Font;
use super::layout::Run;
use super::object::{Dict, Lexeme, Object, Scanner, is_space};

/// What was drawn so far; budgets hold for the whole file.
#[derive(Debug)]
pub(super) struct Drawing<'f, 'b> {
    file: &'f File<'b>,
    pub(super) runs: Vec<Run>,
    /// Pictures that were shown.
    pub(super) pictures: u32,
    /// Shown codes whose text the font does not tell.
    pub(super) unreadable: u64,
    fonts: HashMap<u32, Rc<Font>>,
    bytes_left: usize,
    values_left: usize,
    forms_left: usize,
}

/// An affine map: `[a b c d e f]`.
pub(super) type Matrix = [f64; 6];

#[derive(Clone, Debug)]
struct State {
    ctm: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
}

/// The places of text within `BT` and `ET`.
#[derive(Clone, Copy, Debug)]
struct Text {
    at: Matrix,
    line: Matrix,
}

impl<'f, 'b> Drawing<'f, 'b> {
    pub(super) fn new(file: &'f File<'b>) -> Self {
        Self {
            file,
            runs: Vec::new(),
            pictures: 0,
            unreadable: 0,
            fonts: HashMap::new(),
            bytes_left: file.bytes_left(),
            values_left: VALUES_MAX,
            forms_left: FORMS_MAX,
        }
    }

    /// Draws a page.
    pub(super) fn page(&mut self, page: &Dict, resources: &Dict) -> Result<(), RecordFault> {
        let mut content = Vec::new();
        let parts = match self.file.entry(page, "Contents") {
            Some(Object::Array(parts)) => parts.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        for part in parts {
            if let Some(bytes) = self.file.content(part, &mut self.bytes_left)? {
                content.extend_from_slice(&bytes);
                content.push(b'\n');
            }
        }
        self.stream(&content, resources, IDENTITY, 0)
    }

    /// Draws a form, such as the appearance of an annotation.
    pub(super) fn form(
        &mut self,
        form: &Object,
        resources: &Dict,
        ctm: Matrix,
        depth: usize,
    ) -> Result<(), RecordFault> {
        let form = self.file.resolve(form);
        let Some(dict) = form.dict() else {
            return Ok(());
        };
        self.forms_left = self.forms_left.checked_sub(1).ok_or_else(too_long)?;
        if depth > FORM_DEPTH_MAX {
            return Err(too_long());
        }
        let Some(content) = self.file.content(form, &mut self.bytes_left)? else {
            return Ok(());
        };
        let matrix = matrix(&numbers(self.file, self.file.array(dict, "Matrix")));
        let own = self.file.dict(dict, "Resources").unwrap_or(resources);
        self.stream(&content, own, times(matrix.unwrap_or(IDENTITY), ctm), depth)
    }

    fn stream(
        &mut self,
        content: &[u8],
        resources: &Dict,
        ctm: Matrix,
        depth: usize,
    ) -> Result<(), RecordFault> {
        let mut painter = Painter {
            state: State::new(ctm),
            saved: Vec::new(),
            text: Text {
                at: IDENTITY,
                line: IDENTITY,
            },
            resources,
            depth,
            drawing: self,
        };
        let mut scanner = Scanner::new(content, 0, painter.drawing.values_left);
        let mut operands: Vec<Object> = Vec::new();
        while let Some(lexeme) = next_lexeme(&mut scanner, content.len()) {
            match lexeme {
                Lexeme::Value(value) if operands.len() < OPERANDS_MAX => operands.push(value),
                Lexeme::Value(_) => {}
                Lexeme::Word(b"BI") => {
                    painter.drawing.pictures = painter.drawing.pictures.saturating_add(1);
                    skip_inline_picture(content, &mut scanner);
                    operands.clear();
                }
                Lexeme::Word(operator) => {
                    painter.operate(operator, &operands)?;
                    operands.clear();
                }
            }
        }
        let left = scanner.values_left;
        self.values_left = left;
        match left {
            0 => Err(too_long()),
            _ => Ok(()),
        }
    }

    fn font(&mut self, resources: &Dict, name: &[u8]) -> Result<Option<Rc<Font>>, RecordFault> {
        let Some(fonts) = self.file.dict(resources, "Font") else {
            return Ok(None);
        };
        let object = fonts.get(name);
        let number = match object {
            Some(Object::Reference(number)) => Some(*number),
            _ => None,
        };
        if let Some(font) = number.and_then(|number| self.fonts.get(&number)) {
            return Ok(Some(Rc::clone(font)));
        }
        let Some(dict) = object.and_then(|object| self.file.resolve(object).dict()) else {
            return Ok(None);
        };
        self.forms_left = self.forms_left.checked_sub(1).ok_or_else(too_long)?;
        let font = Rc::new(Font::read(self.file, dict, &mut self.bytes_left)?);
        if let Some(number) = number {
            self.fonts.insert(number, Rc::clone(&font));
        }
        Ok(Some(font))
    }
}

/// Executes the operators of one stream.
struct Painter<'p, 'f, 'b> {
    state: State,
    saved: Vec<State>,
    text: Text,
    resources: &'p Dict,
    depth: usize,
    drawing: &'p mut Drawing<'f, 'b>,
}

impl Painter<'_, '_, '_> {
    fn operate(&mut self, operator: &[u8], operands: &[Object]) -> Result<(), RecordFault> {
        let number = |at: usize| operands.get(at).and_then(Object::number).unwrap_or(0.0);
        match operator {
            b"q" if self.saved.len() < SAVED_MAX => self.saved.push(self.state.clone()),
            b"Q" => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            b"cm" => {
                let numbers: Vec<f64> = operands.iter().filter_map(Object::number).collect();
                if let Some(matrix) = matrix(&numbers) {
                    self.state.ctm = times(matrix, self.state.ctm);
                }
            }
            b"BT" => {
                self.text = Text {
                    at: IDENTITY,
                    line: IDENTITY,
                }
            }
            b"Tc" => self.state.char_space = number(0),
            b"Tw" => self.state.word_space = number(0),
            b"Tz" => self.state.scale = number(0) / 100.0,
            b"TL" => self.state.leading = number(0),
            b"Ts" => self.state.rise = number(0),
            b"Tf" => {
                self.state.size = number(1);
                if let Some(name) = operands.first().and_then(Object::name) {
                    self.state.font = self.drawing.font(self.resources, name)?;
                }
            }
            b"Td" => self.text.next(number(0), number(1)),
            b"TD" => {
                self.state.leading = -number(1);
                self.text.next(number(0), number(1));
            }
            b"Tm" => {
                let numbers: Vec<f64> = operands.iter().filter_map(Object::number).collect();
                if let Some(matrix) = matrix(&numbers) {
                    self.text = Text {
                        at: matrix,
                        line: matrix,
                    };
                }
            }
            b"T*" => self.text.next(0.0, -self.state.leading),
            b"Tj" => self.show_all(operands),
            b"'" => {
                self.text.next(0.0, -self.state.leading);
                self.show_all(operands);
            }
            b"\"" => {
                self.state.word_space = number(0);
                self.state.char_space = number(1);
                self.text.next(0.0, -self.state.leading);
                self.show_all(operands.get(2..).unwrap_or_default());
            }
            b"TJ" => {
                let parts = operands.first().and_then(Object::array);
                self.show_all(parts.unwrap_or_default());
            }
            b"gs" => self.graphics_state(operands)?,
            b"Do" => self.external(operands)?,
            _ => {}
        }
        Ok(())
    }

    fn show_all(&mut self, parts: &[Object]) {
        for part in parts {
            match part {
                Object::Text(string) => self.show(string),
                Object::Number(moved) => {
                    let moved = -moved / 1000.0 * self.state.size * self.state.scale;
                    self.text.at = times([1.0, 0.0, 0.0, 1.0, moved, 0.0], self.text.at);
                }
                _ => {}
            }
        }
    }

    fn show(&mut self, string: &[u8]) {
        let Some(font) = self.state.font.clone() else {
            let shown = u64::try_from(string.len()).unwrap_or(u64::MAX);
            self.drawing.unreadable = self.drawing.unreadable.saturating_add(shown);
            return;
        };
        let state = &self.state;
        let mut text = String::new();
        let mut width = 0.0;
        for glyph in font.glyphs(string) {
            let space = if glyph.is_space {
                state.word_space
            } else {
                0.0
            };
            width += (glyph.width * state.size + state.char_space + space) * state.scale;
            match glyph.text {
                Some(part) => text.push_str(&part),
                None => self.drawing.unreadable = self.drawing.unreadable.saturating_add(1),
            }
        }
        let begin = times(self.text.at, state.ctm);
        let rise = state.rise;
        self.text.at = times([1.0, 0.0, 0.0, 1.0, width, 0.0], self.text.at);
        let end = times(self.text.at, state.ctm);
        let [a, b, c, d, ..] = begin;
        let length = a.hypot(b);
        let along = match length > 0.0 && length.is_finite() {
            true => (a / length, b / length),
            false => (1.0, 0.0),
        };
        let place = |[_, _, c, d, e, f]: Matrix| (c * rise + e, d * rise + f);
        let size = (c.hypot(d) * state.size).abs();
        if !text.is_empty() {
            self.drawing.runs.push(Run {
                text,
                from: place(begin),
                to: place(end),
                size,
                along,
            });
        }
    }

    fn graphics_state(&mut self, operands: &[Object]) -> Result<(), RecordFault> {
        let file = self.drawing.file;
        let name = operands.first().and_then(Object::name).unwrap_or_default();
        let states = file.dict(self.resources, "ExtGState");
        let state = states.and_then(|states| file.resolve(states.get(name)?).dict());
        let Some([font, size]) = state.map(|state| file.array(state, "Font")) else {
            return Ok(());
        };
        self.state.size = file.resolve(size).number().unwrap_or(0.0);
        if let Some(dict) = file.resolve(font).dict() {
            let font = Font::read(file, dict, &mut self.drawing.bytes_left)?;
            self.state.font = Some(Rc::new(font));
        }
        Ok(())
    }

    fn external(&mut self, operands: &[Object]) -> Result<(), RecordFault> {
        let file = self.drawing.file;
        let name = operands.first().and_then(Object::name).unwrap_or_default();
        let objects = file.dict(self.resources, "XObject");
        let Some(object) = objects.and_then(|objects| objects.get(name)) else {
            return Ok(());
        };
        let dict = file.resolve(object).dict();
        let kind = dict
            .and_then(|dict| file.entry(dict, "Subtype"))
            .and_then(Object::name);
        match kind {
            Some(b"Image") => self.drawing.pictures = self.drawing.pictures.saturating_add(1),
            Some(b"Form") => {
                let (ctm, depth) = (self.state.ctm, self.depth + 1);
                self.drawing.form(object, self.resources, ctm, depth)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl State {
    fn new(ctm: Matrix) -> Self {
        Self {
            ctm,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

impl Text {
    fn next(&mut self, x: f64, y: f64) {
        self.line = times([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.at = self.line;
    }
}

/// The next lexeme; what is no value and no word is passed over.
fn next_lexeme<'c>(scanner: &mut Scanner<'c>, end: usize) -> Option<Lexeme<'c>> {
    loop {
        if let Some(lexeme) = scanner.next() {
            return Some(lexeme);
        }
        if scanner.at >= end || scanner.values_left == 0 {
            return None;
        }
        scanner.at += 1;
    }
}

/// Passes over an inline picture: to an `EI` that stands alone.
fn skip_inline_picture(content: &[u8], scanner: &mut Scanner<'_>) {
    let rest = content.get(scanner.at..).unwrap_or_default();
    let ends = rest.windows(4).position(|four| {
        matches!(four, [before, b'E', b'I', behind] if is_space(*before) && is_space(*behind))
    });
    scanner.at = scanner
        .at
        .saturating_add(ends.map_or(rest.len(), |at| at + 3));
}

/// The numbers of an array.
pub(super) fn numbers(file: &File<'_>, array: &[Object]) -> Vec<f64> {
    array
        .iter()
        .filter_map(|object| file.resolve(object).number())
        .collect()
}

fn matrix(numbers: &[f64]) -> Option<Matrix> {
    numbers.get(..6)?.try_into().ok()
}

fn times(first: Matrix, then: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = first;
    let [ta, tb, tc, td, te, tf] = then;
    [
        a * ta + b * tc,
        a * tb + b * td,
        c * ta + d * tc,
        c * tb + d * td,
        e * ta + f * tc + te,
        e * tb + f * td + tf,
    ]
}

pub(super) const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
/// Operands and operators of all pages together.
const VALUES_MAX: usize = 20_000_000;
/// Forms and fonts of all pages together.
const FORMS_MAX: usize = 20_000;
const FORM_DEPTH_MAX: usize = 16;
const SAVED_MAX: usize = 512;
const OPERANDS_MAX: usize = 4096;
