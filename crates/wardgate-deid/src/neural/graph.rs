//! The model as a plan that runs on windows of pieces.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_onnx::pb::{GraphProto, type_proto};
use tract_onnx::prelude::{
    DatumType, Framework, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable,
    SymbolValues, TDim, TValue, TVec, Tensor, ToDim, TractResult, TypedFact, TypedRunnableModel,
    tvec,
};

use super::fault::{NeuralFault, NeuralFile};
use super::inspect::inspect;

/// A model that was loaded, checked and tried.
pub(super) struct Graph {
    plan: Arc<TypedRunnableModel>,
    feeds: Vec<(Feed, DatumType)>,
    /// Which output holds the logits.
    output: usize,
    /// The length of every window, when the model takes no other.
    fixed: Option<usize>,
    pad: i64,
}

/// What the model gives for a window.
struct Output {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// What an input of the model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    Pieces,
    Mask,
    Segments,
}

/// What a graph must fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit<'a> {
    pub(super) labels: usize,
    /// Tokens of the longest window.
    pub(super) window: usize,
    pub(super) pad: i64,
    /// The highest number of a piece.
    pub(super) highest: i64,
    /// Pieces to try the model on.
    pub(super) trial: &'a [i64],
}

impl Graph {
    pub(super) fn read_file(bytes: &[u8], fit: &Fit<'_>) -> Result<Self, NeuralFault> {
        FILE.check_size(bytes)?;
        let onnx = tract_onnx::onnx()
            .with_ignore_value_info(true)
            .with_ignore_output_shapes(true);
        let proto = guarded(|| onnx.proto_model_for_read(&mut &*bytes))
            .map_err(|_| FILE.fault("it is no ONNX file, or the end is missing", COPY_AGAIN))?;
        let graph = inspect(&proto)?;
        let feeds = feeds(graph)?;
        check_rows(graph, fit.highest)?;
        let masked = feeds.iter().any(|(feed, _)| *feed == Feed::Mask);
        let fixed_by_file = fixed_length(graph);
        let plan = |fixed| {
            guarded(|| {
                let model = onnx.model_for_proto_model(&proto)?;
                build(model, &feeds, fixed, fit.window)
            })
        };
        let plan = plan(fixed_by_file).or_else(|fault| match (masked, fixed_by_file) {
            // Some models are only understood at one length.
            (true, None) => plan(Some(fit.window)),
            _ => Err(fault),
        });
        let plan = plan.map_err(|what| FILE.fault(format!("it cannot be run: {what}"), EXPORT))?;
        let mut graph = Self {
            plan,
            feeds,
            output: 0,
            fixed: None,
            pad: fit.pad,
        };
        drop(proto);
        graph.fixed = graph.plan_length();
        if graph
            .fixed
            .is_some_and(|fixed| fixed < TOKENS_MIN || !masked)
        {
            let what = "it takes texts of one length only, and has no `attention_mask`";
            return Err(FILE.fault(what, EXPORT));
        }
        graph.find_output(fit)?;
        Ok(graph)
    }

    /// Tokens of the longest window, of at most `window`.
    pub(super) fn window(&self, window: usize) -> usize {
        self.fixed.unwrap_or(window).min(window)
    }

    /// For each token, the logits of all labels.
    pub(super) fn logits(&self, tokens: &[i64]) -> Result<Vec<f32>, NeuralFault> {
        let outputs = self.run(tokens)?;
        let logits = outputs.into_iter().nth(self.output);
        logits
            .filter(|logits| logits.shape.get(1) == Some(&self.fixed.unwrap_or(tokens.len())))
            .map(|logits| logits.values)
            .ok_or_else(|| FILE.fault("its output has another shape than before", EXPORT))
    }

