//! Texts beside each other, or below each other in a narrow terminal.

use crate::output::Style;

/// One text with its title, and what stands out in it.
pub(super) struct Column {
    title: &'static str,
    text: String,
    values: Vec<String>,
}

impl Column {
    /// Values stand out; placeholders always do.
    pub(super) fn new(title: &'static str, text: String, values: &[String]) -> Self {
        Self {
            title,
            text,
            values: values.to_vec(),
        }
    }
}

/// All columns, in as many characters a line as the terminal has.
pub(super) fn side_by_side(columns: &[Column], width: usize, style: Style) -> String {
    if width < WIDE {
        let mut text = String::new();
        for column in columns {
            text.push_str(&format!("{}\n", style.bold(column.title)));
            for line in wrap(&column.text, width.saturating_sub(2))
                .iter()
                .take(LINES_STACKED)
            {
                text.push_str(&format!("  {}\n", paint(line, column, style)));
            }
            text.push('\n');
        }
        return text;
    }
    let count = columns.len().max(1);
    let each = (width - GAP.len() * (count - 1)) / count;
    let wrapped: Vec<_> = columns
        .iter()
        .map(|column| wrap(&column.text, each))
        .collect();
    let lines = wrapped
        .iter()
        .map(Vec::len)
        .max()
        .unwrap_or(0)
        .min(LINES_BESIDE);
    let mut text = String::new();
    let titles: Vec<_> = columns
        .iter()
        .map(|column| {
            format!(
                "{}{}",
                style.bold(column.title),
                padding(column.title, each)
            )
        })
        .collect();
    text.push_str(&format!("{}\n", titles.join(GAP).trim_end()));
    for at in 0..lines {
        let cells: Vec<_> = columns
            .iter()
            .zip(&wrapped)
            .map(|(column, wrapped)| {
                let line = wrapped.get(at).map_or("", String::as_str);
                format!("{}{}", paint(line, column, style), padding(line, each))
            })
            .collect();
        text.push_str(&format!("{}\n", cells.join(GAP).trim_end()));
    }
    text
}

fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.chars().count()))
}

/// Lines of at most so many characters, broken between words.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let needed = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && needed > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

fn paint(line: &str, column: &Column, style: Style) -> String {
    if !style.is_on() {
        return line.to_owned();
    }
    let mut painted = paint_placeholders(line, style);
    for value in column
        .values
        .iter()
        .filter(|value| value.chars().count() > 3)
    {
        for value in [value.clone(), value.to_uppercase()] {
            if !painted.contains(&style.yellow(&value)) {
                painted = painted.replace(&value, &style.yellow(&value));
            }
        }
    }
    painted
}

fn paint_placeholders(line: &str, style: Style) -> String {
    let mut painted = String::new();
    let mut rest = line;
    while let Some((before, from)) = rest.split_once('[') {
        painted.push_str(before);
        match from.split_once(']') {
            Some((inside, behind)) if inside.contains("_X") => {
                painted.push_str(&style.cyan(&format!("[{inside}]")));
                rest = behind;
            }
            _ => {
                painted.push('[');
                rest = from;
            }
        }
    }
    painted.push_str(rest);
    painted
}

const WIDE: usize = 120;
const GAP: &str = "   ";
const LINES_BESIDE: usize = 16;
const LINES_STACKED: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Column; 2] {
        let column = |title, text: &str| Column::new(title, text.to_owned(), &[]);
        [
            column("Left", "one two three\nfour"),
            column("Right", "[NAME_X1] five"),
        ]
    }

    #[test]
    fn wide_terminals_show_texts_beside_each_other() {
        let style = Style::of_stdout();
        let text = side_by_side(&columns(), 120, style);
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| line.chars().count() <= 120));
    }

    #[test]
    fn narrow_terminals_show_them_below_each_other() {
        let text = side_by_side(&columns(), 40, Style::of_stdout());
        assert!(text.find("Left").unwrap() < text.find("Right").unwrap());
        assert!(text.lines().all(|line| line.chars().count() <= 40));
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("aa bb cc\ndd", 5), ["aa bb", "cc", "dd"]);
        assert_eq!(wrap("longerthanthis x", 5), ["longerthanthis", "x"]);
    }
}
