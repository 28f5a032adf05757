//! What the head of a JPEG or JPEG 2000 code stream says: its size, its precision and its colours.

use super::PixelFacts;

/// The head of a code stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodeHead {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Bits of a sample.
    pub(super) precision: u32,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Jpeg {
        lossless: bool,
        /// The names of three components.
        names: Option<[u8; 3]>,
        /// The transform that Adobe's segment tells.
        adobe: Option<u8>,
    },
    Jpeg2000 {
        signed: bool,
        /// Whether all components have every sample.
        whole: bool,
        /// Whether a colour transform is part of the code.
        transformed: bool,
    },
}

impl CodeHead {
    /// The head of a code, when it is one of the two.
    pub(super) fn of(code: &[u8]) -> Option<Self> {
        match code.get(..2)? {
            [0xff, 0xd8] => Self::of_jpeg(code.get(2..)?),
            [0xff, 0x4f] => Self::of_jpeg_2000(code),
            _ => None,
        }
    }

    /// Bytes of a sample that a decoder makes of it.
    pub(super) fn sample_bytes(&self) -> usize {
        match self.precision {
            0..=8 => 1,
            9..=16 => 2,
            _ => 4,
        }
    }

    /// The photometric interpretation of what the decoder makes of it; nothing when that is not sure.
    ///
    /// The decoder turns colours of lossy JPEG into RGB unless the names of the components say RGB; whether they
    /// were luminance and chrominance before, the file has to say too. JPEG 2000 undoes its own transform alone.
    pub(super) fn decoded_photometric<'f>(&self, facts: &'f PixelFacts) -> Option<&'f str> {
        let told = facts.photometric.trim();
        let signed = facts.signed;
        let stored = u32::from(facts.bits_stored);
        if self.precision > stored {
            return None;
        }
        match self.kind {
            // Samples of JPEG have no sign, and shorter ones would want theirs extended.
            Kind::Jpeg { .. } if signed && self.precision != u32::from(facts.bits_allocated) => {
                None
            }
            Kind::Jpeg { .. } if facts.samples == 1 => Some(told),
            Kind::Jpeg { lossless: true, .. } => Some(told),
            Kind::Jpeg { names, adobe, .. } => {
                let turned = !matches!(names, Some([b'R', b'G', b'B'] | [b'r', b'g', b'b']))
                    && (adobe != Some(0) || names == Some([1, 2, 3]));
                let was_turned = match (adobe, told) {
                    (Some(transform), _) => transform != 0,
                    (None, told) => told.starts_with("YBR"),
                };
                (turned == was_turned).then_some("RGB")
            }
            Kind::Jpeg2000 {
                signed: coded,
                whole,
                ..
            } if coded != signed || !whole => None,
            Kind::Jpeg2000 { .. } if facts.samples == 1 => Some(told),
            Kind::Jpeg2000 { transformed, .. } => match (told, transformed) {
                ("YBR_RCT" | "YBR_ICT", true) | ("RGB", _) => Some("RGB"),
                ("YBR_FULL", false) => Some("YBR_FULL"),
                _ => None,
            },
        }
    }

    /// Whether the code lost something of the picture for certain.
    pub(super) fn is_lossy(&self) -> bool {
        matches!(
            self.kind,
            Kind::Jpeg {
                lossless: false,
                ..
            }
        )
    }

    fn of_jpeg(mut code: &[u8]) -> Option<Self> {
        let mut adobe = None;
        loop {
            let at = code.iter().position(|byte| *byte == 0xff)?;
            code = code.get(at + 1..)?;
            let (marker, rest) = code.split_first()?;
            let marker = *marker;
            match marker {
                0xff => continue,
                0x00 | 0x01 | 0xd0..=0xd9 => {
                    code = rest;
                    continue;
                }
                _ => {}
            }
            let len = rest
                .first_chunk::<2>()
                .map(|len| u16::from_be_bytes(*len))?;
            let segment = rest.get(2..usize::from(len).max(2))?;
            if marker == 0xee && segment.starts_with(b"Adobe") {
                adobe = segment.get(11).copied();
            }
            if matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7) {
                return Self::of_frame(marker, segment, adobe);
            }
            code = rest.get(usize::from(len)..)?;
        }
    }

    /// The head of a frame (ITU-T T.81 B.2.2), in front of which Adobe's segment stands.
    fn of_frame(marker: u8, segment: &[u8], adobe: Option<u8>) -> Option<Self> {
        let [precision, a, b, c, d, count, components @ ..] = segment else {
            return None;
        };
        let pair = |high: &u8, low: &u8| usize::from(u16::from_be_bytes([*high, *low]));
        let name = |at: usize| components.get(at * 3).copied();
        let names = match count {
            3 => Some([name(0)?, name(1)?, name(2)?]),
            _ => None,
        };
        Some(Self {
            columns: pair(c, d),
            rows: pair(a, b),
            precision: u32::from(*precision),
            kind: Kind::Jpeg {
                lossless: matches!(marker, 0xc3 | 0xf7),
                names,
                adobe,
            },
        })
    }

    /// The main header (ITU-T T.800 A.5): SIZ comes first, COD before the first tile.
    fn of_jpeg_2000(code: &[u8]) -> Option<Self> {
        let four = |at: usize| -> Option<usize> {
            let bytes = code.get(at..)?.first_chunk::<4>()?;
            usize::try_from(u32::from_be_bytes(*bytes)).ok()
        };
        let two = |at: usize| {
            let bytes = code.get(at..).and_then(<[u8]>::first_chunk::<2>);
            bytes.map(|bytes| u16::from_be_bytes(*bytes))
        };
        let components = usize::from(two(40)?);
        let depths = code.get(42..)?.chunks_exact(3).take(components);
        let first = depths.clone().next()?.first()?;
        let whole =
            depths.clone().count() == components && depths.clone().all(|one| one == [*first, 1, 1]);
        let (mut at, mut transformed) = (2, false);
        // SOT begins the first tile.
        while let Some(marker) = two(at).filter(|marker| *marker != 0xff90) {
            if marker == 0xff52 {
                transformed = code.get(at + 8).is_some_and(|transform| *transform != 0);
            }
            at += 2 + usize::from(two(at + 2)?.max(2));
        }
        Some(Self {
            columns: four(8)?.checked_sub(four(16)?)?,
            rows: four(12)?.checked_sub(four(20)?)?,
            precision: u32::from(first & 0x7f) + 1,
            kind: Kind::Jpeg2000 {
                signed: first & 0x80 != 0,
                whole,
                transformed,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(marker: u8, names: [u8; 3], adobe: Option<u8>) -> Vec<u8> {
        let mut code = vec![0xff, 0xd8];
        if let Some(transform) = adobe {
            code.extend_from_slice(&[0xff, 0xee, 0, 14]);
            code.extend_from_slice(b"Adobe\0\x64\0\0\0\0");
            code.push(transform);
        }
        code.extend_from_slice(&[0xff, marker, 0, 17, 8, 0, 20, 0, 30, 3]);
        for name in names {
            code.extend_from_slice(&[name, 0x11, 0]);
        }
        code
    }

    fn photometric(code: &[u8], told: &str) -> Option<String> {
        let facts = PixelFacts {
            photometric: told.to_owned(),
            samples: 3,
            bits_allocated: 8,
            bits_stored: 8,
            ..PixelFacts::default()
        };
        let head = CodeHead::of(code).unwrap();
        head.decoded_photometric(&facts).map(str::to_owned)
    }

    #[test]
    fn colours_are_told_only_when_file_and_code_agree() {
        let rgb = Some("RGB".to_owned());
        assert_eq!(
            photometric(&jpeg(0xc0, [1, 2, 3], None), "YBR_FULL_422"),
            rgb
        );
        assert_eq!(photometric(&jpeg(0xc0, [1, 2, 3], None), "RGB"), None);
        assert_eq!(photometric(&jpeg(0xc0, [1, 2, 3], Some(0)), "RGB"), None);
        assert_eq!(photometric(&jpeg(0xc0, [1, 2, 3], Some(1)), "RGB"), rgb);
        assert_eq!(photometric(&jpeg(0xc0, [0, 1, 2], Some(0)), "RGB"), rgb);
        assert_eq!(photometric(&jpeg(0xc0, *b"RGB", None), "RGB"), rgb);
        let lossless = jpeg(0xc3, [1, 2, 3], None);
        assert_eq!(
            photometric(&lossless, "YBR_FULL"),
            Some("YBR_FULL".to_owned())
        );
        assert!(!CodeHead::of(&lossless).unwrap().is_lossy());
    }

    #[test]
    fn sizes_are_read_and_cut_heads_are_none() {
        let code = jpeg(0xc1, [1, 2, 3], Some(1));
        let head = CodeHead::of(&code).unwrap();
        assert_eq!((head.columns, head.rows, head.precision), (30, 20, 8));
        for len in 0..code.len() {
            assert_eq!(CodeHead::of(&code[..len]), None, "{len}");
        }
        let mut code = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
        for side in [40_u32, 30, 0, 0, 40, 30, 0, 0] {
            code.extend_from_slice(&side.to_be_bytes());
        }
        code.extend_from_slice(&[0, 1, 15 | 0x80, 1, 1]);
        code.extend_from_slice(&[0xff, 0x52, 0, 12, 0, 0, 0, 1, 1, 5, 4, 4, 0, 1, 0xff, 0x90]);
        let head = CodeHead::of(&code).unwrap();
        assert_eq!((head.columns, head.rows, head.precision), (40, 30, 16));
        let kind = Kind::Jpeg2000 {
            signed: true,
            whole: true,
            transformed: true,
        };
        assert_eq!(head.kind, kind);
    }
}
