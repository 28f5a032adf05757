//! What a relay must know of a message: its delimiters, who sends what to whom, and which answers are wanted.

/// The header of a message (HL7 v2.9, 2.14.9), as its fields are written.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) field: u8,
    pub(crate) encoding: Vec<u8>,
    fields: Vec<Vec<u8>>,
}

/// When an answer is wanted (table HL70155).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Always,
    OnError,
    OnSuccess,
    Never,
}

impl Header {
    /// The header of a message; nothing when it does not begin with one.
    pub(crate) fn of(message: &[u8]) -> Option<Self> {
        let message = message.trim_ascii_start();
        let rest = message.strip_prefix(b"MSH")?;
        let (field, rest) = rest.split_first()?;
        if field.is_ascii_alphanumeric() || matches!(field, b'\r' | b'\n') {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let line = rest.get(..end.unwrap_or(rest.len()).min(HEADER_BYTES_MAX))?;
        let mut fields = line.split(|byte| byte == field).map(<[u8]>::to_vec);
        let encoding = fields.next()?;
        Some(Self {
            field: *field,
            encoding,
            fields: fields.collect(),
        })
    }

    /// A field by its number, from 3 on.
    pub(crate) fn field(&self, number: usize) -> &[u8] {
        let at = number.checked_sub(3);
        let field = at.and_then(|at| self.fields.get(at));
        field.map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn control_id(&self) -> &[u8] {
        self.field(10)
    }

    /// A component of a field, counted from 0.
    pub(crate) fn component(&self, number: usize, component: usize) -> &[u8] {
        let sign = self.encoding.first().copied().unwrap_or(b'^');
        let mut components = self.field(number).split(|byte| *byte == sign);
        components.nth(component).unwrap_or_default()
    }

    /// Whether the sender uses the enhanced mode: it tells when it wants which answer.
    pub(crate) fn is_enhanced(&self) -> bool {
        !self.field(15).is_empty() || !self.field(16).is_empty()
    }

    /// When the sender wants to hear that the message was accepted.
    pub(crate) fn accept_wanted(&self) -> Wanted {
        wanted(self.field(15))
    }

    /// When the sender wants to hear what the application made of it.
    pub(crate) fn application_wanted(&self) -> Wanted {
        wanted(self.field(16))
    }
}

impl Wanted {
    pub(crate) fn on(self, success: bool) -> bool {
        match self {
            Self::Always => true,
            Self::OnError => !success,
            Self::OnSuccess => success,
            Self::Never => false,
        }
    }
}

fn wanted(field: &[u8]) -> Wanted {
    match field {
        b"AL" => Wanted::Always,
        b"ER" => Wanted::OnError,
        b"SU" => Wanted::OnSuccess,
        _ => Wanted::Never,
    }
}

const HEADER_BYTES_MAX: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_any_delimiters_are_read() {
        let header =
            Header::of(b"MSH#!~\\&#A#B#C#D#2024##ADT!A01#77#P#2.5###AL#NE\rPID#1\r").unwrap();
        assert_eq!(header.control_id(), b"77");
        assert_eq!(header.component(9, 1), b"A01");
        assert!(header.is_enhanced());
        assert_eq!(header.accept_wanted(), Wanted::Always);
        assert_eq!(header.application_wanted(), Wanted::Never);
        assert!(Header::of(b"PID|1").is_none());
        assert!(Header::of(b"MSH").is_none());
    }
}
