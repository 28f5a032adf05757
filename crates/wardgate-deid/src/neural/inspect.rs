//! A look at an ONNX file before anything is made of it.
//!
//! The tensor engine trusts the sizes that a file declares. Here each tensor must have the bytes that its
//! shape asks for, no constant may stand for a huge dimension, every name must lead somewhere, and only
//! operators of text encoders may occur: none that draws at random, branches, or reads another file.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

use super::fault::{NeuralFault, NeuralFile};

/// Refuses what could harm or surprise; the graph that it returns is safe to build.
pub(super) fn inspect(model: &ModelProto) -> Result<&GraphProto, NeuralFault> {
    let graph = model
        .graph
        .as_ref()
        .ok_or_else(|| FILE.fault("it holds no graph; it is no ONNX model", EXPORT))?;
    if !model.functions.is_empty() || !graph.sparse_initializer.is_empty() {
        let what = "it uses functions or sparse tensors, which are not supported";
        return Err(FILE.fault(what, EXPORT));
    }
    if graph.node.is_empty() || graph.node.len() > NODES_MAX {
        let what = format!(
            "it has {} nodes, and 1 to {NODES_MAX} are allowed",
            graph.node.len()
        );
        return Err(FILE.fault(what, EXPORT));
    }
    let mut large = HashSet::new();
    for tensor in &graph.initializer {
        if check_tensor(tensor)? > CONSTANT_MAX {
            large.insert(tensor.name.as_str());
        }
    }
    let mut made: HashSet<&str> = HashSet::new();
    made.extend(graph.initializer.iter().map(|tensor| tensor.name.as_str()));
    made.extend(graph.input.iter().map(|input| input.name.as_str()));
    for node in &graph.node {
        made.extend(node.output.iter().map(String::as_str));
        check_operator(node)?;
        for attribute in &node.attribute {
            let highest = check_attribute(attribute)?;
            if highest > CONSTANT_MAX {
                match node.op_type.as_str() {
                    "Constant" => large.extend(node.output.first().map(String::as_str)),
                    _ => return Err(too_large(highest)),
                }
            }
        }
    }
    check_names(graph, &made)?;
    check_large(graph, &large)?;
    Ok(graph)
}

fn check_operator(node: &NodeProto) -> Result<(), NeuralFault> {
    let usual = matches!(node.domain.as_str(), "" | "ai.onnx");
    let known = OPERATORS
        .split_ascii_whitespace()
        .any(|name| name == node.op_type);
    if usual && known {
        return Ok(());
    }
    let name: String = node.op_type.chars().take(40).collect();
    let what = format!("operator `{name}` is not one that text encoders use");
    Err(FILE.fault(what, EXPORT))
}

/// The highest number in an attribute that could be a dimension.
fn check_attribute(attribute: &AttributeProto) -> Result<u64, NeuralFault> {
    let nested = attribute.g.is_some() || !attribute.graphs.is_empty();
    let sparse = attribute.sparse_tensor.is_some() || !attribute.sparse_tensors.is_empty();
    if nested || sparse || !attribute.tensors.is_empty() {
        let what = "it has branches, loops or sparse tensors, which are not supported";
        return Err(FILE.fault(what, EXPORT));
    }
    let mut highest = highest_of(attribute.ints.iter().chain([&attribute.i]).copied());
    if let Some(tensor) = &attribute.t {
        highest = highest.max(check_tensor(tensor)?);
    }
    Ok(highest)
}

/// The tensor has as many values as its shape says; gives the highest that could be a dimension.
fn check_tensor(tensor: &TensorProto) -> Result<u64, NeuralFault> {
    if tensor.data_location.unwrap_or_default() != 0 || !tensor.external_data.is_empty() {
        let what = "its weights are in another file";
        return Err(FILE.fault(what, "save the model as one file, without external data"));
    }
    let Some((_, width)) = WIDTHS.iter().find(|(kind, _)| *kind == tensor.data_type) else {
        let what = format!("it has a tensor of type {}", tensor.data_type);
        return Err(FILE.fault(what, EXPORT));
    };
    let mut elements = 1_usize;
    for dim in &tensor.dims {
        let dim = usize::try_from(*dim).ok();
        elements = dim
            .and_then(|dim| elements.checked_mul(dim))
            .filter(|elements| *elements <= NeuralFile::Model.bytes_max())
            .ok_or_else(|| FILE.fault("a tensor has an impossible shape", WHOLE))?;
    }
    if tensor.dims.len() > RANK_MAX {
        return Err(FILE.fault("a tensor has an impossible shape", WHOLE));
    }
    let held = if tensor.raw_data.is_empty() {
        listed(tensor)
    } else if tensor.raw_data.len().is_multiple_of(*width) {
        tensor.raw_data.len() / width
    } else {
        usize::MAX
    };
    if held != elements {
        let what = "a tensor has not the values that its shape asks for";
        return Err(FILE.fault(what, WHOLE));
    }
    // Longer ones are weights or tables, never shapes.
    if elements > SHAPE_LEN_MAX {
        return Ok(0);
    }
    let raw = tensor.raw_data.as_slice();
    Ok(match tensor.data_type {
        INT32 => highest_of(
            raw.as_chunks()
                .0
                .iter()
                .map(|bytes| i64::from(i32::from_le_bytes(*bytes)))
                .chain(tensor.int32_data.iter().map(|value| i64::from(*value))),
        ),
        INT64 => highest_of(
            raw.as_chunks()
                .0
                .iter()
                .map(|bytes| i64::from_le_bytes(*bytes))
                .chain(tensor.int64_data.iter().copied()),
        ),
        FLOAT => highest_of(
            raw.as_chunks()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .chain(tensor.float_data.iter().copied())
                .filter(|value| value.is_finite() && *value < FLOAT_MASK)
                .map(|value| value as i64),
        ),
        _ => 0,
    })
}

