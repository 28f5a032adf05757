//! Writes small ONNX files: the wire format of protocol buffers, and as much of the schema as is needed.

/// A message that is being written.
#[derive(Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn number(mut self, field: u8, value: i64) -> Self {
        self.varint(u64::from(field) << 3);
        self.varint(value as u64);
        self
    }

    pub(super) fn bytes(mut self, field: u8, value: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn text(self, field: u8, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(super) fn message(self, field: u8, value: Self) -> Self {
        self.bytes(field, &value.0)
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// The parts of a model's graph.
#[derive(Clone, Default)]
pub(super) struct Graph(Message);

impl Graph {
    pub(super) fn node(
        self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, i64)],
    ) -> Self {
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        node = node.text(2, output).text(3, output).text(4, operator);
        for (name, value) in attributes {
            let attribute = Message::default()
                .text(1, name)
                .number(3, *value)
                .number(20, 2);
            node = node.message(5, attribute);
        }
        Self(self.0.message(1, node))
    }

    pub(super) fn floats(self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        let raw: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.tensor(name, 1, dims, &raw)
    }

    pub(super) fn integers(self, name: &str, values: &[i64]) -> Self {
        let raw: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.tensor(name, 7, &[values.len() as i64], &raw)
    }

    pub(super) fn tensor(self, name: &str, of: i64, dims: &[i64], raw: &[u8]) -> Self {
        let mut tensor = Message::default();
        for dim in dims {
            tensor = tensor.number(1, *dim);
        }
        self.initializer(tensor.number(2, of).text(8, name).bytes(9, raw))
    }

    pub(super) fn initializer(self, tensor: Message) -> Self {
        Self(self.0.message(5, tensor))
    }

    /// An input of whole numbers for any number of tokens, or for `len`.
    pub(super) fn input(self, name: &str, len: Option<i64>) -> Self {
        let len = match len {
            Some(len) => Message::default().number(1, len),
            None => Message::default().text(2, "sequence"),
        };
        let batch = Message::default().text(2, "batch");
        let shape = Message::default().message(1, batch).message(1, len);
        Self(self.0.message(11, value(name, 7, shape)))
    }

    pub(super) fn output(self, name: &str) -> Self {
        Self(self.0.message(12, value(name, 1, Message::default())))
    }

    pub(super) fn model(self) -> Vec<u8> {
        let opset = Message::default().text(1, "").number(2, 14);
        let model = Message::default().number(1, 8).message(8, opset);
        model.message(7, self.0.text(2, "graph")).finish()
    }
}

fn value(name: &str, of: i64, shape: Message) -> Message {
    let tensor = Message::default().number(1, of).message(2, shape);
    Message::default()
        .text(1, name)
        .message(2, Message::default().message(1, tensor))
}
