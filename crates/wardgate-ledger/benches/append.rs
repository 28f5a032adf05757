//! Durable appends and verification: time, and CPU time of the whole process.
//!
//! `cargo bench --profile demo -p wardgate-ledger`; set `TMPDIR` to choose the volume.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set up has nothing to measure"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use wardgate_ledger::{Ledger, Options, Signer, verify};

criterion_group! {
    name = elapsed;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = appends_elapsed, verification_elapsed
}
criterion_group! {
    name = cpu;
    config = Criterion::default()
        .with_measurement(ProcessCpu)
        .sample_size(20)
        .measurement_time(Duration::from_secs(2));
    targets = appends_cpu, verification_cpu
}
criterion_main!(elapsed, cpu);

fn appends_elapsed(criterion: &mut Criterion) {
    appends(criterion.benchmark_group("append 1 KiB durable"));
}

fn appends_cpu(criterion: &mut Criterion<ProcessCpu>) {
    appends(criterion.benchmark_group("append 1 KiB durable, CPU"));
}

fn appends<M: Measurement>(mut group: BenchmarkGroup<'_, M>) {
    for in_flight in [1u64, 8, 64, 256] {
        let (_directory, ledger) = ledger();
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        group.throughput(Throughput::Elements(in_flight));
        group.bench_function(format!("{in_flight} in flight"), |bencher| {
            bencher.iter(|| append(&runtime, &ledger, in_flight));
        });
    }
    // What one record costs at least: the same bytes to a plain file, one sync each.
    let directory = tempfile::tempdir().expect("a directory");
    let mut file = File::create(directory.path().join("bare")).expect("a file");
    group.throughput(Throughput::Elements(1));
    group.bench_function("bare write and fdatasync", |bencher| {
        bencher.iter(|| {
            file.write_all(&[b'x'; 1056])
                .and_then(|()| file.sync_data())
                .expect("durable");
        });
    });
    group.finish();
}

fn verification_elapsed(criterion: &mut Criterion) {
    verification(criterion.benchmark_group("verify 1 KiB"));
}

fn verification_cpu(criterion: &mut Criterion<ProcessCpu>) {
    verification(criterion.benchmark_group("verify 1 KiB, CPU"));
}

fn verification<M: Measurement>(mut group: BenchmarkGroup<'_, M>) {
    let (directory, ledger) = ledger();
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    for _ in 0..RECORDS_VERIFIED / 256 {
        append(&runtime, &ledger, 256);
    }
    ledger.close().expect("closing");
    group.throughput(Throughput::Elements(RECORDS_VERIFIED));
    let vkey = signer().vkey();
    let check = || black_box(verify(directory.path(), &vkey).expect("it verifies").size);
    group.bench_function("with journal", |bencher| bencher.iter(check));
    std::fs::remove_dir_all(directory.path().join("journal")).expect("removing");
    group.bench_function("export", |bencher| bencher.iter(check));
    group.finish();
}

fn append(runtime: &Runtime, ledger: &Ledger, in_flight: u64) {
    runtime.block_on(async {
        if in_flight == 1 {
            ledger
                .append([0; 32], vec![b'x'; 1024])
                .await
                .expect("durable");
            return;
        }
        let mut flights = JoinSet::new();
        for _ in 0..in_flight {
            let ledger = ledger.clone();
            flights.spawn(async move { ledger.append([0; 32], vec![b'x'; 1024]).await });
        }
        while let Some(receipt) = flights.join_next().await {
            black_box(receipt.expect("no panic").expect("durable"));
        }
    });
}

fn ledger() -> (TempDir, Ledger) {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = Ledger::create(directory.path(), signer(), &Options::default());
    (directory, ledger.expect("a ledger"))
}

fn signer() -> Signer {
    Signer::from_seed("bench.example/ledger", &[1; 32]).expect("a signer")
}

/// The CPU time of all threads, so that writer and publisher count too.
struct ProcessCpu;

impl Measurement for ProcessCpu {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).unwrap_or_default(),
        )
    }

    fn end(&self, start: Duration) -> Duration {
        self.start().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_secs_f64() * 1e9
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &CpuFormatter
    }
}

struct CpuFormatter;

impl ValueFormatter for CpuFormatter {
    fn scale_values(&self, _typical: f64, values: &mut [f64]) -> &'static str {
        values.iter_mut().for_each(|value| *value /= 1e3);
        "us CPU"
    }

    fn scale_throughputs(
        &self,
        _typical: f64,
        of: &Throughput,
        values: &mut [f64],
    ) -> &'static str {
        let count = match of {
            Throughput::Elements(count) | Throughput::Bytes(count) => *count,
            _ => 1,
        };
        values
            .iter_mut()
            .for_each(|value| *value /= 1e3 * count as f64);
        "us CPU each"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "ns CPU"
    }
}

const RECORDS_VERIFIED: u64 = 256 * 200;
