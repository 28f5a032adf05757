//! Gold standards of the annotation tool brat: a .txt and a .ann for each text.

use std::path::Path;

use super::{Characters, Reading, Text, id_of};

impl Reading<'_> {
    /// Reads an .ann file and the text beside it.
    pub(super) fn brat(&mut self, file: &Path, root: &Path) {
        let annotations = file.with_extension("ann");
        let source = file.with_extension("txt");
        let (Some(text), Some(written)) = (self.file(&source), self.file(&annotations)) else {
            return;
        };
        let characters = Characters::of(&text);
        let mut spans = Vec::new();
        for (index, line) in written.lines().enumerate() {
            let number = index as u64 + 1;
            // Relations, events, attributes and notes mark no text.
            if !line.starts_with('T') {
                continue;
            }
            let Some((kind, parts, surface)) = entity(line) else {
                let hint = "write `T1<tab>TYPE START END<tab>TEXT`";
                self.fault(&annotations, number, "this is not an annotation", hint);
                continue;
            };
            let before = spans.len();
            for part in &parts {
                spans.extend(self.span(&characters, *part, kind, (&annotations, number)));
            }
            let added = spans.get(before..).unwrap_or_default();
            let marked: Vec<&str> = added
                .iter()
                .map(|span| text.get(span.at.clone()).unwrap_or_default())
                .collect();
            if added.len() == parts.len() && !same_words(&marked.join(" "), surface) {
                let hint = "the .ann file belongs to another version of the text, or its line ends were changed";
                let message = "the offsets do not lead to the text that was marked";
                self.fault(&annotations, number, message, hint);
            }
        }
        self.texts.push(Text {
            id: id_of(file, root),
            file: source,
            line: 0,
            text,
            spans,
        });
    }
}

type Parts = Vec<(usize, usize)>;

/// `T1<tab>TYPE 0 5;9 12<tab>words`: the type, the parts, the words.
fn entity(line: &str) -> Option<(&str, Parts, &str)> {
    let mut fields = line.splitn(3, '\t');
    let _name = fields.next()?;
    let (kind, offsets) = fields.next()?.split_once(' ')?;
    let parts = offsets.split(';').map(|part| {
        let (start, end) = part.trim().split_once(' ')?;
        Some((start.parse().ok()?, end.trim().parse().ok()?))
    });
    Some((
        kind,
        parts.collect::<Option<_>>()?,
        fields.next().unwrap_or_default(),
    ))
}

/// brat writes line breaks as spaces.
fn same_words(a: &str, b: &str) -> bool {
    b.is_empty() || a.split_whitespace().eq(b.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_may_have_several_parts() {
        let read = entity("T3\tNAME 0 5;9 12\tMaria Eva").unwrap();
        assert_eq!(read, ("NAME", vec![(0, 5), (9, 12)], "Maria Eva"));
        for bad in [
            "T1",
            "T1\tNAME",
            "T1\tNAME 1",
            "T1\tNAME a b\tx",
            "T1\tNAME -1 3\tx",
        ] {
            assert!(entity(bad).is_none(), "{bad}");
        }
        assert!(same_words("Main\nStreet 4", "Main Street 4"));
        assert!(!same_words("Main Street", "ain Street "));
    }
}