/// The values of a tensor that are not written as bytes.
fn listed(tensor: &TensorProto) -> usize {
    match tensor.data_type {
        FLOAT => tensor.float_data.len(),
        DOUBLE => tensor.double_data.len(),
        INT64 => tensor.int64_data.len(),
        _ => tensor.int32_data.len(),
    }
}

/// The highest of some numbers, and of their product when all could be dimensions.
fn highest_of(values: impl Iterator<Item = i64>) -> u64 {
    let mut highest = 0;
    let mut product = 1_u64;
    for value in values {
        let value = u64::try_from(value).unwrap_or_default();
        highest = highest.max(value);
        product = product.saturating_mul(value.max(1));
    }
    highest.max(product)
}

/// Every name that is read is made by something.
fn check_names(graph: &GraphProto, made: &HashSet<&str>) -> Result<(), NeuralFault> {
    let read = graph.node.iter().flat_map(|node| &node.input);
    let mut read = read.filter(|name| !name.is_empty());
    let outputs = graph
        .output
        .iter()
        .all(|output| made.contains(output.name.as_str()));
    if !read.all(|name| made.contains(name.as_str())) || !outputs || graph.output.is_empty() {
        let what = "a node reads what nothing in the file makes";
        return Err(FILE.fault(what, WHOLE));
    }
    Ok(())
}

/// A large constant may say "to the end" in a slice; anywhere else it could become a dimension.
fn check_large(graph: &GraphProto, large: &HashSet<&str>) -> Result<(), NeuralFault> {
    let mut readers: HashMap<&str, &str> = HashMap::new();
    for node in graph.node.iter().filter(|node| node.op_type != "Slice") {
        for input in &node.input {
            readers.insert(input, &node.op_type);
        }
    }
    let dimension = |name: &&&str| {
        readers
            .get(**name)
            .is_some_and(|reader| !HARMLESS.contains(reader))
    };
    match large.iter().find(dimension) {
        None => Ok(()),
        Some(_) => Err(too_large(CONSTANT_MAX)),
    }
}

fn too_large(value: u64) -> NeuralFault {
    let what = format!("a constant of {value} or more could become a dimension");
    FILE.fault(what, WHOLE)
}

const FILE: NeuralFile = NeuralFile::Model;
const EXPORT: &str = "export a token-classification model (BERT, DistilBERT, RoBERTa or alike) to ONNX, opset 11 to 18";
const WHOLE: &str = "the file is damaged or was made to do harm; copy it again from whom you trust";
const NODES_MAX: usize = 20_000;
const RANK_MAX: usize = 8;
const SHAPE_LEN_MAX: usize = 64;
/// More elements than any tensor of a window has.
const CONSTANT_MAX: u64 = 1 << 26;
/// Above this a float is a mask, never a dimension.
const FLOAT_MASK: f32 = 1e18;
/// Readers that take a large constant for a value.
const HARMLESS: [&str; 4] = ["Min", "Clip", "Where", "Equal"];

const FLOAT: i32 = 1;
const INT32: i32 = 6;
const INT64: i32 = 7;
const DOUBLE: i32 = 11;
/// The types that tensors may have, and their bytes: float, u8, i8, u16, i16, i32, i64, bool, half, double.
const WIDTHS: [(i32, usize); 10] = [
    (FLOAT, 4),
    (2, 1),
    (3, 1),
    (4, 2),
    (5, 2),
    (INT32, 4),
    (INT64, 8),
    (9, 1),
    (10, 2),
    (DOUBLE, 8),
];

const OPERATORS: &str = "Abs Add And Cast Ceil Clip Concat Constant ConstantOfShape Cos CumSum \
    DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Equal Erf Exp Expand Flatten Floor Gather \
    GatherElements GatherND Gelu Gemm Greater GreaterOrEqual Identity LayerNormalization Less LessOrEqual \
    Log LogSoftmax MatMul MatMulInteger Max Min Mod Mul Neg Not Or Pow QuantizeLinear Range Reciprocal \
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape ScatterND Shape Sigmoid Sign Sin \
    Slice Softmax Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Unsqueeze Where";
