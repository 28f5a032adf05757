//! Comments and application data inside compressed pictures, emptied in place.
//!
//! JPEG, JPEG-LS, JPEG 2000 and JPEG XL let a writer put text beside the samples: COM and APPn segments with
//! EXIF or thumbnails, comment markers, boxes of XML, and whatever stands behind the end of a picture. Their
//! bytes become zeros and their lengths stay, so that samples, fragment lengths and offset tables are untouched.

/// Goes through the fragments of encapsulated pixels in order.
#[derive(Clone, Debug)]
pub(crate) struct Scrubber {
    state: State,
    /// Whether the picture is of JPEG 2000, whose markers differ.
    two_thousand: bool,
    /// The head of a box as far as it was read, and how many bytes of it.
    head: u64,
    read: u8,
    /// Whether no box was read yet.
    first: bool,
    scrubbed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// The byte 0xFF was read at the start of a picture.
    StartMark,
    /// A marker is due.
    Between,
    /// 0xFF was read where a marker is due.
    Mark,
    Length(u8),
    Low(u8, u8),
    Keep(u64),
    /// So many bytes stay, so many behind them go.
    Tail(u64, u64),
    Blank(u64),
    /// Application data whose name decides: marker, bytes that match so far, bytes left.
    Name(u8, u8, u16),
    /// Behind a scan's head: marker segments of JPEG begin only after 0xFF.
    Samples,
    SamplesMark,
    /// Behind the end of a picture.
    Behind,
    BehindMark,
    BoxHead,
    BoxKeep(u64),
    BoxBlank(u64),
    /// Something else, or samples to the end.
    Pass,
}

