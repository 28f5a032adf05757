//! Shown strings as lines of text: by where they stand on the page, whatever order they were drawn in.

/// A string that was shown.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) text: String,
    /// Where it begins and ends.
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
    /// The height of its letters.
    pub(super) size: f64,
    /// Where its line goes, as a vector of length one.
    pub(super) along: (f64, f64),
}

/// A run in the frame of its own direction.
struct Placed {
    angle: i32,
    x: f64,
    x_end: f64,
    y: f64,
    size: f64,
    text: String,
}

/// The lines that runs make, from the top of the page; cells that stand far apart are parted by tabs.
pub(super) fn lines(runs: Vec<Run>) -> Vec<String> {
    let mut placed: Vec<Placed> = runs.into_iter().map(place).collect();
    placed.sort_by(|a, b| {
        let order = a.angle.cmp(&b.angle).then(b.y.total_cmp(&a.y));
        order.then(a.x.total_cmp(&b.x))
    });
    let mut lines = Vec::new();
    let mut line: Vec<Placed> = Vec::new();
    for run in placed {
        let same = line.first().is_some_and(|first| {
            let apart = (first.y - run.y).abs();
            first.angle == run.angle && apart < first.size.max(run.size) * LINE_APART
        });
        if !same && !line.is_empty() {
            lines.push(joined(std::mem::take(&mut line)));
        }
        line.push(run);
    }
    if !line.is_empty() {
        lines.push(joined(line));
    }
    lines
}

fn place(run: Run) -> Placed {
    let (dx, dy) = run.along;
    let turned = |(x, y): (f64, f64)| (x * dx + y * dy, y * dx - x * dy);
    let ((x, y), (x_end, _)) = (turned(run.from), turned(run.to));
    Placed {
        angle: dy.atan2(dx).to_degrees().round() as i32,
        x,
        x_end,
        y,
        size: run.size,
        text: run.text,
    }
}

fn joined(mut line: Vec<Placed>) -> String {
    line.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut out = String::new();
    let mut last: Option<Placed> = None;
    for run in line {
        if let Some(last) = &last {
            let gap = run.x - last.x_end;
            let size = last.size.max(run.size);
            // Drawn twice, a little apart, so that it looks bold.
            let apart = (run.x - last.x).abs();
            let over = apart < (last.x_end - last.x) * OVER_ITSELF && apart < size * TWICE_APART;
            if last.text == run.text && over {
                continue;
            }
            let blank =
                out.ends_with(char::is_whitespace) || run.text.starts_with(char::is_whitespace);
            if gap > size * CELL_APART {
                out.push('\t');
            } else if (gap > size * WORD_APART || gap < -size * OVERLAP) && !blank {
                out.push(' ');
            }
        }
        out.extend(
            run.text
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c }),
        );
        last = Some(run);
    }
    out.trim_end().to_owned()
}

// In parts of the height of the letters.
const LINE_APART: f64 = 0.45;
const WORD_APART: f64 = 0.16;
const CELL_APART: f64 = 2.0;
const TWICE_APART: f64 = 0.3;
/// In parts of the run's own width.
const OVER_ITSELF: f64 = 0.5;
const OVERLAP: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, x: f64, y: f64) -> Run {
        Run {
            text: text.to_owned(),
            from: (x, y),
            to: (x + 5.0 * text.chars().count() as f64, y),
            size: 10.0,
            along: (1.0, 0.0),
        }
    }

    #[test]
    fn words_are_parted_as_they_look() {
        let runs = vec![
            run("Schmidt", 130.0, 700.0),
            run("Ma", 100.0, 700.2),
            run("ria", 110.5, 700.0),
            run("below", 100.0, 680.0),
            run("Name:", 40.0, 700.0),
            run("Schmidt", 130.5, 700.0),
            run("t", 100.0, 660.0),
            run("t", 105.0, 660.0),
        ];
        assert_eq!(lines(runs), ["Name:\tMaria Schmidt", "below", "tt"]);
    }

    #[test]
    fn turned_text_is_a_line_of_its_own() {
        let mut up = run("up", 10.0, 700.0);
        up.along = (0.0, 1.0);
        up.to = (10.0, 710.0);
        assert_eq!(lines(vec![up, run("flat", 20.0, 700.0)]), ["flat", "up"]);
    }
}
