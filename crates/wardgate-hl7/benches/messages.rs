//! What a message costs in CPU time: of few patients, as in a feed, and of another patient each; with and without the
//! second look.
//!
//! Takes the messages of the file in `WARDGATE_HL7_FILE`, or some that are made here.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::fs;
use std::sync::Arc;

use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_hl7::v2::{Counts, MessageDeidentifier, Messages, Options};

fn main() {
    let stream = match std::env::var_os("WARDGATE_HL7_FILE") {
        Some(file) => fs::read(file).unwrap(),
        None => made().into_bytes(),
    };
    let messages: Vec<Vec<u8>> = Messages::new(stream.as_slice())
        .collect::<Result<_, _>>()
        .unwrap();
    for (verified, fresh) in [(false, false), (true, false), (false, true), (true, true)] {
        let as_of = Day::new(2026, 11, 30).unwrap();
        let rules = RecordRules::new(
            Engine::new(),
            Profile::safe_harbor(),
            ProjectKey::new([7; 32]),
            as_of,
        );
        let deidentifier = MessageDeidentifier::new(Arc::new(rules), Options::default());
        let (mut count, mut bytes) = (0_u32, 0);
        let (mut output, mut counts) = (Vec::new(), Counts::new());
        let mut seconds = 0.0;
        while seconds < SECONDS {
            // What is measured is ready before the clock runs.
            let mut inputs = Vec::new();
            while inputs.len() < MESSAGES_AT_ONCE {
                for message in &messages {
                    count += 1;
                    inputs.push(renumbered(message, count, fresh));
                }
            }
            let started = cpu_seconds();
            for input in &inputs {
                output.clear();
                deidentifier
                    .message_into(input, &mut output, &mut counts)
                    .unwrap();
                if verified {
                    assert!(!deidentifier.verify(input, &output).unwrap().any());
                }
                bytes += input.len();
            }
            seconds += cpu_seconds() - started;
        }
        println!(
            "{}, {}: {:.0} messages and {:.1} MB in a second of one core",
            if fresh {
                "another patient each"
            } else {
                "few patients"
            },
            if verified { "verified" } else { "not verified" },
            f64::from(count) / seconds,
            f64::from(u32::try_from(bytes / 1000).unwrap()) / 1000.0 / seconds,
        );
    }
}

/// A message with another control id, and with another patient in each of its fields when it is to be about somebody
/// else.
fn renumbered(message: &[u8], count: u32, fresh: bool) -> Vec<u8> {
    let text = std::str::from_utf8(message).unwrap();
    let lines = text.split_inclusive('\r').map(|line| {
        let mut fields: Vec<String> = line.split('|').map(str::to_owned).collect();
        match fields.first().map(String::as_str) {
            Some("MSH") => {
                if let Some(control) = fields.get_mut(9) {
                    *control = format!("M{count}");
                }
            }
            Some("PID") if fresh => {
                for (number, value) in another(count) {
                    let filled = fields.get_mut(number).filter(|field| !field.is_empty());
                    if let Some(field) = filled {
                        // What stands behind the changed components stays.
                        let changed = value.matches('^').count() + 1;
                        let rest = field.split('^').skip(changed);
                        let rest: String = rest.map(|part| format!("^{part}")).collect();
                        *field = format!("{value}{rest}");
                    }
                }
            }
            _ => {}
        }
        fields.join("|")
    });
    lines.collect::<String>().into_bytes()
}

/// Number, name, birth date, address and phone number of an invented patient, by their fields.
fn another(count: u32) -> [(usize, String); 5] {
    let word = |seed: u32| -> String {
        let mut rest = seed.wrapping_mul(0x9e37_79b1) | 1;
        let syllables = (0..3).map(|_| {
            let syllable = SYLLABLES.get(rest as usize % SYLLABLES.len());
            rest /= 16;
            *syllable.unwrap()
        });
        syllables.collect()
    };
    let (family, given, street) = (word(count), word(count ^ 0x5555), word(count ^ 0x3333));
    let (month, day) = (1 + count % 12, 1 + count % 28);
    [
        (3, format!("7{count:07}")),
        (5, format!("F{family}^G{given}")),
        (7, format!("{}{month:02}{day:02}", 1940 + count % 70)),
        (11, format!("{} S{street} Lane^^Ambleton", count % 9999)),
        (13, format!("617555{:04}", count % 10_000)),
    ]
}

/// Invented results of three patients.
fn made() -> String {
    let people = [
        ("Trzebiatowski", "Ottilie"),
        ("Vandersloot", "Piet"),
        ("Okonjo", "Adaeze"),
    ];
    let messages = people.iter().enumerate().map(|(at, (family, given))| {
        format!(
            "MSH|^~\\&|LAB|HILDA|EHR|WEST|2024031210{at:02}||ORU^R01|{at}|P|2.5.1\r\
             PID|1||4812067{at}^^^HILDA^MR||{family}^{given}||19710523|F|||1{at} Mill Lane^^Ambleton^MA^02139||6175558842\r\
             PV1|1|I|ICU^3^A||||4471^Umlauf^Greta^^^Dr\rORC|RE|77200{at}|99200{at}\r\
             OBR|1|77200{at}|99200{at}|24323-8^Comprehensive metabolic panel^LN|||20240312093000\r\
             OBX|1|NM|2160-0^Creatinine^LN||1.2|mg/dL|0.6-1.3||||F|||20240312093000\r\
             OBX|2|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1||||F|||20240312093000\r\
             NTE|1|L|Sample slightly haemolysed, repeat if needed.\r"
        )
    });
    messages.collect()
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit(')').next().unwrap();
    let ticks = behind_name.split_whitespace().skip(11).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS_PER_SECOND
}

const SYLLABLES: [&str; 16] = [
    "ka", "lor", "min", "ter", "bra", "von", "sel", "dor", "wick", "ham", "ren", "tal", "qui",
    "zan", "mer", "pol",
];
const SECONDS: f64 = 4.0;
const MESSAGES_AT_ONCE: usize = 4000;
const TICKS_PER_SECOND: f64 = 100.0;
