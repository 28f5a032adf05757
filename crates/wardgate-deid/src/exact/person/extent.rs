//! Where a name begins and ends among the words around it.

use super::{CUES, NAME_PARTS_MAX, NOT_A_NAME, is_listed_word, is_name_part};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// The first token behind a chain of titles such as `Prof. Dr. med.`, and how many titles there are.
pub(super) fn behind_titles(lexed: &Lexed<'_>, from: usize) -> (usize, usize) {
    let (mut next, mut titles) = (from, 0);
    for _ in 0..TITLES_MAX {
        let title = lexed.is(next, Class::TITLE)
            && !(titles > 0 && lexed.token(next).is_some_and(|t| t.len() == 1))
            || titles > 0 && TITLE_PARTS.iter().any(|part| lexed.is_word(next, part));
        if !title || !is_title_gap(lexed.gap(next + 1)) || lexed.token(next + 1).is_none() {
            break;
        }
        next += 1;
        titles += 1;
    }
    (next, titles)
}

fn is_title_gap(gap: &str) -> bool {
    matches!(
        gap.trim_matches('*'),
        " " | ". "
            | "."
            | ".\n"
            | "\n"
            | ": "
            | ":"
            | "  "
            | ".  "
            | "-"
            | ".-"
            | ":  "
            | "\t"
            | " \n"
            | ".: "
            | "/"
    )
}

/// The last token of the name that begins at a token.
///
/// `surely` lets the first part be a common word, `labelled` also the following ones.
pub(super) fn end_of_name(
    lexed: &Lexed<'_>,
    first: usize,
    surely: bool,
    labelled: bool,
) -> Option<usize> {
    let (mut last, mut own, mut common, mut comma) = (None, false, 0, false);
    for index in first..first + NAME_PARTS_MAX {
        let Some(token) = lexed.token(index) else {
            break;
        };
        let gap = lexed.gap(index);
        let next_comma = gap == ", " && !comma && index <= first + 2;
        let near = index == first || joins(lexed, index) || next_comma;
        if !near || token.shape == Shape::Number {
            break;
        }
        let initial = is_initial(lexed, index);
        let leads = lexed
            .token(index + 1)
            .is_some_and(|t| t.shape.begins_capital() || t.classes.any(Class::PARTICLE));
        let particle = token.classes.any(Class::PARTICLE)
            && leads
            && matches!(lexed.gap(index + 1), " " | "'");
        if is_name_part(token) && !(index > first && stops(lexed, index)) {
            own = true;
        } else if token.shape.begins_capital()
            && token.classes.any(Class::COMMON)
            && !token
                .classes
                .any(CUES.with(Class::DEPARTMENT).with(Class::AGE_LABEL))
            && common < if labelled { COMMON_PARTS_MAX } else { 1 }
            && (index == first || labelled || surely && own && token.shape == Shape::Capital)
            && (surely || labelled || !is_listed_word(lexed, index))
        {
            common += 1;
        } else if !(initial || particle) || next_comma {
            break;
        }
        if next_comma {
            // `Smith, Jane` is a name, `Smith, MD` and `Smith, Boston` are not.
            if !(labelled && token.shape.begins_capital() && !token.classes.any(Class::CREDENTIAL))
            {
                break;
            }
            comma = true;
        }
        if !particle {
            last = Some(index);
        }
    }
    last.filter(|last| own || surely || (labelled && *last > first))
}

/// The first token of the name that ends at a token; `comma` lets it be `Smith, Jane`.
pub(super) fn start_of_name(lexed: &Lexed<'_>, last: usize, comma: bool) -> Option<usize> {
    let (mut first, mut commas) = (None, 0);
    for back in 0..NAME_PARTS_BEFORE_MAX {
        let Some(index) = last.checked_sub(back) else {
            break;
        };
        let token = lexed.token(index)?;
        let gap = lexed.gap(index + 1);
        let parted = comma && gap == ", " && back > 0 && commas == 0;
        let dotted = gap == ". " && (token.len() == 1 || lexed.is_word(index, "st"));
        let near = back == 0 || matches!(gap, " " | "-" | "'") || dotted || parted;
        let initial = token.len() == 1 && token.shape == Shape::Capital && back > 0;
        let particle = back > 0
            && token.shape == Shape::Lower
            && token.classes.any(Class::PARTICLE)
            && gap == " ";
        if !near || !(is_name_part(token) || initial || particle) {
            break;
        }
        commas += usize::from(parted);
        if !particle {
            first = Some(index);
        }
    }
    first
}

/// Whether the gap before a token can stand inside a name.
fn joins(lexed: &Lexed<'_>, index: usize) -> bool {
    let gap = lexed.gap(index);
    let letter = lexed
        .token(index.wrapping_sub(1))
        .is_some_and(|t| t.len() == 1);
    let short = ["ma", "st", "jr", "sr", "fco", "jos"]
        .iter()
        .any(|w| lexed.is_word(index.wrapping_sub(1), w));
    match gap {
        " " | "-" | "'" => true,
        ". " | "." => letter || short,
        "\n" | " \n" => {
            is_wrapped(lexed, index)
                && !lexed.gap(index + 1).starts_with(':')
                && !is_listed_word(lexed, index)
        }
        _ => false,
    }
}

/// Whether the line before a token is so long that it was broken for its length.
fn is_wrapped(lexed: &Lexed<'_>, index: usize) -> bool {
    let Some(end) = index
        .checked_sub(1)
        .and_then(|i| lexed.token(i))
        .map(|t| t.end)
    else {
        return false;
    };
    let from = end.saturating_sub(WRAPPED_LEN_MIN);
    let line = lexed.text.as_bytes().get(from..end).unwrap_or_default();
    line.len() == WRAPPED_LEN_MIN && !line.contains(&b'\n')
}

/// `J.` in `J. Smith`, but neither `E-mail` nor `C/`.
fn is_initial(lexed: &Lexed<'_>, index: usize) -> bool {
    let token = lexed.token(index);
    let letter = token.is_some_and(|t| t.len() == 1 && t.shape == Shape::Capital);
    let hung = lexed.gap(index + 1).is_empty() && lexed.token(index + 1).is_some();
    letter && !hung && !matches!(lexed.gap(index + 1), "-" | "/" | "/ " | ":" | ": ")
}

/// Words behind a name that begin something else.
fn stops(lexed: &Lexed<'_>, index: usize) -> bool {
    let shape = |at: usize| lexed.token(at).map(|t| (t.shape, t.len()));
    let shouted = matches!(shape(index), Some((Shape::Upper, _)))
        && matches!(shape(index.wrapping_sub(1)), Some((Shape::Capital, 2..)));
    let short =
        matches!(shape(index), Some((_, ..=3))) && !["II", "III", "IV"].contains(&lexed.str(index));
    shouted && (short || is_listed_word(lexed, index))
        || lexed.is(index, Class::STREET_FIRST.with(NOT_A_NAME))
}

/// What stands between titles without being one.
const TITLE_PARTS: [&str; 16] = [
    "med", "dent", "rer", "nat", "phil", "univ", "univers", "habil", "vet", "h", "c", "a", "mult",
    "kollege", "kollegin", "jur",
];
/// A label such as `Patient:` makes even two common words a name: `Hope Temple`.
const COMMON_PARTS_MAX: usize = 2;
const NAME_PARTS_BEFORE_MAX: usize = 5;
const TITLES_MAX: usize = 8;
/// A line this long was wrapped, and a name may go on behind it.
const WRAPPED_LEN_MIN: usize = 50;
