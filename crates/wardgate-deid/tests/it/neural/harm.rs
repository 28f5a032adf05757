//! Files that are damaged, that do not fit each other, or that were made to do harm.

use serde_json::{Value, json};
use wardgate_deid::{NeuralFile, NeuralTagger};

use super::model::{LABELS, PIECES, config, graph, model, tokenizer};
use super::onnx::{Graph, Message};

fn fault(model: &[u8]) -> String {
    let fault = NeuralTagger::load(model, &tokenizer(), &config(64)).unwrap_err();
    assert_eq!(fault.file(), NeuralFile::Model, "{fault}");
    assert!(!fault.hint().is_empty());
    fault.to_string()
}

fn base() -> Graph {
    graph(None, LABELS.len(), PIECES.len())
}

#[test]
fn files_that_end_early_are_refused() {
    let model = model();
    for len in (0..model.len()).step_by(29) {
        assert!(fault(&model[..len]).starts_with("`model.onnx`: "), "{len}");
    }
    let tokenizer = tokenizer();
    for len in (0..tokenizer.len()).step_by(97) {
        let fault = NeuralTagger::load(&model, &tokenizer[..len], &config(64)).unwrap_err();
        assert_eq!(fault.file(), NeuralFile::Tokenizer);
    }
    for other in [
        &b"PK\x03\x04"[..],
        b"{}",
        &[0xff; 4096],
        "{\"model\":".as_bytes(),
    ] {
        fault(other);
    }
}

#[test]
fn altered_bytes_never_end_the_program() {
    let model = model();
    for at in (0..model.len()).step_by(43) {
        let mut altered = model.clone();
        altered[at] ^= 0x55;
        if let Ok(tagger) = NeuralTagger::load(&altered, &tokenizer(), &config(64)) {
            let _ = tagger.find("Patient: Okafor, seen by doctor Grün", &mut Vec::new());
        }
    }
}

#[test]
fn files_that_do_not_fit_each_other_are_refused() {
    // Fewer rows than pieces, as when the tokenizer belongs to another model.
    let told = fault(&graph(None, LABELS.len(), PIECES.len() - 1).model());
    assert!(told.contains("33 pieces"), "{told}");
    let told = fault(&graph(None, LABELS.len() + 1, PIECES.len()).model());
    assert!(
        told.contains("outputs have the shapes [[1, 5, 13]]"),
        "{told}"
    );
    let config = config(64);
    let mut few: Value = serde_json::from_slice(&config).unwrap();
    few["max_position_embeddings"] = json!(5);
    let few = few.to_string();
    let fault = NeuralTagger::load(&model(), &tokenizer(), few.as_bytes()).unwrap_err();
    assert_eq!(fault.file(), NeuralFile::Config);
}

#[test]
fn other_inputs_are_named() {
    assert!(fault(&base().input("pixel_values", None).model()).contains("`pixel_values`"));
    let none = Graph::default()
        .floats("x", &[1], &[1.0])
        .node("Abs", &["x"], "y", &[])
        .output("y");
    assert!(fault(&none.model()).contains("input_ids"));
}

#[test]
fn weights_in_another_file_are_not_read() {
    let entry = Message::default()
        .text(1, "location")
        .text(2, "/etc/hostname");
    let tensor = Message::default()
        .number(1, 4)
        .number(2, 1)
        .text(8, "x")
        .message(13, entry)
        .number(14, 1);
    assert!(fault(&base().initializer(tensor).model()).contains("another file"));
}

#[test]
fn huge_sizes_are_refused_before_anything_is_made() {
    let declared = |dims: &[i64]| {
        let mut tensor = Message::default().number(2, 1).text(8, "x");
        for dim in dims {
            tensor = tensor.number(1, *dim);
        }
        base().initializer(tensor.bytes(9, &[0; 4])).model()
    };
    for dims in [
        &[i64::MAX][..],
        &[-1],
        &[1 << 40, 1 << 40],
        &[2],
        &[1; 100],
        &[0, 1 << 62, 1 << 62],
    ] {
        fault(&declared(dims));
    }
    for shape in [
        &[1_i64 << 40][..],
        &[i64::MAX],
        &[1 << 20, 1 << 20],
        &[1 << 30, 1],
    ] {
        let made =
            base()
                .integers("shape", shape)
                .node("ConstantOfShape", &["shape"], "zeros", &[]);
        assert!(fault(&made.model()).contains("dimension"), "{shape:?}");
        let grown = base()
            .integers("shape", shape)
            .node("Expand", &["own", "shape"], "grown", &[]);
        assert!(fault(&grown.model()).contains("dimension"), "{shape:?}");
    }
}

#[test]
fn what_no_text_encoder_has_is_refused() {
    for operator in ["RandomNormal", "Loop", "If", "NonZero", "Magic"] {
        let odd = base().node(operator, &["own"], "odd", &[]);
        assert!(fault(&odd.model()).contains(operator));
    }
    fault(&base().node("Abs", &["nowhere"], "odd", &[]).model());
    fault(&base().output("nowhere").model());
    fault(&base().node("MatMul", &[], "odd", &[]).output("odd").model());
    // Two nodes that wait for each other.
    let turning = base()
        .node("Abs", &["b"], "a", &[])
        .node("Abs", &["a"], "b", &[]);
    let _ = NeuralTagger::load(&turning.model(), &tokenizer(), &config(64));
}

#[test]
fn tokenizers_that_do_not_work_are_refused() {
    let good: Value = serde_json::from_slice(&tokenizer()).unwrap();
    let mut cases = vec![
        json!(null),
        json!({}),
        json!({"model": {"type": "WordPiece"}}),
    ];
    let mut regex = good.clone();
    regex["pre_tokenizer"] = json!({"type": "Split", "pattern": {"Regex": "(((("}, "behavior": "Removed", "invert": false});
    cases.push(regex);
    let mut silent = good.clone();
    silent["pre_tokenizer"] =
        json!({"type": "Split", "pattern": {"Regex": "."}, "behavior": "Removed", "invert": false});
    cases.push(silent);
    let mut unknown = good.clone();
    unknown["model"]["unk_token"] = json!("[GONE]");
    unknown["model"]["vocab"] = json!({"b": 0});
    cases.push(unknown);
    for case in cases {
        let fault =
            NeuralTagger::load(&model(), case.to_string().as_bytes(), &config(64)).unwrap_err();
        assert_eq!(fault.file(), NeuralFile::Tokenizer, "{fault}");
    }
}