    /// Tries the model on a short and on the longest window, and finds where its logits are.
    fn find_output(&mut self, fit: &Fit<'_>) -> Result<(), NeuralFault> {
        let longest = self.window(fit.window);
        let trial: Vec<i64> = fit.trial.iter().copied().cycle().take(longest).collect();
        for len in [fit.trial.len().min(longest), longest] {
            let outputs = self.run(trial.get(..len).unwrap_or_default())?;
            let rows = self.fixed.unwrap_or(len);
            let found = outputs
                .iter()
                .position(|output| output.shape == [1, rows, fit.labels]);
            self.output = found.ok_or_else(|| {
                let shapes: Vec<_> = outputs.iter().map(|output| &output.shape).collect();
                let what = format!(
                    "for {rows} tokens and {} labels its outputs have the shapes {shapes:?}",
                    fit.labels
                );
                FILE.fault(what, SAME_MODEL)
            })?;
        }
        Ok(())
    }

    /// The outputs with their shapes.
    fn run(&self, tokens: &[i64]) -> Result<Vec<Output>, NeuralFault> {
        guarded(|| {
            let inputs = self
                .feeds
                .iter()
                .map(|(feed, of)| self.input(*feed, *of, tokens));
            let inputs: TVec<TValue> = inputs.collect::<TractResult<_>>()?;
            let outputs = self.plan.run(inputs)?;
            let read = |output: &TValue| {
                let values = output.cast_to::<f32>()?;
                let values = values.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
                Ok(Output {
                    shape: output.shape().to_vec(),
                    values,
                })
            };
            outputs.iter().map(read).collect()
        })
        .map_err(|what| FILE.fault(format!("it fails on a text: {what}"), SAME_MODEL))
    }

    fn input(&self, feed: Feed, of: DatumType, tokens: &[i64]) -> TractResult<TValue> {
        let len = self.fixed.unwrap_or(tokens.len());
        let values = (0..len).map(|at| match (feed, tokens.get(at)) {
            (Feed::Pieces, Some(token)) => *token,
            (Feed::Pieces, None) => self.pad,
            (Feed::Mask, Some(_)) => 1,
            _ => 0,
        });
        let tensor = Tensor::from_shape(&[1, len], &values.collect::<Vec<i64>>())?;
        Ok(tensor.cast_to_dt(of)?.into_owned().into())
    }

    fn plan_length(&self) -> Option<usize> {
        let fact = self.plan.model().input_fact(0).ok()?;
        fact.shape.get(1)?.to_i64().ok()?.try_into().ok()
    }
}

/// Makes a plan for windows of any length, or of a fixed one.
fn build(
    mut model: InferenceModel,
    feeds: &[(Feed, DatumType)],
    fixed: Option<usize>,
    window: usize,
) -> TractResult<Arc<TypedRunnableModel>> {
    let symbol = model.symbols.sym("wardgate_tokens");
    let len: TDim = match fixed {
        Some(fixed) => fixed.to_dim(),
        None => symbol.clone().into(),
    };
    for (index, (_, of)) in feeds.iter().enumerate() {
        let fact = InferenceFact::dt_shape(*of, tvec!(1.to_dim(), len.clone()));
        model.set_input_fact(index, fact)?;
    }
    let model = model.into_optimized()?;
    let values = SymbolValues::default().with(&symbol, i64::try_from(window)?);
    let mut elements = 0_i64;
    for node in model.nodes() {
        for output in node.outputs.iter() {
            let volume = volume(&output.fact, &values)?;
            let constant = node.op_is::<tract_onnx::tract_core::ops::konst::Const>();
            if volume
                > if constant {
                    CONSTANT_ELEMENTS_MAX
                } else {
                    ELEMENTS_MAX
                }
            {
                return Err(too_large(volume));
            }
            elements = elements.saturating_add(volume);
        }
    }
    if elements > ALL_ELEMENTS_MAX {
        return Err(too_large(elements));
    }
    model.into_runnable()
}

fn volume(fact: &TypedFact, values: &SymbolValues) -> TractResult<i64> {
    let mut volume = 1_i64;
    for dim in fact.shape.iter() {
        // A dimension of other symbols is known only when the model runs.
        let dim = dim.eval(values).to_i64().unwrap_or(1);
        volume = volume.saturating_mul(dim.max(0));
    }
    Ok(volume)
}

fn too_large(elements: i64) -> tract_onnx::prelude::TractError {
    let what = format!("{elements} values in one window are too many");
    std::io::Error::other(what).into()
}

