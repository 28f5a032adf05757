//! Documents that stand in a message: cleaned by their own kind.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::{Action, Kind, Operation, Part};

use super::escape;
use super::lines::{Line, parts};
use super::people::NULL;
use super::policy::Field;
use super::rewrite::{Page, Rewriter};
use crate::leaf::Coded;
use crate::role::Role;

impl Rewriter<'_> {
    /// Writes a value of type ED: source, type, subtype, encoding, data.
    ///
    /// A document that cannot be cleaned goes.
    pub(crate) fn document(&self, value: &str, field: &'static Field, page: &mut Page) {
        let signs = &self.header.signs;
        for (at, repetition) in parts(Some(value), signs.repetition).enumerate() {
            if at > 0 {
                page.text.push(char::from(signs.repetition));
            }
            let part = |at| self.header.component(repetition, at);
            let data = self.header.plain(part(4));
            if data.is_empty() || data == NULL {
                let coded = self.coded(repetition, field, page);
                page.text.push_str(&coded);
                continue;
            }
            let source = self.part(part(0), Role::Facility, field, page);
            let cleaned = self.cleaned(part(1), part(2), part(3), &data);
            let Some((media_type, encoding, data)) = cleaned else {
                page.text.push_str(&source);
                page.note(field.element, Operation::Removed);
                continue;
            };
            let (kind, subtype) = media_type.split_once('/').unwrap_or((&media_type, ""));
            for (at, component) in [source.as_str(), kind, subtype, encoding]
                .iter()
                .enumerate()
            {
                if at > 0 {
                    page.text.push(char::from(signs.component));
                }
                match at {
                    0 => page.text.push_str(component),
                    _ => escape::encode(component, signs, &mut page.text),
                }
            }
            page.text.push(char::from(signs.component));
            escape::encode(&data, signs, &mut page.text);
            page.note(field.element, Operation::Cleaned);
        }
    }

    /// The parts of an ED value without data.
    fn coded(&self, repetition: &str, field: &'static Field, page: &mut Page) -> String {
        let mut out = String::new();
        for (at, component) in parts(Some(repetition), self.header.signs.component)
            .take(4)
            .enumerate()
        {
            if at > 0 {
                out.push(char::from(self.header.signs.component));
            }
            let role = if at == 0 { Role::Facility } else { Role::Code };
            out.push_str(&self.part(component, role, field, page));
        }
        out
    }

    /// One component, with its first subcomponent only.
    fn part(&self, component: &str, role: Role, field: &'static Field, page: &mut Page) -> String {
        let leaf = self
            .header
            .subcomponents(component)
            .next()
            .unwrap_or_default();
        let mut out = String::new();
        if !leaf.is_empty() {
            let operation = self.write(role, leaf, Coded::Not, None, &mut out);
            page.note(field.element, operation);
        }
        out
    }

    /// Media type, encoding and data of a cleaned document.
    fn cleaned(
        &self,
        kind: &str,
        subtype: &str,
        encoding: &str,
        data: &str,
    ) -> Option<(String, &'static str, String)> {
        let media_type = media_type(kind, subtype);
        let bytes = decoded(encoding, data)?;
        let scope = self.leaves.rules.scope(&self.leaves.patient.record);
        let cleaned = wardgate_documents::clean(&scope, &media_type, &bytes).ok()?;
        let same = form(&cleaned.media_type) == form(&media_type);
        let media_type = match same && !kind.is_empty() {
            true => format!("{}/{}", self.header.plain(kind), self.header.plain(subtype)),
            false => cleaned.media_type,
        };
        let text = encoding.trim().eq_ignore_ascii_case("A") || encoding.trim().is_empty();
        match String::from_utf8(cleaned.bytes) {
            Ok(plain) if text => Some((media_type, "A", plain)),
            Ok(plain) => Some((media_type, "Base64", BASE64_STANDARD.encode(plain))),
            Err(bytes) => Some((
                media_type,
                "Base64",
                BASE64_STANDARD.encode(bytes.as_bytes()),
            )),
        }
    }

    /// An age over 89 as a number, which no record may tell: the oldest that it may.
    pub(crate) fn great_age(
        &self,
        line: &Line<'_>,
        value_type: &str,
        value: &str,
    ) -> Option<String> {
        let code = self.header.component(line.field(3), 0);
        if value_type != "NM" || !AGE_CODES.contains(&code) {
            return None;
        }
        let years: f64 = value.trim().parse().ok()?;
        let units = line.field(6);
        let unit = self.header.component(units, 0).trim();
        let in_years =
            unit.is_empty() || ["a", "yr", "y", "years", "year", "{age}"].contains(&unit);
        let told = self.leaves.rules.profile().action(Kind::Age, Part::Whole) == Action::Keep;
        (in_years && years > OLDEST_TOLD && !told).then(|| "90".to_owned())
    }
}

/// The bytes of the data of an ED value.
pub(crate) fn decoded(encoding: &str, data: &str) -> Option<Vec<u8>> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "a" | "" => Some(data.as_bytes().to_vec()),
        "hex" => {
            let digits: Vec<u8> = data.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            let pairs = digits.chunks(2).map(|pair| {
                let pair = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(pair, 16).ok()
            });
            pairs.collect()
        }
        "base64" => {
            let kept: Vec<u8> = data.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            LENIENT.decode(kept).ok()
        }
        _ => None,
    }
}

/// The media type that type and subtype mean, in the words of MIME or of table 0191.
pub(crate) fn media_type(kind: &str, subtype: &str) -> String {
    let (kind, subtype) = (
        kind.trim().to_ascii_lowercase(),
        subtype.trim().to_ascii_lowercase(),
    );
    match (kind.as_str(), subtype.as_str()) {
        (kind, "pdf") if kind != "application" => "application/pdf".to_owned(),
        (kind, "rtf") if kind != "text" && kind != "application" => "application/rtf".to_owned(),
        (kind, "html" | "xml") if kind != "application" => format!("text/{subtype}"),
        ("im" | "image", "jpeg" | "jpg") => "image/jpeg".to_owned(),
        ("im" | "image", subtype) if !subtype.is_empty() => format!("image/{subtype}"),
        ("text" | "tx" | "ft", "" | "text") => "text/plain".to_owned(),
        ("", subtype) => format!("application/{subtype}"),
        (kind, subtype) if kind.contains('/') && subtype.is_empty() => kind.to_owned(),
        (kind, subtype) => format!("{kind}/{subtype}"),
    }
}

fn form(media_type: &str) -> String {
    let plain = media_type.split(';').next().unwrap_or_default();
    plain.trim().to_ascii_lowercase()
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// LOINC codes of a person's age in years.
const AGE_CODES: [&str; 5] = ["30525-0", "21612-7", "21611-9", "29553-5", "63900-5"];
const OLDEST_TOLD: f64 = 89.0;
