//! A writer that is a program: short documents of fields and values, in layouts that no hand
//! writes twice the same: face sheets, forms, lists, tables, rows, wire formats.

mod sheet;
mod table;
mod vocabulary;

use crate::note::Lang;
use crate::random::Random;
use crate::template::{self, Node, TemplateFile};

/// The name of this writer.
pub(crate) const WRITER: &str = "grammar";

/// What it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    FaceSheet,
    Census,
    Rows,
    Medication,
    Laboratory,
    Mixed,
}

impl Form {
    pub(crate) const ALL: [Self; 6] = [
        Self::FaceSheet,
        Self::Census,
        Self::Rows,
        Self::Medication,
        Self::Laboratory,
        Self::Mixed,
    ];

    /// As the kind of a note.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::FaceSheet => "facesheet",
            Self::Census => "census",
            Self::Rows => "rows",
            Self::Medication => "medication",
            Self::Laboratory => "lab",
            Self::Mixed => "mixed",
        }
    }
}

/// A file of this writer: it holds no template, they are grown.
pub(crate) fn file(form: Form, lang: Lang) -> TemplateFile {
    TemplateFile {
        name: form.kind().to_string(),
        path: WRITER.into(),
        lang,
        kind: form.kind().to_string(),
        region: match lang {
            Lang::En => Some(template::Region::Us),
            Lang::De => Some(template::Region::De),
            Lang::Es => Some(template::Region::Es),
        },
        lists: Vec::new(),
        templates: Vec::new(),
    }
}

/// A new template.
pub(crate) fn grow(random: &mut Random, form: Form, lang: Lang) -> Vec<Node> {
    let source = source(random, form, lang);
    template::parse_body(&source).unwrap_or_default()
}

fn source(random: &mut Random, form: Form, lang: Lang) -> String {
    let words = vocabulary::of(lang);
    let text = match form {
        Form::FaceSheet => sheet::face_sheet(random, words),
        Form::Census => table::census(random, words),
        Form::Rows => table::rows(random, words),
        Form::Medication => table::medication(random, words),
        Form::Laboratory => table::laboratory(random, words),
        Form::Mixed => {
            let mut text = sheet::face_sheet(random, words);
            for _ in 0..1 + random.below(2) {
                text.push_str("\n\n");
                text.push_str(&match random.below(3) {
                    0 => table::medication(random, words),
                    1 => table::laboratory(random, words),
                    _ => sheet::inline(random, words),
                });
            }
            text
        }
    };
    text.replace(BAR, "|")
}

/// How word lists write a bar, which parts their words.
const BAR: char = '¦';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_writes_is_always_a_template() {
        let mut random = Random::new(5);
        for lang in [Lang::En, Lang::De, Lang::Es] {
            for form in Form::ALL {
                for _ in 0..150 {
                    let source = source(&mut random, form, lang);
                    if let Err(misread) = template::parse_body(&source) {
                        assert_eq!(misread.what, "", "{source}");
                    }
                }
            }
        }
    }
}
