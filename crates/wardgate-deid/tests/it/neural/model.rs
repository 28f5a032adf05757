//! A model of two tables: what each piece is, and what the piece behind it becomes.

use serde_json::{Value, json};

use super::onnx::Graph;

pub(super) const LABELS: [&str; 12] = [
    "O",
    "B-PATIENT",
    "I-PATIENT",
    "DOCTOR",
    "U-HOSP",
    "B-DATE",
    "I-DATE",
    "AGE",
    "B-ID",
    "I-ID",
    "PHONE",
    "B-MISC",
];
const PATIENT: usize = 1;
const PATIENT_MORE: usize = 2;
const DOCTOR: usize = 3;
const HOSPITAL: usize = 4;
const DATE: usize = 5;
const DATE_MORE: usize = 6;
const AGE: usize = 7;
const ID: usize = 8;
const ID_MORE: usize = 9;

/// Pieces with the label that each has by itself, and the label of the word behind it.
pub(super) const PIECES: [(&str, usize, usize); 34] = [
    ("[PAD]", 0, 0),
    ("[CLS]", 0, 0),
    ("[SEP]", 0, 0),
    ("[UNK]", 0, 0),
    ("a", 0, 0),
    ("patient", 0, 0),
    ("doctor", 0, DOCTOR),
    (":", 0, 0),
    (",", 0, 0),
    (".", 0, 0),
    ("-", 0, 0),
    ("seen", 0, 0),
    ("by", 0, 0),
    ("on", 0, 0),
    ("in", 0, 0),
    ("age", 0, AGE),
    ("muller", PATIENT, 0),
    ("łukasz", PATIENT_MORE, 0),
    ("oka", PATIENT, 0),
    ("##for", 0, 0),
    ("grun", 0, 0),
    ("毛", PATIENT, 0),
    ("泽", PATIENT_MORE, 0),
    ("riverbend", HOSPITAL, 0),
    ("2019", DATE, 0),
    ("march", DATE, 0),
    ("14", DATE_MORE, 0),
    ("61", 0, 0),
    ("94", 0, 0),
    ("q", ID, 0),
    ("##77", ID_MORE, 0),
    ("[", 0, 0),
    ("]", 0, 0),
    ("##x", 0, 0),
];

/// The graph of a model whose longest window is given by its file, or by nothing.
pub(super) fn graph(len: Option<i64>, labels: usize, rows: usize) -> Graph {
    let mut own = vec![0.0; rows * labels];
    let mut next = vec![0.0; rows * labels];
    for (row, (_, label, behind)) in PIECES.iter().enumerate().take(rows) {
        own[row * labels + label] = 4.0;
        if *behind > 0 {
            next[row * labels + behind] = 9.0;
        }
    }
    let dims = [rows as i64, labels as i64];
    Graph::default()
        .input("input_ids", len)
        .input("attention_mask", len)
        .floats("own", &dims, &own)
        .floats("next", &dims, &next)
        .integers("from", &[0])
        .integers("to", &[-1])
        .integers("axis", &[1])
        .tensor("first", 7, &[1, 1], &0_i64.to_le_bytes())
        .node(
            "Slice",
            &["input_ids", "from", "to", "axis"],
            "all but the last",
            &[],
        )
        .node(
            "Concat",
            &["first", "all but the last"],
            "before",
            &[("axis", 1)],
        )
        .node("Gather", &["own", "input_ids"], "by itself", &[("axis", 0)])
        .node(
            "Gather",
            &["next", "before"],
            "by the piece before",
            &[("axis", 0)],
        )
        .node("Add", &["by itself", "by the piece before"], "logits", &[])
        .output("logits")
}

pub(super) fn model() -> Vec<u8> {
    graph(None, LABELS.len(), PIECES.len()).model()
}

/// WordPiece as BERT has it.
pub(super) fn tokenizer() -> Vec<u8> {
    let numbered = PIECES.iter().enumerate();
    let vocabulary: serde_json::Map<String, Value> = numbered
        .map(|(id, (piece, ..))| ((*piece).to_owned(), json!(id)))
        .collect();
    let special: Vec<Value> = (0..4)
        .map(|id: usize| {
            json!({"id": id, "content": PIECES[id].0, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        })
        .collect();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": special,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    tokenizer.to_string().into_bytes()
}

pub(super) fn config(positions: usize) -> Vec<u8> {
    let labels: serde_json::Map<String, Value> = LABELS
        .iter()
        .enumerate()
        .map(|(id, label)| (id.to_string(), json!(label)))
        .collect();
    json!({"id2label": labels, "max_position_embeddings": positions, "model_type": "bert", "pad_token_id": 0})
        .to_string()
        .into_bytes()
}

/// Byte-level pairs as RoBERTa has them: 256 bytes, one merge, and a model for it.
pub(super) fn byte_level() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut vocabulary = serde_json::Map::new();
    for (id, special) in ["<s>", "<pad>", "</s>", "<unk>"].iter().enumerate() {
        vocabulary.insert((*special).to_owned(), json!(id));
    }
    let mut others = 0;
    for byte in 0..=255_u32 {
        let plain = matches!(byte, 33..=126 | 161..=172 | 174..=255);
        let code = if plain { byte } else { 256 + others };
        others += u32::from(!plain);
        vocabulary.insert(char::from_u32(code).unwrap().to_string(), json!(4 + byte));
    }
    vocabulary.insert("ĠM".to_owned(), json!(260));
    vocabulary.insert("ĠÃ".to_owned(), json!(261));
    let special: Vec<Value> = ["<s>", "<pad>", "</s>", "<unk>"]
        .iter()
        .enumerate()
        .map(|(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        })
        .collect();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": special, "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
            "trim_offsets": true, "add_prefix_space": false},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": vocabulary,
            "merges": [["Ġ", "M"], ["Ġ", "Ã"]]},
    });
    let mut table = vec![0.0; 262 * 2];
    table[260 * 2 + 1] = 5.0;
    table[261 * 2 + 1] = 5.0;
    let model = Graph::default()
        .input("input_ids", None)
        .floats("table", &[262, 2], &table)
        .node("Gather", &["table", "input_ids"], "logits", &[("axis", 0)])
        .output("logits")
        .model();
    let config = json!({"id2label": {"0": "O", "1": "B-PER"}, "max_position_embeddings": 66,
        "model_type": "roberta", "pad_token_id": 1});
    (
        model,
        tokenizer.to_string().into_bytes(),
        config.to_string().into_bytes(),
    )
}