/// The inputs of the model, in its order.
fn feeds(graph: &GraphProto) -> Result<Vec<(Feed, DatumType)>, NeuralFault> {
    let weights = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    let inputs = graph.input.iter().filter(|input| !weights(&input.name));
    let mut feeds = Vec::new();
    for input in inputs {
        let feed = match input.name.as_str() {
            "input_ids" | "input_ids:0" | "ids" => Feed::Pieces,
            "attention_mask" | "attention_mask:0" | "input_mask" => Feed::Mask,
            "token_type_ids" | "token_type_ids:0" | "segment_ids" => Feed::Segments,
            name => {
                let name: String = name.chars().take(40).collect();
                let what = format!("it asks for an input `{name}`");
                return Err(FILE.fault(what, INPUTS));
            }
        };
        let of = match tensor_type(input).map(|of| of.elem_type) {
            Some(INT32) => DatumType::I32,
            Some(INT64) => DatumType::I64,
            _ => return Err(FILE.fault("an input does not take whole numbers", INPUTS)),
        };
        if feeds.iter().any(|(other, _)| *other == feed) {
            return Err(FILE.fault("it has an input twice", INPUTS));
        }
        feeds.push((feed, of));
    }
    if !feeds.iter().any(|(feed, _)| *feed == Feed::Pieces) {
        return Err(FILE.fault("it has no input `input_ids`", INPUTS));
    }
    Ok(feeds)
}

/// The table of pieces has a row for each that the tokenizer knows.
fn check_rows(graph: &GraphProto, highest: i64) -> Result<(), NeuralFault> {
    let ids = |name: &str| matches!(name, "input_ids" | "input_ids:0" | "ids");
    for node in graph.node.iter().filter(|node| node.op_type == "Gather") {
        let [table, index] = node.input.as_slice() else {
            continue;
        };
        let table = graph.initializer.iter().find(|of| of.name == *table);
        let rows = table.and_then(|table| table.dims.first()).copied();
        if let Some(rows) = rows.filter(|rows| ids(index) && *rows <= highest) {
            let known = highest.saturating_add(1);
            let what = format!("it knows {rows} pieces of words, and the tokenizer has {known}");
            return Err(FILE.fault(what, SAME_MODEL));
        }
    }
    Ok(())
}

/// The number of tokens, when the file allows only one.
fn fixed_length(graph: &GraphProto) -> Option<usize> {
    use tract_onnx::pb::tensor_shape_proto::dimension::Value;
    let ids = graph
        .input
        .iter()
        .find(|input| input.name.contains("ids"))?;
    let dim = tensor_type(ids)?.shape.as_ref()?.dim.get(1)?;
    match &dim.value {
        Some(Value::DimValue(len)) => usize::try_from(*len).ok().filter(|len| *len > 0),
        _ => None,
    }
}

fn tensor_type(input: &tract_onnx::pb::ValueInfoProto) -> Option<&type_proto::Tensor> {
    let type_proto::Value::TensorType(of) = input.r#type.as_ref()?.value.as_ref()?;
    Some(of)
}

/// Runs foreign code on a foreign file: what it says, or that it gave up.
fn guarded<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.root_cause().to_string()),
        Err(_) => Err("the tensor engine gave up".to_owned()),
    }
}

const FILE: NeuralFile = NeuralFile::Model;
const COPY_AGAIN: &str = "copy the file again; it must be an ONNX model in one file";
const EXPORT: &str = "export a token-classification model (BERT, DistilBERT, RoBERTa or alike) to ONNX, opset 11 to 18";
const SAME_MODEL: &str = "take the model, `tokenizer.json` and `config.json` from the same place";
const INPUTS: &str =
    "export it with the inputs `input_ids`, `attention_mask` and, for BERT, `token_type_ids`";
const INT32: i32 = 6;
const INT64: i32 = 7;
const TOKENS_MIN: usize = 8;
/// Values of one tensor of a window, and of all of them together.
const ELEMENTS_MAX: i64 = 1 << 26;
const ALL_ELEMENTS_MAX: i64 = 1 << 32;
/// Values of one tensor of weights.
const CONSTANT_ELEMENTS_MAX: i64 = 1 << 29;
