//! What stands around notes: mail headers, fax lines, page heads, signatures.

use std::path::Path;
use std::sync::LazyLock;

use crate::note::Lang;
use crate::template::{Node, TemplateFile};

/// A frame: what comes before the note and what comes after it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) before: Vec<Node>,
    pub(crate) after: Vec<Node>,
    /// Whether the note stands in it with marks of a quote.
    pub(crate) quoted: bool,
}

/// The frames of a language with the file that holds their lists.
pub(crate) fn frames(lang: Lang) -> Option<&'static (TemplateFile, Vec<Frame>)> {
    FRAMES.iter().find(|(file, _)| file.lang == lang)
}

fn read(name: &str, text: &str) -> Option<(TemplateFile, Vec<Frame>)> {
    let marked = text.replace("{body}", BODY).replace("{quoted}", QUOTED);
    let file = TemplateFile::parse(Path::new(name), &marked).ok()?;
    let frames = file
        .templates
        .iter()
        .filter_map(|template| split(&template.nodes));
    let frames = frames.collect();
    Some((file, frames))
}

/// Cuts a template where the note belongs.
fn split(nodes: &[Node]) -> Option<Frame> {
    let at = nodes.iter().position(|node| match node {
        Node::Text(text) => text.contains([BODY_MARK, QUOTED_MARK]),
        _ => false,
    })?;
    let Some(Node::Text(text)) = nodes.get(at) else {
        return None;
    };
    let quoted = text.contains(QUOTED_MARK);
    let (before, after) = text.split_once([BODY_MARK, QUOTED_MARK])?;
    let mut head = nodes.get(..at)?.to_vec();
    head.push(Node::Text(before.to_string()));
    let mut tail = vec![Node::Text(after.to_string())];
    tail.extend_from_slice(nodes.get(at + 1..)?);
    Some(Frame {
        before: head,
        after: tail,
        quoted,
    })
}

static FRAMES: LazyLock<Vec<(TemplateFile, Vec<Frame>)>> = LazyLock::new(|| {
    let texts = [
        ("frames/en.txt", include_str!("../data/frames/en.txt")),
        ("frames/de.txt", include_str!("../data/frames/de.txt")),
        ("frames/es.txt", include_str!("../data/frames/es.txt")),
    ];
    let read = texts.iter().filter_map(|(name, text)| read(name, text));
    read.collect()
});

/// Stands in a frame where the note belongs: characters of no text.
const BODY_MARK: char = '\u{e000}';
const QUOTED_MARK: char = '\u{e001}';
const BODY: &str = "\u{e000}";
const QUOTED: &str = "\u{e001}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_holds_a_note() {
        for (lang, least) in [(Lang::En, 10), (Lang::De, 5), (Lang::Es, 4)] {
            let (file, frames) = frames(lang).unwrap();
            assert_eq!(frames.len(), file.templates.len());
            assert!(frames.len() >= least);
        }
    }
}
