//! The detector: layers that each say what they found, and one winner per byte.

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::exact;
use crate::finding::{Finding, resolve};
#[cfg(feature = "neural")]
use crate::finding::{Kind, Layer};
use crate::fold::{self, Folded};
use crate::known::KnownIdentifiers;
use crate::language::Language;
use crate::lexer::Lexed;
use crate::lexicon::{Lexicon, lexicon};
use crate::memory::Memory;
#[cfg(feature = "neural")]
use crate::neural::NeuralTagger;
use crate::tagger::{self, weights::Weights};
use crate::vote;

/// All layers, made once and shared by all calls.
#[derive(Clone)]
pub struct Engine {
    lexicon: &'static Lexicon,
    /// For each language, in the order of [`Language::ALL`].
    weights: [Option<Arc<Weights>>; Language::ALL.len()],
    #[cfg(feature = "neural")]
    neural: Option<NeuralTagger>,
}

/// What a caller knows about a text before it is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// The patient on file.
    pub known: Option<&'a KnownIdentifiers>,
    /// The language; detected when not given.
    pub language: Option<Language>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// Builds the tables of all layers; engines share them.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lexicon: lexicon(),
            weights: SHIPPED.clone(),
            #[cfg(feature = "neural")]
            neural: None,
        }
    }

    /// Only the rules, without the learned tagger.
    #[must_use]
    pub fn exact_only() -> Self {
        Self {
            lexicon: lexicon(),
            weights: [const { None }; Language::ALL.len()],
            #[cfg(feature = "neural")]
            neural: None,
        }
    }

    /// The same engine with a model as one more layer, which takes far longer than all others.
    #[cfg(feature = "neural")]
    #[must_use]
    pub fn with_neural(mut self, neural: NeuralTagger) -> Self {
        self.neural = Some(neural);
        self
    }

    /// Whether a model is one of the layers: its callers must not run it where others wait.
    #[must_use]
    pub fn is_neural(&self) -> bool {
        #[cfg(feature = "neural")]
        return self.neural.is_some();
        #[cfg(not(feature = "neural"))]
        false
    }

    /// What identifies somebody in `text`: sorted, no two findings on one byte.
    ///
    /// This is all that any profile may take out: [`Profile::applies`](crate::Profile::applies) says which of it goes.
    #[must_use]
    pub fn detect(&self, text: &str, known: Option<&KnownIdentifiers>) -> Vec<Finding> {
        let hints = Hints {
            known,
            language: None,
        };
        self.detect_with(text, &hints)
    }

    /// The same with everything that the caller knows.
    #[must_use]
    pub fn detect_with(&self, text: &str, hints: &Hints<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.find(text, hints, &mut findings);
        #[cfg(feature = "neural")]
        self.ask_model(text, &mut findings);
        findings
    }

    /// What all layers but a model find: for the many short words of a body that are only looked at.
    pub(crate) fn find(&self, text: &str, hints: &Hints<'_>, findings: &mut Vec<Finding>) {
        let folded = fold::fold(text);
        let lexed = Lexed::new(&folded.text, self.lexicon);
        let mut memory = Memory::default();
        self.layers(&lexed, text, hints, findings);
        memory.learn(&lexed, findings);
        remembered(&memory, &lexed, &folded, findings);
    }

    /// What all layers but a model find in texts that belong together, each with its language: what one of
    /// them says, all of them remember.
    pub(crate) fn detect_together(
        &self,
        texts: &[(&str, Language)],
        known: Option<&KnownIdentifiers>,
    ) -> Vec<Vec<Finding>> {
        let folded: Vec<_> = texts.iter().map(|(text, _)| fold::fold(text)).collect();
        let lexed = folded.iter();
        let lexed: Vec<_> = lexed
            .map(|folded| Lexed::new(&folded.text, self.lexicon))
            .collect();
        let mut memory = Memory::default();
        let mut found = Vec::with_capacity(texts.len());
        for (lexed, (text, language)) in lexed.iter().zip(texts) {
            let hints = Hints {
                known,
                language: Some(*language),
            };
            let mut findings = Vec::new();
            self.layers(lexed, text, &hints, &mut findings);
            memory.learn(lexed, &findings);
            found.push(findings);
        }
        for ((lexed, folded), findings) in lexed.iter().zip(&folded).zip(&mut found) {
            remembered(&memory, lexed, folded, findings);
        }
        found
    }

    /// What the layers find, in bytes of the folded text.
    fn layers(
        &self,
        lexed: &Lexed<'_>,
        text: &str,
        hints: &Hints<'_>,
        findings: &mut Vec<Finding>,
    ) {
        findings.clear();
        exact::find(lexed, findings);
        let language = hints.language.unwrap_or_else(|| Language::detect(text));
        if let Some(weights) = self.weights_of(language) {
            let mut rules = std::mem::take(findings);
            resolve(&mut rules);
            let mut learned = Vec::new();
            tagger::find(lexed, language, &rules, weights, &mut learned);
            vote::join(lexed, &rules, &learned, findings);
        }
        if let Some(known) = hints.known {
            known.find(lexed, findings);
        }
        resolve(findings);
    }

    /// A model votes for what it finds, and against nothing. It reads the text as it is written.
    #[cfg(feature = "neural")]
    pub(crate) fn ask_model(&self, text: &str, findings: &mut Vec<Finding>) {
        let Some(neural) = &self.neural else { return };
        if neural.find(text, findings).is_err() {
            findings.push(Finding {
                layer: Layer::Neural,
                ..Finding::exact(0..text.len(), Kind::Id, 1.0, UNREAD)
            });
        }
        resolve(findings);
    }

    fn weights_of(&self, language: Language) -> Option<&Weights> {
        let all = Language::ALL.iter().zip(&self.weights);
        let (_, weights) = all.into_iter().find(|(other, _)| **other == language)?;
        weights.as_deref()
    }

    #[cfg(feature = "training")]
    pub(crate) fn lexicon(&self) -> &'static Lexicon {
        self.lexicon
    }

    /// The same engine with other weights for a language.
    #[cfg(feature = "training")]
    pub(crate) fn with_weights(mut self, language: Language, weights: Weights) -> Self {
        let weights = Arc::new(weights);
        for (other, slot) in Language::ALL.iter().zip(&mut self.weights) {
            if *other == language {
                *slot = Some(Arc::clone(&weights));
            }
        }
        self
    }
}

/// Adds what was said before, and gives all findings in bytes of the source.
fn remembered(
    memory: &Memory,
    lexed: &Lexed<'_>,
    folded: &Folded<'_>,
    findings: &mut Vec<Finding>,
) {
    let mut again = Vec::new();
    memory.find(lexed, findings, &mut again);
    if !again.is_empty() {
        findings.append(&mut again);
        resolve(findings);
    }
    for finding in &mut *findings {
        let at = folded.map.source(finding.range());
        (finding.start, finding.end) = (at.start, at.end);
    }
    // One character of the source can stand for several words.
    resolve(findings);
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The reason of a finding over a whole text, when a layer fails on it: nothing of it may leave.
pub(crate) const UNREAD: &str = "engine.unread";

static SHIPPED: LazyLock<[Option<Arc<Weights>>; Language::ALL.len()]> =
    LazyLock::new(|| WEIGHT_FILES.map(|file| Weights::read(file).map(Arc::new)));

/// In the order of [`Language::ALL`].
const WEIGHT_FILES: [&[u8]; Language::ALL.len()] = [
    include_bytes!("tagger/en.weights"),
    include_bytes!("tagger/es.weights"),
    include_bytes!("tagger/de.weights"),
];
