//! The files of the bench: sections of a body in grain, with the attributes that scanners write.

use std::path::Path;

use anyhow::Result;

/// Which pictures a folder holds.
#[derive(Clone, Copy)]
pub(super) enum Mix {
    /// MR pictures of 10 KB.
    Small,
    /// CT pictures of 0.5 MB.
    Large,
    /// Two of five are CT pictures of 39 KB, two MR pictures of 10 KB, and one an MR picture of 510 KB.
    Both,
}

impl Mix {
    /// The name of its folder.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
            Self::Both => "both",
        }
    }

    /// What it holds, for people.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Small => "MR pictures of 10 KB, made",
            Self::Large => "CT pictures of 0.5 MB, made",
            Self::Both => "pictures of 10 to 510 KB, made",
        }
    }

    /// How many of so many files it has: of large ones fewer, because each run's outputs stay on the disk to the end.
    pub(super) fn share_of(self, count: usize) -> usize {
        match self {
            Self::Small | Self::Both => count,
            Self::Large => count.div_ceil(4),
        }
    }

    fn picture(self, number: usize) -> (&'static str, usize, &'static str) {
        match (self, number % 5) {
            (Self::Small, _) | (Self::Both, 2 | 3) => ("MR", 64, "mr"),
            (Self::Large, _) => ("CT", 512, "ct"),
            (Self::Both, 0 | 1) => ("CT", 136, "ct"),
            (Self::Both, _) => ("MR", 504, "large"),
        }
    }
}

/// Writes so many files of invented patients, and returns their bytes.
pub(super) fn write(folder: &Path, mix: Mix, count: usize) -> Result<u64> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let mut bytes = 0;
    for number in 0..count {
        let (modality, side, name) = mix.picture(number);
        let file = file(number, modality, side);
        bytes += file.len() as u64;
        std::fs::write(folder.join(format!("{name}-{number:04}.dcm")), file)?;
    }
    Ok(bytes)
}

/// Copies the public pictures in the same shares, each copy with another instance UID, and returns their bytes;
/// nothing when they are not there.
pub(super) fn copy(from: &Path, folder: &Path, count: usize) -> Result<Option<u64>> {
    let read = |name: &str| std::fs::read(from.join(name)).ok();
    let (Some(ct), Some(mr), Some(large)) = (
        read("CT_small.dcm"),
        read("MR_small.dcm"),
        read("examples_overlay.dcm"),
    ) else {
        return Ok(None);
    };
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let mut bytes = 0;
    for number in 0..count {
        let (file, name) = match number % 5 {
            0 | 1 => (&ct, "ct"),
            2 | 3 => (&mr, "mr"),
            _ => (&large, "large"),
        };
        let file = renumbered(file.clone(), number);
        bytes += file.len() as u64;
        std::fs::write(folder.join(format!("{name}-{number:04}.dcm")), file)?;
    }
    Ok(Some(bytes))
}

/// The file with other last digits of its instance UID, in its head and its data set.
fn renumbered(mut file: Vec<u8>, number: usize) -> Vec<u8> {
    for head in [b"\x02\0\x03\0UI", b"\x08\0\x18\0UI"] {
        let at = file.windows(head.len()).position(|bytes| bytes == head);
        let Some(at) = at.map(|at| at + head.len()) else {
            continue;
        };
        let Some([low, high]) = file.get(at..).and_then(<[u8]>::first_chunk).copied() else {
            continue;
        };
        let len = usize::from(u16::from_le_bytes([low, high]));
        let Some(value) = file.get_mut(at + 2..at + 2 + len) else {
            continue;
        };
        let digits = format!("{number:04}");
        let places = value.iter_mut().rev().filter(|byte| byte.is_ascii_digit());
        for (place, digit) in places.zip(digits.bytes().rev()) {
            *place = digit;
        }
    }
    file
}

fn file(number: usize, modality: &str, side: usize) -> Vec<u8> {
    let (patient, class) = (number / 50, if modality == "CT" { "2" } else { "4" });
    let class = format!("1.2.840.10008.5.1.4.1.1.{class}");
    let study = format!("1.2.826.0.1.3680043.10.543.{patient}");
    let instance = format!("{study}.1.{number}");
    let mut meta = Vec::new();
    text(&mut meta, 0x0002_0002, "UI", &class);
    text(&mut meta, 0x0002_0003, "UI", &instance);
    text(&mut meta, 0x0002_0010, "UI", "1.2.840.10008.1.2.1");
    text(&mut meta, 0x0002_0012, "UI", "1.2.826.0.1.3680043.10.543");
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    element(
        &mut out,
        0x0002_0000,
        "UL",
        &u32::try_from(meta.len()).unwrap_or_default().to_le_bytes(),
    );
    out.extend_from_slice(&meta);
    described(&mut out, modality, &class, &instance);
    for (tag, vr, value) in [
        (0x0010_0010, "PN", format!("Sample{patient}^Pat")),
        (0x0010_0020, "LO", format!("PID{patient:06}")),
        (0x0010_0030, "DA", "19610203".to_owned()),
        (0x0010_0040, "CS", "F".to_owned()),
        (0x0010_1010, "AS", "062Y".to_owned()),
        (0x0010_1030, "DS", "71".to_owned()),
        (0x0010_21b0, "LT", "headache for two weeks".to_owned()),
    ] {
        text(&mut out, tag, vr, &value);
    }
    acquired(&mut out, &study, number);
    pictured(&mut out, side, number);
    out
}

