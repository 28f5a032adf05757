//! The engine that ships keeps its figures on texts of writers that it was not trained on.

use std::path::Path;

use wardgate_deid::Engine;
use wardgate_trainer::corpus::Source;
use wardgate_trainer::measure;

const FLOORS: &str = include_str!("floors.txt");

#[test]
fn the_engine_that_ships_reaches_its_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpora = root.join("../shared/corpora/deid-text");
    let engine = Engine::new();
    let mut below = Vec::new();
    for line in FLOORS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let source = words.next().unwrap();
        let floors: Vec<f64> = words.map(|word| word.parse().unwrap()).collect();
        let path = corpora.join(source);
        let source: Source = match source.starts_with("notes:") {
            true => source.parse().unwrap(),
            // A clone without the public corpora measures on generated notes alone.
            false if !path.exists() => continue,
            false => Source::File(path.to_string_lossy().into_owned()),
        };
        let documents = source
            .documents(&root.join("crates/wardgate-notes/writers"))
            .unwrap();
        let score = measure::score(&engine, &documents, |_| {});
        let [leaking, whole, recall, precision, altered] = floors[..] else {
            panic!("`{line}` has not five figures");
        };
        let reached = score.leaking.percent() <= leaking
            && score.whole().percent() >= whole
            && score.recall().percent() >= recall
            && score.precision().percent() >= precision
            && score.altered.percent() <= altered;
        if !reached {
            below.push(format!("{line}\n  {}", measure::figures(&score)));
        }
    }
    assert!(below.is_empty(), "{}", below.join("\n"));
}
