//! Command sets of DIMSE (PS3.7, 6.3 and annex E): implicit VR, little endian.

/// A command set, as far as storage and verification need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// What is asked or answered: (0000,0100).
    pub field: u16,
    /// Of a request (0000,0110), of an answer the request's (0000,0120).
    pub message_id: u16,
    /// (0000,0002)
    pub sop_class: String,
    /// (0000,1000)
    pub sop_instance: String,
    /// Whether a data set follows: (0000,0800).
    pub has_data: bool,
    /// (0000,0900)
    pub status: u16,
    /// (0000,0902)
    pub comment: String,
}

impl Command {
    /// Reads a command set; nothing when it is none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut command = Self::default();
        let mut rest = bytes;
        let mut is_named = false;
        while let Some((head, behind)) = rest.split_first_chunk::<8>() {
            let [g0, g1, e0, e1, l0, l1, l2, l3] = *head;
            let (group, element) = (u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
            let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
            let (value, behind) = behind.split_at_checked(length)?;
            rest = behind;
            if group != 0 {
                return None;
            }
            match element {
                0x0002 => command.sop_class = text(value),
                0x0100 => {
                    command.field = number(value)?;
                    is_named = true;
                }
                0x0110 | 0x0120 => command.message_id = number(value)?,
                0x0800 => command.has_data = number(value)? != NO_DATA,
                0x0900 => command.status = number(value)?,
                0x0902 => command.comment = text(value),
                0x1000 => command.sop_instance = text(value),
                _ => {}
            }
        }
        (is_named && rest.is_empty()).then_some(command)
    }

    /// Writes it; of a request with its priority, of an answer with its status.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let is_answer = self.field & ANSWER != 0;
        let mut body = Vec::new();
        put_text(0x0002, &self.sop_class, &mut body);
        put(0x0100, &self.field.to_le_bytes(), &mut body);
        let id = if is_answer { 0x0120 } else { 0x0110 };
        put(id, &self.message_id.to_le_bytes(), &mut body);
        if !is_answer && self.field == STORE {
            put(0x0700, &0_u16.to_le_bytes(), &mut body);
        }
        let data = if self.has_data { WITH_DATA } else { NO_DATA };
        put(0x0800, &data.to_le_bytes(), &mut body);
        if is_answer {
            put(0x0900, &self.status.to_le_bytes(), &mut body);
            put_text(0x0902, &self.comment, &mut body);
        }
        put_text(0x1000, &self.sop_instance, &mut body);
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let mut out = Vec::with_capacity(body.len() + 12);
        put(0x0000, &length.to_le_bytes(), &mut out);
        out.extend_from_slice(&body);
        out
    }

    /// The answer to it.
    #[must_use]
    pub fn answer(&self, status: u16, comment: &str) -> Self {
        Self {
            field: self.field | ANSWER,
            message_id: self.message_id,
            sop_class: self.sop_class.clone(),
            sop_instance: self.sop_instance.clone(),
            has_data: false,
            status,
            // LO, which has 64 characters.
            comment: comment.chars().take(64).collect(),
        }
    }
}

fn number(value: &[u8]) -> Option<u16> {
    value.first_chunk().map(|two| u16::from_le_bytes(*two))
}

fn text(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.trim_matches(['\0', ' ']).to_owned()
}

fn put_text(element: u16, value: &str, into: &mut Vec<u8>) {
    if value.is_empty() {
        return;
    }
    let mut bytes = value.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        // UIDs are filled with a zero, texts with a blank.
        bytes.push(if element == 0x0902 { b' ' } else { 0 });
    }
    put(element, &bytes, into);
}

fn put(element: u16, value: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(&[0, 0]);
    into.extend_from_slice(&element.to_le_bytes());
    into.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    into.extend_from_slice(value);
}

/// C-STORE-RQ.
pub(crate) const STORE: u16 = 0x0001;
/// C-ECHO-RQ.
pub(crate) const ECHO: u16 = 0x0030;
/// C-CANCEL-RQ, which has no answer.
pub(crate) const CANCEL: u16 = 0x0fff;
/// The bit of answers.
pub(crate) const ANSWER: u16 = 0x8000;
const NO_DATA: u16 = 0x0101;
const WITH_DATA: u16 = 0x0001;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let request = Command {
            field: STORE,
            message_id: 7,
            sop_class: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            sop_instance: "2.25.1".to_owned(),
            has_data: true,
            ..Command::default()
        };
        assert_eq!(Command::read(&request.write()), Some(request.clone()));
        let answer = request.answer(0xc000, "dicom.truncated");
        assert_eq!(Command::read(&answer.write()), Some(answer.clone()));
        assert!(answer.write().len().is_multiple_of(2));
    }

    #[test]
    fn broken_sets_are_none() {
        let whole = Command {
            field: ECHO,
            ..Command::default()
        }
        .write();
        for end in 0..whole.len() {
            let read = Command::read(&whole[..end]);
            assert!(read.is_none() || end >= 22, "{end}");
        }
        assert_eq!(Command::read(&[0xff; 64]), None);
    }
}