impl Scrubber {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Start,
            two_thousand: false,
            head: 0,
            read: 0,
            first: true,
            scrubbed: 0,
        }
    }

    /// A new fragment begins: a new picture, unless the last one goes on in it.
    pub(crate) fn fragment(&mut self) {
        let over = matches!(
            self.state,
            State::Behind | State::BehindMark | State::BoxHead | State::BoxBlank(_) | State::Start
        );
        if over {
            let scrubbed = self.scrubbed;
            *self = Self {
                scrubbed,
                ..Self::new()
            };
        }
    }

    /// How many bytes that were not zero became zero.
    pub(crate) fn scrubbed(&self) -> u64 {
        self.scrubbed
    }

    /// Empties what is not picture in the next bytes.
    pub(crate) fn scrub(&mut self, bytes: &mut [u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let done = self.run(rest);
            if done == 0
                && let Some(byte) = rest.first_mut()
            {
                self.step(byte);
            }
            let (_, behind) = rest.split_at_mut_checked(done.max(1)).unwrap_or_default();
            rest = behind;
        }
    }

    /// Goes over bytes that need no decision, and says how many.
    fn run(&mut self, bytes: &mut [u8]) -> usize {
        let len = bytes.len() as u64;
        let some = |left: u64| usize::try_from(left.min(len)).unwrap_or(bytes.len());
        match self.state {
            State::Pass => bytes.len(),
            State::Samples => memchr::memchr(0xff, bytes).unwrap_or(bytes.len()),
            State::Keep(left) => {
                let done = some(left);
                self.state = after(left - done as u64, State::Keep, State::Between);
                done
            }
            State::Tail(left, blank) => {
                let done = some(left);
                let left = left - done as u64;
                self.state = after(left, |left| State::Tail(left, blank), State::Blank(blank));
                done
            }
            State::BoxKeep(left) => {
                let done = some(left);
                self.state = after(left - done as u64, State::BoxKeep, State::BoxHead);
                done
            }
            State::Blank(left) => {
                let done = some(left);
                self.blank(bytes, done);
                self.state = after(left - done as u64, State::Blank, State::Between);
                done
            }
            State::BoxBlank(left) => {
                let done = some(left);
                self.blank(bytes, done);
                self.state = after(left - done as u64, State::BoxBlank, State::BoxHead);
                done
            }
            State::Behind => {
                let done = memchr::memchr(0xff, bytes).unwrap_or(bytes.len());
                self.blank(bytes, done);
                done
            }
            _ => 0,
        }
    }

    fn step(&mut self, byte: &mut u8) {
        let read = *byte;
        self.state = match self.state {
            State::Start if read == 0xff => State::StartMark,
            State::Start if read == 0 => {
                (self.head, self.read) = (0, 1);
                State::BoxHead
            }
            State::StartMark if read == 0xd8 => self.picture(false),
            State::StartMark if read == 0x4f => self.picture(true),
            State::Between if read == 0xff => State::Mark,
            State::Between => {
                self.blank_one(byte);
                State::Between
            }
            State::Mark => self.marker(read),
            State::Length(marker) => State::Low(marker, read),
            State::Low(marker, high) => self.segment(marker, u16::from_be_bytes([high, read])),
            State::Name(marker, matched, left) => self.name(marker, matched, left, byte),
            State::Samples if read == 0xff => State::SamplesMark,
            State::Samples => State::Samples,
            State::SamplesMark => self.in_samples(read),
            State::Behind if read == 0xff => State::BehindMark,
            State::BehindMark => match read {
                0xd8 => self.picture(false),
                0x4f => self.picture(true),
                0xff => State::BehindMark,
                _ => {
                    self.blank_one(byte);
                    State::Behind
                }
            },
            State::BoxHead => self.box_head(read),
            _ => State::Pass,
        };
    }

    fn picture(&mut self, two_thousand: bool) -> State {
        self.two_thousand = two_thousand;
        State::Between
    }

    fn marker(&mut self, marker: u8) -> State {
        match (marker, self.two_thousand) {
            (0xff, _) => State::Mark,
            (END, _) => State::Behind,
            (0x93, true) => State::Samples,
            (0x30..=0x3f | 0x4f, true) | (0x00 | 0x01 | 0xd0..=0xd8, false) => State::Between,
            _ => State::Length(marker),
        }
    }

    /// The marker segment of a length, which counts itself.
    fn segment(&mut self, marker: u8, len: u16) -> State {
        let left = len.saturating_sub(2);
        let comment = match self.two_thousand {
            true => marker == 0x64,
            false => marker == 0xfe,
        };
        if comment {
            return after(u64::from(left), State::Blank, State::Between);
        }
        match (marker, self.two_thousand) {
            // The scan's own head is short and has no room for text.
            (0xda, false) => State::Samples,
            (0xe0..=0xef, false) if left > 0 => State::Name(marker, 0, left),
            _ => after(u64::from(left), State::Keep, State::Between),
        }
    }

    /// Application data that readers need to show the picture right stays, as far as its form is fixed.
    fn name(&mut self, marker: u8, matched: u8, left: u16, byte: &mut u8) -> State {
        let needed = NEEDED.iter().find(|(known, _, _)| *known == marker);
        let expected = needed.and_then(|(_, name, _)| name.get(usize::from(matched)));
        let left = left - 1;
        let rest = u64::from(left);
        match (expected, needed) {
            (Some(expected), Some((_, name, fixed))) if *expected == *byte => {
                let matched = matched + 1;
                if usize::from(matched) < name.len() && left > 0 {
                    return State::Name(marker, matched, left);
                }
                let fixed = u64::from(fixed.saturating_sub(matched)).min(rest);
                if rest == fixed {
                    return after(rest, State::Keep, State::Between);
                }
                State::Tail(fixed, rest - fixed)
            }
            _ => {
                self.blank_one(byte);
                after(rest, State::Blank, State::Between)
            }
        }
    }

    fn in_samples(&mut self, read: u8) -> State {
        match (read, self.two_thousand) {
            (0xff, _) => State::SamplesMark,
            (END, _) => State::Behind,
            (0x90, true) => State::Length(0x90),
            (_, true) | (0..=0xbf | 0xd0..=0xd7, false) => State::Samples,
            (0xd8, false) => State::Between,
            (marker, false) => State::Length(marker),
        }
    }

    fn box_head(&mut self, read: u8) -> State {
        self.head = self.head << 8 | u64::from(read);
        self.read += 1;
        if self.read < 8 {
            return State::BoxHead;
        }
        let [a, b, c, d, kind @ ..] = self.head.to_be_bytes();
        let len = u64::from(u32::from_be_bytes([a, b, c, d]));
        (self.head, self.read) = (0, 0);
        let known = !self.first || matches!(&kind, b"jP  " | b"JXL ");
        self.first = false;
        if !known {
            return State::Pass;
        }
        if &kind == b"jp2c" {
            return State::Start;
        }
        let left = match len {
            0 | 1 => u64::MAX,
            len => len.saturating_sub(8),
        };
        let keep = matches!(
            &kind,
            b"jP  " | b"JXL " | b"ftyp" | b"jp2h" | b"jxll" | b"jxlc" | b"jxlp" | b"jxli"
        );
        match keep {
            true => after(left, State::BoxKeep, State::BoxHead),
            false => after(left, State::BoxBlank, State::BoxHead),
        }
    }

    fn blank(&mut self, bytes: &mut [u8], len: usize) {
        for byte in bytes.iter_mut().take(len) {
            self.scrubbed += u64::from(*byte != 0);
            *byte = 0;
        }
    }

    fn blank_one(&mut self, byte: &mut u8) {
        self.scrubbed += u64::from(*byte != 0);
        *byte = 0;
    }
}

