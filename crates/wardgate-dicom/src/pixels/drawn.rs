//! Pictures for tests: grounds like tissue and grain, with words in a small font of our own.

/// A picture of one channel.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) values: Vec<u16>,
    pub(crate) columns: usize,
}

/// Where something was written.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Place {
    pub(crate) fn contains(&self, column: usize, row: usize) -> bool {
        (self.left..self.right).contains(&column) && (self.top..self.bottom).contains(&row)
    }

    pub(crate) fn near(&self, column: usize, row: usize, by: usize) -> bool {
        let columns = self.left.saturating_sub(by)..self.right + by;
        columns.contains(&column) && (self.top.saturating_sub(by)..self.bottom + by).contains(&row)
    }
}

impl Picture {
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Writes a text with letters of 5 by 7 squares of `size` pixels.
    pub(crate) fn write(
        &mut self,
        text: &str,
        (left, top): (usize, usize),
        size: usize,
        value: u16,
    ) -> Place {
        for (at, letter) in text.chars().enumerate() {
            let shape = FONT
                .iter()
                .find(|(known, _)| *known == letter)
                .map_or([0; 7], |(_, shape)| *shape);
            for (row, bits) in shape.iter().enumerate() {
                for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                    for pixel in 0..size * size {
                        let x = left + (at * 6 + column) * size + pixel % size;
                        let y = top + row * size + pixel / size;
                        if x < self.columns && y < self.rows() {
                            self.values[y * self.columns + x] = value;
                        }
                    }
                }
            }
        }
        let right = left + text.chars().count() * 6 * size - size;
        Place {
            left,
            top,
            right: right.min(self.columns),
            bottom: (top + 7 * size).min(self.rows()),
        }
    }
}

/// A ground of 12 bits by a seed: black, a slope, grain, or round parts with edges and grain, as a section has.
pub(crate) fn ground(seed: u64, columns: usize, rows: usize) -> Picture {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut grain = move || {
        let mut sum = 0_i64;
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            sum += i64::try_from(state % 256).unwrap() - 128;
        }
        sum / 2
    };
    let at = |index: usize, side: usize| index as f64 / side as f64 - 0.5;
    let values = (0..columns * rows).map(|index| {
        let (x, y) = (at(index % columns, columns), at(index / columns, rows));
        let round = (x * x + y * y * 1.2).sqrt();
        let value = match seed % 4 {
            0 => 0,
            1 => ((x + 0.5) * 2400.0) as i64 + grain() / 8,
            2 => 1200 + grain(),
            _ if round < 0.36 => {
                900 + ((x * 21.0).sin() * (y * 17.0).cos() * 300.0) as i64 + grain() / 3
            }
            _ if round < 0.40 => 2600 + grain() / 3,
            _ => 40 + grain() / 16,
        };
        u16::try_from(value.clamp(0, 3600)).unwrap()
    });
    Picture {
        values: values.collect(),
        columns,
    }
}

const FONT: [(char, [u8; 7]); 28] = [
    (
        'A',
        [
            0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001,
        ],
    ),
    (
        'B',
        [
            0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110,
        ],
    ),
    (
        'C',
        [
            0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110,
        ],
    ),
    (
        'D',
        [
            0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110,
        ],
    ),
    (
        'E',
        [
            0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111,
        ],
    ),
    (
        'F',
        [
            0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000,
        ],
    ),
    (
        'G',
        [
            0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01110,
        ],
    ),
    (
        'H',
        [
            0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001,
        ],
    ),
    (
        'I',
        [
            0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
        ],
    ),
    (
        'J',
        [
            0b00111, 0b00010, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100,
        ],
    ),
    (
        'K',
        [
            0b10001, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0b10001,
        ],
    ),
    (
        'L',
        [
            0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111,
        ],
    ),
    (
        'M',
        [
            0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001,
        ],
    ),
    (
        'N',
        [
            0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001, 0b10001,
        ],
    ),
    (
        'O',
        [
            0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110,
        ],
    ),
    (
        'P',
        [
            0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000,
        ],
    ),
    (
        'R',
        [
            0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001,
        ],
    ),
    (
        'S',
        [
            0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110,
        ],
    ),
    (
        'T',
        [
            0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100,
        ],
    ),
    (
        '0',
        [
            0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110,
        ],
    ),
    (
        '1',
        [
            0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
        ],
    ),
    (
        '2',
        [
            0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111,
        ],
    ),
    (
        '4',
        [
            0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010,
        ],
    ),
    (
        '5',
        [
            0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110,
        ],
    ),
    (
        '6',
        [
            0b01110, 0b10000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110,
        ],
    ),
    (
        '7',
        [
            0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000,
        ],
    ),
    (
        '9',
        [
            0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00001, 0b01110,
        ],
    ),
    (
        ',',
        [
            0b00000, 0b00000, 0b00000, 0b00000, 0b00110, 0b00100, 0b01000,
        ],
    ),
];
