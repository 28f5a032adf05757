//! Answers: the acknowledgements that senders get and receivers give (HL7 v2.9, 2.9 and 2.14.8).

use jiff::Timestamp;

use super::header::Header;
use crate::fault::Unpassed;

/// What an answer says (table HL70008).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    ApplicationAccept,
    ApplicationError,
    ApplicationReject,
    CommitAccept,
    CommitError,
    CommitReject,
}

impl Code {
    pub(crate) fn of(written: &[u8]) -> Option<Self> {
        Some(match written {
            b"AA" => Self::ApplicationAccept,
            b"AE" => Self::ApplicationError,
            b"AR" => Self::ApplicationReject,
            b"CA" => Self::CommitAccept,
            b"CE" => Self::CommitError,
            b"CR" => Self::CommitReject,
            _ => return None,
        })
    }

    fn written(self) -> &'static str {
        match self {
            Self::ApplicationAccept => "AA",
            Self::ApplicationError => "AE",
            Self::ApplicationReject => "AR",
            Self::CommitAccept => "CA",
            Self::CommitError => "CE",
            Self::CommitReject => "CR",
        }
    }

    pub(crate) fn is_commit(self) -> bool {
        matches!(
            self,
            Self::CommitAccept | Self::CommitError | Self::CommitReject
        )
    }

    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::ApplicationAccept | Self::CommitAccept)
    }

    /// The code for a record that was not passed on: an error may be gone later, a rejection stays.
    pub(crate) fn of_fault(fault: &Unpassed, commit: bool) -> Self {
        match (fault.may_pass_later(), commit) {
            (true, false) => Self::ApplicationError,
            (false, false) => Self::ApplicationReject,
            (true, true) => Self::CommitError,
            (false, true) => Self::CommitReject,
        }
    }
}

/// An answer to a message, in the sender's delimiters and version.
///
/// `number` is what makes its own control id; `reason` is a code of the program, never a part of the message.
pub(crate) fn answer(
    to: Option<&Header>,
    code: Code,
    reason: Option<&'static str>,
    number: u64,
    now: Timestamp,
) -> Vec<u8> {
    let field = to.map_or(b'|', |header| header.field);
    let encoding = match to {
        Some(header) if !header.encoding.is_empty() => header.encoding.as_slice(),
        _ => b"^~\\&".as_slice(),
    };
    let component = encoding.first().copied().unwrap_or(b'^');
    let written = |number: usize| to.map(|header| header.field(number)).unwrap_or_default();
    let version = match written(12) {
        b"" => b"2.5".as_slice(),
        version => version,
    };
    let mut kind = b"ACK".to_vec();
    if let Some(header) = to.filter(|header| !header.component(9, 1).is_empty()) {
        kind.push(component);
        kind.extend_from_slice(header.component(9, 1));
        if !header.component(9, 2).is_empty() {
            kind.push(component);
            kind.extend_from_slice(b"ACK");
        }
    }
    let time = now.strftime("%Y%m%d%H%M%S+0000").to_string();
    let id = format!("WG{number}");
    let processing = match written(11) {
        b"" => b"P".as_slice(),
        processing => processing,
    };
    let mut out = b"MSH".to_vec();
    let mut put = |fields: &[&[u8]]| {
        for value in fields {
            out.push(field);
            out.extend_from_slice(value);
        }
    };
    // Receiver and sender change places.
    put(&[
        encoding,
        written(5),
        written(6),
        written(3),
        written(4),
        time.as_bytes(),
        b"",
        &kind,
        id.as_bytes(),
        processing,
        version,
    ]);
    out.extend_from_slice(b"\rMSA");
    let mut put = |value: &[u8]| {
        out.push(field);
        out.extend_from_slice(value);
    };
    put(code.written().as_bytes());
    put(to.map(Header::control_id).unwrap_or_default());
    if let Some(reason) = reason {
        put(reason.as_bytes());
    }
    out.push(b'\r');
    if reason.is_some() && has_error_codes(version) {
        let sign = char::from(field);
        let part = char::from(component);
        // 207: an error of the application (table HL70357).
        let error = format!(
            "ERR{sign}{sign}{sign}207{part}Application internal error{part}HL70357{sign}E\r"
        );
        out.extend(
            error
                .chars()
                .filter_map(|c| u8::try_from(u32::from(c)).ok()),
        );
    }
    out
}

/// What an answer says, and about which message.
pub(crate) fn read(answer: &[u8]) -> Option<(Code, Vec<u8>)> {
    let header = Header::of(answer)?;
    let lines = answer.split(|byte| matches!(byte, b'\r' | b'\n'));
    let mut found = lines.filter(|line| line.starts_with(b"MSA"));
    let mut fields = found.next()?.split(|byte| *byte == header.field).skip(1);
    let code = Code::of(fields.next()?.trim_ascii())?;
    Some((
        code,
        fields.next().unwrap_or_default().trim_ascii().to_vec(),
    ))
}

/// Codes of errors stand in `ERR` since version 2.5.
fn has_error_codes(version: &[u8]) -> bool {
    let minor = version.strip_prefix(b"2.").and_then(|minor| minor.first());
    minor.is_some_and(|minor| (b'5'..=b'9').contains(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_speaks_as_the_sender_does() {
        let header =
            Header::of(b"MSH$%~\\&$LAB$H1$EHR$H2$2024$$ORU%R01%ORU_R01$77$T$2.5.1\r").unwrap();
        let written = answer(
            Some(&header),
            Code::ApplicationReject,
            Some("hl7.version"),
            3,
            Timestamp::UNIX_EPOCH,
        );
        let written = String::from_utf8(written).unwrap();
        assert_eq!(
            written,
            "MSH$%~\\&$EHR$H2$LAB$H1$19700101000000+0000$$ACK%R01%ACK$WG3$T$2.5.1\rMSA$AR$77$hl7.version\r\
             ERR$$$207%Application internal error%HL70357$E\r"
        );
        assert_eq!(
            read(written.as_bytes()),
            Some((Code::ApplicationReject, b"77".to_vec()))
        );
    }

    #[test]
    fn what_has_no_header_is_answered_too() {
        let written = answer(
            None,
            Code::ApplicationReject,
            Some("relay.frame"),
            1,
            Timestamp::UNIX_EPOCH,
        );
        assert!(written.starts_with(b"MSH|^~\\&|||||1970"));
        assert_eq!(read(&written), Some((Code::ApplicationReject, Vec::new())));
        assert_eq!(read(b"MSH|^~\\&|\r"), None);
    }
}
