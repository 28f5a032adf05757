//! A scheduler and two executors, all of them this program, on loopback.

use std::fs;

use crate::scene::{COLUMNS, Running, Scene, contents, free_address, said, until, wait_for};

/// The running parts of a cluster.
struct Cluster {
    address: String,
    _scheduler: Running,
    executors: Vec<Running>,
}

impl Cluster {
    /// A cluster whose executors have these keys.
    fn start(scene: &Scene, key_id: &str, keys: &[&str]) -> Self {
        let address = free_address();
        let scheduler = ["scheduler", "--listen", &address, "--key-id", key_id];
        let scheduler = Running::start(scene.command(&scheduler));
        wait_for(&address);
        let executor = |(number, key): (usize, &&str)| {
            let (listen, work) = (free_address(), format!("work-{number}"));
            let arguments = [
                "executor",
                "--scheduler",
                &address,
                "--listen",
                &listen,
                "--work",
                &work,
                "--at-once",
                "1",
                "--key",
                key,
                "--as-of",
                "2026-11-30",
            ];
            let running = Running::start(scene.command(&arguments));
            wait_for(&listen);
            running
        };
        Self {
            executors: keys.iter().enumerate().map(executor).collect(),
            address,
            _scheduler: scheduler,
        }
    }

    fn submit<'a>(&'a self, key_id: &'a str, input: &'a str, out: &'a str) -> Vec<&'a str> {
        vec![
            "submit",
            "job.yaml",
            input,
            out,
            "--scheduler",
            &self.address,
            "--key-id",
            key_id,
            "--at-once",
            "4",
        ]
    }
}

fn alone(scene: &Scene, input: &str, out: &str) {
    let output = scene.run(&[
        "run",
        "job.yaml",
        input,
        out,
        "--key",
        "project.key",
        "--as-of",
        "2026-11-30",
    ]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn two_executors_write_the_bytes_that_one_machine_writes() {
    for format in ["ndjson", "parquet"] {
        let scene = Scene::new(&format!("format: {format}\n{COLUMNS}"));
        scene.fill(5, 60);
        let key_id = scene.key_id("project.key");
        alone(&scene, format, "alone");
        let cluster = Cluster::start(&scene, &key_id, &["project.key", "project.key"]);
        let output = scene.run(&cluster.submit(&key_id, format, "together"));
        assert!(output.status.success(), "{}", said(&output));
        let (one, other) = (
            contents(&scene.path("alone")),
            contents(&scene.path("together")),
        );
        assert_eq!(one.len(), 5);
        assert!(one == other, "{format}: the cluster wrote other bytes");
    }
}

#[test]
fn another_key_fails_the_job_and_writes_nothing() {
    let scene = Scene::new(&format!("format: ndjson\n{COLUMNS}"));
    scene.fill(1, 10);
    scene.key("other.key", 9);
    let (key_id, other) = (scene.key_id("project.key"), scene.key_id("other.key"));
    let cluster = Cluster::start(&scene, &key_id, &["other.key"]);
    for id in [&key_id, &other] {
        let output = scene.run(&cluster.submit(id, "ndjson", "out"));
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("another key"), "{}", said(&output));
        assert!(!scene.path("out").exists() && scene.leftovers().is_empty());
    }
}

#[test]
fn an_executor_that_dies_never_leaves_half_an_output() {
    let scene = Scene::new(&format!("format: ndjson\n{COLUMNS}"));
    scene.fill(8, 120);
    let key_id = scene.key_id("project.key");
    alone(&scene, "ndjson", "alone");
    let mut cluster = Cluster::start(&scene, &key_id, &["project.key", "project.key"]);
    let mut job = Running::start(scene.command(&cluster.submit(&key_id, "ndjson", "together")));
    // As soon as the first of the two has a result on its disk, it dies.
    let work = scene.path("work-0");
    until(|| {
        job.has_ended() || fs::read_dir(&work).is_ok_and(|mut entries| entries.next().is_some())
    });
    if let Some(executor) = cluster.executors.first_mut() {
        executor.kill();
    }
    until(|| job.has_ended());
    if scene.path("together").exists() {
        assert!(contents(&scene.path("alone")) == contents(&scene.path("together")));
    }
    assert!(scene.leftovers().is_empty());
}
