//! What a person reads at the end, and what a machine does.

mod layout;

use std::fs;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wardgate_ledger::verify;

use super::Options;
use super::place::Place;
use super::stage::{Scene, Sides, Stage};
use crate::failure::Failure;
use crate::output::{Output, Style};

/// Writes `demo.json`, which other programs read to call the demo. Its keys open nothing else.
pub(super) fn write_facts(stage: &Stage<'_>) -> Result<(), Failure> {
    let path = stage.dir.root().join("demo.json");
    let text = format!("{:#}\n", facts(stage));
    fs::write(&path, text).map_err(|error| Failure::file("write", &path, &error))
}

/// Shows everything.
pub(super) fn show(stage: &Stage<'_>, options: &Options, place: &Place, output: Output) {
    let ledger = ledger(stage);
    if output.json {
        let as_stated = stage.scenes.iter().all(|scene| scene.as_stated);
        let value = json!({
            "as_stated": as_stated,
            "scenes": stage.scenes,
            "sides": stage.sides,
            "ledger": ledger,
            "demo": facts(stage),
        });
        return output.value(&value, String::new);
    }
    let style = Style::of_stdout();
    let mut table = Table::new();
    let width = table.width().unwrap_or(WIDTH_WITHOUT_TERMINAL);
    fill(&mut table, &stage.scenes, width, style);
    output.line(&format!("\n{table}"));
    if let Some(sides) = &stage.sides {
        output.line(&sides_text(stage, sides, usize::from(width), style));
    }
    output.line(&summary(stage, &ledger, style));
    if !options.exit {
        output.line(&try_it(stage, place, style));
    } else if !place.is_temporary() {
        output.line(&format!(
            "Serve it again with: wardgate serve --dir {}",
            place.root().display()
        ));
    }
}

