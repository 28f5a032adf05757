//! A small writer of DICOM files, well formed or not.

/// A data set in the making.
#[derive(Clone, Default)]
pub(crate) struct Made {
    bytes: Vec<u8>,
    form: Form,
}

/// How elements are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Explicit,
    Implicit,
    BigEndian,
}

pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(crate) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
pub(crate) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub(crate) const JPEG: &str = "1.2.840.10008.1.2.4.50";

impl Made {
    pub(crate) fn in_form(form: Form) -> Self {
        Self {
            bytes: Vec::new(),
            form,
        }
    }

    /// The attributes that every test expects of a file, of a woman born in 1957.
    pub(crate) fn usual(form: Form) -> Self {
        let year = ("2024", "03");
        Self::in_form(form)
            .put(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.2")
            .put(0x0008_0018, "UI", "1.2.826.0.1.3680043.2.1143.57.1")
            .put(0x0008_0020, "DA", &format!("{}{}12", year.0, year.1))
            .put(0x0008_0030, "TM", "101112")
            .put(0x0008_0050, "SH", "ACC-7741902")
            .put(0x0008_0060, "CS", "CT")
            .put(0x0008_0070, "LO", "Example Imaging")
            .put(0x0008_0080, "LO", "Alder Grove Clinic")
            .put(0x0008_1030, "LO", "Abdomen of Mrs Quillfeather")
            .put(0x0010_0010, "PN", "Quillfeather^Ottoline")
            .put(0x0010_0020, "LO", "WG-0044127")
            .put(0x0010_0030, "DA", "19570304")
            .put(0x0010_0040, "CS", "F")
            .put(0x0020_000d, "UI", "1.2.826.0.1.3680043.2.1143.19570304")
    }

    pub(crate) fn put(self, tag: u32, vr: &str, value: &str) -> Self {
        let mut value = value.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == "UI" { 0 } else { b' ' });
        }
        self.raw(tag, vr, &value)
    }

    pub(crate) fn number(self, tag: u32, number: u16) -> Self {
        let bytes = match self.form {
            Form::BigEndian => number.to_be_bytes(),
            _ => number.to_le_bytes(),
        };
        self.raw(tag, "US", &bytes)
    }

    pub(crate) fn raw(self, tag: u32, vr: &str, value: &[u8]) -> Self {
        let len = u32::try_from(value.len()).unwrap();
        let mut made = self.head(tag, vr, len);
        made.bytes.extend_from_slice(value);
        made
    }

    /// A sequence of items with lengths, or with delimiters.
    pub(crate) fn items(self, tag: u32, items: &[Self], delimited: bool) -> Self {
        self.items_in(tag, "SQ", items, delimited)
    }

    pub(crate) fn items_in(self, tag: u32, vr: &str, items: &[Self], delimited: bool) -> Self {
        let mut inner = Self::in_form(items.first().map_or(self.form, |item| item.form));
        for item in items {
            let len = u32::try_from(item.bytes.len()).unwrap();
            inner = inner.item(0xfffe_e000, if delimited { u32::MAX } else { len });
            inner.bytes.extend_from_slice(&item.bytes);
            if delimited {
                inner = inner.item(0xfffe_e00d, 0);
            }
        }
        if delimited {
            inner = inner.item(0xfffe_e0dd, 0);
            let mut made = self.head(tag, vr, u32::MAX);
            made.bytes.extend_from_slice(&inner.bytes);
            return made;
        }
        self.raw(tag, vr, &inner.bytes)
    }

    /// Encapsulated pixels, with an offset table of one frame a fragment.
    pub(crate) fn fragments(self, fragments: &[Vec<u8>]) -> Self {
        let mut made = self.head(0x7fe0_0010, "OB", u32::MAX);
        let mut table = Vec::new();
        let mut at = 0_u32;
        for fragment in fragments {
            table.extend_from_slice(&at.to_le_bytes());
            at += 8 + u32::try_from(fragment.len()).unwrap();
        }
        for part in std::iter::once(&table).chain(fragments) {
            made = made.item(0xfffe_e000, u32::try_from(part.len()).unwrap());
            made.bytes.extend_from_slice(part);
        }
        made.item(0xfffe_e0dd, 0)
    }

    /// The bare data set.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A file with preamble and file meta information of a transfer syntax.
    pub(crate) fn file(&self, syntax: &str) -> Vec<u8> {
        let meta = Self::default()
            .put(0x0002_0002, "UI", "1.2.840.10008.5.1.4.1.1.2")
            .put(0x0002_0003, "UI", "1.2.826.0.1.3680043.2.1143.57.1")
            .put(0x0002_0010, "UI", syntax)
            .put(0x0002_0016, "AE", "QUILLFEATHER");
        let length = u32::try_from(meta.bytes.len()).unwrap().to_le_bytes();
        let mut file = b"Quillfeather".repeat(11);
        file.truncate(128);
        file.extend_from_slice(b"DICM");
        file.extend_from_slice(&Self::default().raw(0x0002_0000, "UL", &length).bytes);
        file.extend_from_slice(&meta.bytes);
        file.extend_from_slice(&self.bytes);
        file
    }

    fn head(mut self, tag: u32, vr: &str, len: u32) -> Self {
        self.tag(tag);
        if self.form == Form::Implicit {
            self.bytes.extend_from_slice(&len.to_le_bytes());
            return self;
        }
        self.bytes.extend_from_slice(vr.as_bytes());
        if matches!(vr, "OB" | "OW" | "OF" | "SQ" | "UC" | "UN" | "UR" | "UT") {
            self.bytes.extend_from_slice(&[0, 0]);
            self.length(len);
        } else {
            let len = u16::try_from(len).unwrap();
            self.bytes.extend_from_slice(&match self.form {
                Form::BigEndian => len.to_be_bytes(),
                _ => len.to_le_bytes(),
            });
        }
        self
    }

    fn item(mut self, tag: u32, len: u32) -> Self {
        self.tag(tag);
        self.length(len);
        self
    }

    fn tag(&mut self, tag: u32) {
        let [a, b, c, d] = tag.to_be_bytes();
        self.bytes.extend_from_slice(&match self.form {
            Form::BigEndian => [a, b, c, d],
            _ => [b, a, d, c],
        });
    }

    fn length(&mut self, len: u32) {
        self.bytes.extend_from_slice(&match self.form {
            Form::BigEndian => len.to_be_bytes(),
            _ => len.to_le_bytes(),
        });
    }
}