fn described(out: &mut Vec<u8>, modality: &str, class: &str, instance: &str) {
    for (tag, vr, value) in [
        (0x0008_0005, "CS", "ISO_IR 100"),
        (0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        (0x0008_0016, "UI", class),
        (0x0008_0018, "UI", instance),
        (0x0008_0020, "DA", "20240117"),
        (0x0008_0021, "DA", "20240117"),
        (0x0008_0022, "DA", "20240117"),
        (0x0008_0023, "DA", "20240117"),
        (0x0008_0030, "TM", "112749"),
        (0x0008_0031, "TM", "112751"),
        (0x0008_0032, "TM", "112936"),
        (0x0008_0033, "TM", "113008"),
        (0x0008_0050, "SH", "A4471902"),
        (0x0008_0060, "CS", modality),
        (0x0008_0070, "LO", "Example Imaging"),
        (0x0008_0080, "LO", "Alder Grove Clinic"),
        (0x0008_0090, "PN", "Referrer^Robin"),
        (0x0008_1010, "SH", "STATION3"),
        (0x0008_1030, "LO", "Head and neck"),
        (0x0008_103e, "LO", "axial 5 mm"),
        (0x0008_1090, "LO", "Model 16"),
    ] {
        text(out, tag, vr, value);
    }
    // A referenced image, in a sequence.
    let mut item = Vec::new();
    text(&mut item, 0x0008_1150, "UI", class);
    text(
        &mut item,
        0x0008_1155,
        "UI",
        "1.2.826.0.1.3680043.10.543.9.9",
    );
    let len = u32::try_from(item.len()).unwrap_or_default();
    let mut items = vec![0xfe, 0xff, 0x00, 0xe0];
    items.extend_from_slice(&len.to_le_bytes());
    items.extend_from_slice(&item);
    element(out, 0x0008_1140, "SQ", &items);
}

fn acquired(out: &mut Vec<u8>, study: &str, number: usize) {
    for (tag, vr, value) in [
        (0x0018_0015, "CS", "HEAD".to_owned()),
        (0x0018_0050, "DS", "5.0".to_owned()),
        (0x0018_0060, "DS", "120".to_owned()),
        (0x0018_0090, "DS", "480".to_owned()),
        (0x0018_1000, "LO", "SN448129".to_owned()),
        (0x0018_1020, "LO", "5.4.1".to_owned()),
        (0x0018_1030, "LO", "routine head".to_owned()),
        (0x0018_1100, "DS", "338.67".to_owned()),
        (0x0018_1151, "IS", "170".to_owned()),
        (0x0018_5100, "CS", "HFS".to_owned()),
        (0x0020_000d, "UI", study.to_owned()),
        (0x0020_000e, "UI", format!("{study}.1")),
        (0x0020_0010, "SH", "17".to_owned()),
        (0x0020_0011, "IS", "1".to_owned()),
        (0x0020_0013, "IS", number.to_string()),
        (0x0020_0032, "DS", format!("-158.1\\-179.0\\{number}")),
        (0x0020_0037, "DS", "1\\0\\0\\0\\1\\0".to_owned()),
        (0x0020_0052, "UI", format!("{study}.2")),
        (0x0020_1041, "DS", number.to_string()),
    ] {
        text(out, tag, vr, &value);
    }
}

fn pictured(out: &mut Vec<u8>, side: usize, number: usize) {
    let sides = u16::try_from(side).unwrap_or_default();
    for (tag, value) in [
        (0x0028_0002, 1),
        (0x0028_0010, sides),
        (0x0028_0011, sides),
        (0x0028_0100, 16),
    ] {
        if tag == 0x0028_0010 {
            text(out, 0x0028_0004, "CS", "MONOCHROME2");
        }
        element(out, tag, "US", &value.to_le_bytes());
    }
    for (tag, value) in [(0x0028_0101, 12_u16), (0x0028_0102, 11), (0x0028_0103, 0)] {
        element(out, tag, "US", &value.to_le_bytes());
    }
    for (tag, value) in [
        (0x0028_1050, "40"),
        (0x0028_1051, "400"),
        (0x0028_1052, "-1024"),
        (0x0028_1053, "1"),
    ] {
        text(out, tag, "DS", value);
    }
    element(out, 0x7fe0_0010, "OW", &section(side, number));
}

/// A round body with softer and harder parts, and grain that gets finer with the side.
fn section(side: usize, number: usize) -> Vec<u8> {
    let mut state = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(side * side * 2);
    for row in 0..side {
        for column in 0..side {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let grain = (state % 61) as f64 - 30.0;
            let x = column as f64 / side as f64 - 0.5;
            let y = row as f64 / side as f64 - 0.5;
            let round = (x * x + y * y * 1.2).sqrt();
            let value = match round {
                inner if inner < 0.36 => 1000.0 + 240.0 * (x * 21.0).sin() * (y * 17.0).cos(),
                bone if bone < 0.40 => 1900.0,
                _ => 60.0,
            };
            let value = (value + grain).clamp(0.0, 4095.0) as u16;
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
    out
}

fn text(out: &mut Vec<u8>, tag: u32, vr: &str, value: &str) {
    let mut bytes = value.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(if vr == "UI" { 0 } else { b' ' });
    }
    element(out, tag, vr, &bytes);
}

fn element(out: &mut Vec<u8>, tag: u32, vr: &str, value: &[u8]) {
    let [a, b, c, d] = tag.to_be_bytes();
    out.extend_from_slice(&[b, a, d, c]);
    out.extend_from_slice(vr.as_bytes());
    match vr {
        "OW" | "SQ" => {
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&u32::try_from(value.len()).unwrap_or_default().to_le_bytes());
        }
        _ => out.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_le_bytes()),
    }
    out.extend_from_slice(value);
}