fn fill(table: &mut Table, scenes: &[Scene], width: u16, style: Style) {
    let wide = width >= WIDE;
    let line = LineStyle::none().fill('─').junction('─');
    table
        .load_style(TableStyle::new().header_separator(line))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    let titles: &[&str] = match wide {
        true => &["", "Tried", "Expected", "What happened", "Code", "ms"],
        false => &["", "Tried, and expected", "What happened", "Code, ms"],
    };
    table.set_header(titles.iter().map(|title| bold(title, style)));
    let mut part = "";
    for scene in scenes {
        if scene.part != part {
            part = scene.part;
            table.add_row([Cell::new(""), bold(part, style)]);
        }
        table.add_row(row(scene, wide, style));
    }
    // Codes are words that people search for: they are not broken.
    if let Some(codes) = table.column_mut(if wide { 4 } else { 3 }) {
        codes.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn row(scene: &Scene, wide: bool, style: Style) -> Vec<Cell> {
    let ms = milliseconds(scene.took_us);
    let mark = mark(scene, style);
    if wide {
        let ms = Cell::new(ms).set_alignment(CellAlignment::Right);
        let code = coloured(&scene.code, code_colour(scene), style);
        let [tried, expected] = [scene.tried, scene.expected].map(Cell::new);
        return vec![mark, tried, expected, Cell::new(&scene.happened), code, ms];
    }
    let tried = format!("{}\n-> {}", scene.tried, scene.expected);
    let code = format!("{}\n{ms} ms", scene.code);
    let code = coloured(&code, code_colour(scene), style);
    vec![mark, Cell::new(tried), Cell::new(&scene.happened), code]
}

fn bold(text: &str, style: Style) -> Cell {
    let cell = Cell::new(text);
    if style.is_on() {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn coloured(text: &str, colour: Color, style: Style) -> Cell {
    let cell = Cell::new(text);
    if style.is_on() { cell.fg(colour) } else { cell }
}

fn mark(scene: &Scene, style: Style) -> Cell {
    match scene.as_stated {
        true => coloured("✓", Color::Green, style),
        false => coloured("✗", Color::Red, style),
    }
}

/// Refusals stand out from answers.
fn code_colour(scene: &Scene) -> Color {
    match scene.as_stated {
        false => Color::Red,
        true if scene.code.contains('.') => Color::Yellow,
        true => Color::Green,
    }
}

fn milliseconds(took_us: u64) -> String {
    format!("{}.{}", took_us / 1_000, took_us % 1_000 / 100)
}

fn sides_text(stage: &Stage<'_>, sides: &Sides, width: usize, style: Style) -> String {
    // The longest first: a family name may hold the name of a relative.
    let mut values: Vec<String> = stage.hospital.identifiers("vasquez");
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let note = |text: &str| {
        text.split_once("\n\n")
            .map_or(text, |(_, note)| note)
            .to_owned()
    };
    let columns = [
        layout::Column::new("The app sent", note(&sides.app_sent), &values),
        layout::Column::new("The model saw", note(&sides.model_saw), &[]),
        layout::Column::new("The app got", sides.app_got.clone(), &values),
    ];
    layout::side_by_side(&columns, width, style)
}

fn summary(stage: &Stage<'_>, ledger: &Value, style: Style) -> String {
    let all = stage.scenes.len();
    let good = stage.scenes.iter().filter(|scene| scene.as_stated).count();
    let line = format!("{good} of {all} went as stated.");
    let line = if good == all {
        style.green(&line)
    } else {
        style.red(&line)
    };
    let field = |name: &str| ledger.get(name).cloned().unwrap_or_default();
    let verified = match field("verified") {
        Value::Bool(true) => style.green("verified"),
        _ => style.red("not verified"),
    };
    format!(
        "{line}\nThe model is a stand-in that quotes what it is given; the rest is the product.\n\
         Ledger: {} entries, {verified},\nsigned by {}\n",
        field("entries"),
        super::NODE
    )
}

fn try_it(stage: &Stage<'_>, place: &Place, style: Style) -> String {
    let ca = stage.dir.ca_certificate();
    let ca = ca.display();
    let port = stage.node.gate_address().port();
    let key = stage.keys.first().map_or("", |key| key.key.as_str());
    let title = |text: &str| style.bold(text);
    let kept = match place.is_temporary() {
        true => "removed at the end",
        false => "kept",
    };
    format!(
        "{gate}     https://localhost:{port}/v1\n{console}  https://localhost:{console_port}/readyz and /metrics; enrol as its administrator, once:\n         {link}\n\
         {data}     {root} ({kept}; keys and ports are in demo.json)\n\n\
         {curl}\n\
         curl --cacert {ca} https://localhost:{port}/v1/chat/completions \\\n  \
           -H 'authorization: Bearer {key}' \\\n  \
           -H 'wardgate-purpose: TREAT' -H 'wardgate-patient: Patient/vasquez' \\\n  \
           -H 'content-type: application/json' \\\n  \
           -d '{{\"model\":\"ward-chat\",\"messages\":[{{\"role\":\"user\",\"content\":\"Is Rosalind Vasquez-Thornbury (DOB 03/14/1958) ready to go home?\"}}]}}'\n\n\
         {python}\n\
         import httpx, ssl\n\
         from openai import OpenAI\n\
         client = OpenAI(\n    \
             base_url=\"https://localhost:{port}/v1\",\n    \
             api_key=\"{key}\",\n    \
             http_client=httpx.Client(verify=ssl.create_default_context(cafile=\"{ca}\")),\n    \
             default_headers={{\"wardgate-purpose\": \"TREAT\", \"wardgate-patient\": \"Patient/vasquez\"}},\n\
         )\n\
         print(client.chat.completions.create(model=\"ward-chat\", messages=[\n    \
             {{\"role\": \"user\", \"content\": \"Is Rosalind ready to go home?\"}}]).choices[0].message.content)\n\n\
         {apply}\n\
         wardgate apply --dir {root} -f {root}/hospital   (after you changed a file there)\n\n\
         {end}",
        gate = title("Gate"),
        console = title("Console"),
        data = title("Data"),
        curl = title("Try it with curl"),
        python = title("or with the OpenAI package for Python"),
        apply = title("Change the hospital while it runs"),
        end = style.dim("Ctrl-C ends the demo."),
        link = stage.enrolment_link.expose_secret(),
        console_port = stage.node.console_address().port(),
        root = place.root().display(),
    )
}

fn ledger(stage: &Stage<'_>) -> Value {
    let dir = stage.dir.ledger();
    let key = fs::read_to_string(stage.dir.ledger_key()).unwrap_or_default();
    let verified = verify(&dir, &key);
    json!({
        "verified": verified.is_ok(),
        "entries": stage.node.ledger().size(),
        "key": key.lines().next(),
        "dir": dir,
    })
}

/// What a program needs to call the demo.
fn facts(stage: &Stage<'_>) -> Value {
    let snapshot = stage.node.records().store.snapshot();
    let mut models: Vec<_> = snapshot
        .systems()
        .map(|system| system.model.clone())
        .collect();
    models.sort_unstable();
    let patients: Vec<_> = stage
        .hospital
        .notes()
        .iter()
        .map(|note| format!("Patient/{}", note.patient))
        .collect();
    let keys: serde_json::Map<_, _> = stage
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), json!(key)))
        .collect();
    json!({
        "about": "the Wardgate demo; its people are invented, and its keys open nothing else",
        "gate": format!("https://localhost:{}", stage.node.gate_address().port()),
        "base_url": format!("https://localhost:{}/v1", stage.node.gate_address().port()),
        "console": format!("https://localhost:{}", stage.node.console_address().port()),
        "enrolment_link": stage.enrolment_link.expose_secret(),
        "ca": stage.dir.ca_certificate(),
        "keys": keys,
        "models": models,
        "patients": patients,
    })
}

/// From this width on, every column of the table stands alone.
const WIDE: u16 = 120;
const WIDTH_WITHOUT_TERMINAL: u16 = 140;