fn after(left: u64, state: impl FnOnce(u64) -> State, then: State) -> State {
    if left == 0 { then } else { state(left) }
}

const END: u8 = 0xd9;
/// Application data that decides about colours: marker, name, bytes of its fixed form.
const NEEDED: [(u8, &[u8], u8); 3] = [
    (0xe0, b"JFIF\0", 14),
    (0xe8, b"mrfx", 5),
    (0xee, b"Adobe", 12),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(picture: &[u8], chunk: usize) -> Vec<u8> {
        let mut scrubber = Scrubber::new();
        let mut bytes = picture.to_vec();
        scrubber.fragment();
        for part in bytes.chunks_mut(chunk) {
            scrubber.scrub(part);
        }
        bytes
    }

    fn jpeg() -> Vec<u8> {
        let mut jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
        jpeg.extend_from_slice(b"\xff\xfe\0\x0dMaria Brown");
        jpeg.extend_from_slice(b"\xff\xe1\0\x0eExif\0\0Brown!");
        jpeg.extend_from_slice(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x01");
        jpeg.extend_from_slice(
            b"\xff\xdb\0\x05\0\x10\x11\xff\xda\0\x04\x01\0\x12\xff\0\x34\xff\xd0",
        );
        jpeg.extend_from_slice(
            b"\x55\xff\xfe\0\x07Maria\xff\xda\0\x03\x01\x77\xff\xd9 Brown again",
        );
        jpeg
    }

    #[test]
    fn comments_and_application_data_of_jpeg_are_emptied_wherever_bytes_are_cut() {
        let whole = scrub(&jpeg(), 1 << 16);
        assert_eq!(whole.len(), jpeg().len());
        for word in [&b"Brown"[..], b"Maria", b"Exif", b"again"] {
            assert!(memchr::memmem::find(&whole, word).is_none());
        }
        for kept in [
            &b"JFIF\0\x01\x01"[..],
            b"Adobe\0\x64",
            b"\x12\xff\0\x34\xff\xd0\x55",
            b"\x77\xff\xd9",
        ] {
            assert!(memchr::memmem::find(&whole, kept).is_some());
        }
        for chunk in 1..9 {
            assert_eq!(scrub(&jpeg(), chunk), whole);
        }
    }

    #[test]
    fn comments_of_jpeg_2000_are_emptied_and_samples_stay() {
        let mut picture = b"\xff\x4f\xff\x51\0\x04ab\xff\x64\0\x0b\0\x01Brown12".to_vec();
        picture.extend_from_slice(b"\xff\x90\0\x0a\0\0\0\0\0\0\0\x01\xff\x64\0\x09\0\x01Brown");
        picture
            .extend_from_slice(b"\xff\x93\xff\x64\0\x07sample\xff\x91\0\x04\0\0more\xff\xd9Brown");
        let cleaned = scrub(&picture, 3);
        assert!(memchr::memmem::find(&cleaned, b"Brown").is_none());
        assert!(
            memchr::memmem::find(
                &cleaned,
                b"\xff\x93\xff\x64\0\x07sample\xff\x91\0\x04\0\0more\xff\xd9"
            )
            .is_some()
        );
        assert!(memchr::memmem::find(&cleaned, b"\xff\x51\0\x04ab").is_some());
    }

    #[test]
    fn what_is_no_picture_passes() {
        for other in [&b"\0\0\x01\xb3 video"[..], b"\x01\0\0\0 runs", b"text"] {
            assert_eq!(scrub(other, 2), other);
        }
    }

    #[test]
    fn the_second_frame_is_cleaned_too() {
        let mut scrubber = Scrubber::new();
        for _ in 0..2 {
            let mut frame = jpeg();
            scrubber.fragment();
            scrubber.scrub(&mut frame);
            assert!(memchr::memmem::find(&frame, b"Maria").is_none());
            assert!(memchr::memmem::find(&frame, b"\xff\xd8\xff\xe0").is_some());
        }
        assert!(scrubber.scrubbed() > 20);
    }
}
