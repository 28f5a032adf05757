//! A job over one file as a plan of DataFusion.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::execution::options::{CsvReadOptions, JsonReadOptions, ParquetReadOptions};
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::failure::Failure;
use crate::files::InputFile;
use crate::job::{Format, Job};

/// A configuration with which the rows of a file come in the order of the file: one partition, and nothing that
/// would mix rows.
pub(crate) fn in_order(config: SessionConfig) -> SessionConfig {
    config
        .with_target_partitions(1)
        .with_batch_size(BATCH_ROWS)
        .with_repartition_file_scans(false)
        .with_round_robin_repartition(false)
}

/// The columns of all files of a job, where a format does not tell them in each file.
pub(crate) async fn shared_schema(
    context: &SessionContext,
    job: &Job,
    files: &[InputFile],
) -> Result<Option<Arc<Schema>>, Failure> {
    match job.format {
        Format::Parquet => Ok(None),
        Format::Lines => Ok(Some(Arc::new(Schema::new(vec![Field::new(
            LINE,
            DataType::Utf8,
            true,
        )])))),
        Format::Ndjson => {
            let paths: Vec<String> = files.iter().map(|file| url(&file.from)).collect();
            let options = JsonReadOptions::default()
                .schema_infer_max_records(RECORDS_LOOKED_AT)
                .file_extension("");
            let frame = context.read_json(paths, options).await;
            let frame =
                frame.map_err(|error| Failure::engine("the columns of the input", &error))?;
            Ok(Some(Arc::new(frame.schema().as_arrow().clone())))
        }
    }
}

/// The rows that a job makes of a file.
pub(crate) async fn frame(
    context: &SessionContext,
    job: &Job,
    file: &Path,
    schema: Option<&Schema>,
) -> Result<DataFrame, Failure> {
    let work = format!("`{}`", file.display());
    let read = match (job.format, schema) {
        (Format::Ndjson, Some(schema)) => {
            let options = JsonReadOptions::default().schema(schema).file_extension("");
            context.read_json(url(file), options).await
        }
        (Format::Lines, Some(schema)) => {
            // No JSON text holds these two characters as they are, so that each line is one cell.
            let options = CsvReadOptions::new()
                .has_header(false)
                .delimiter(b'\x1f')
                .quote(b'\x1e')
                .terminator(Some(b'\n'))
                .schema(schema)
                .file_extension("");
            context.read_csv(url(file), options).await
        }
        _ => {
            let options = ParquetReadOptions::default().file_extension("");
            context.read_parquet(url(file), options).await
        }
    };
    let frame = read.map_err(|error| Failure::engine(&work, &error))?;
    let columns = columns(context, job, &frame)?;
    frame
        .select(columns)
        .map_err(|error| Failure::engine(&work, &error))
}

/// The expressions of a job's columns.
fn columns(context: &SessionContext, job: &Job, frame: &DataFrame) -> Result<Vec<Expr>, Failure> {
    let mut columns = Vec::with_capacity(job.columns.len());
    for column in &job.columns {
        let quoted = format!("\"{}\"", column.name.replace('"', "\"\""));
        let text = column.expression.as_deref().unwrap_or(&quoted);
        let work = format!("the column `{}` of the job", column.name);
        let expression = context
            .parse_sql_expr(text, frame.schema())
            .map_err(|error| Failure::engine(&work, &error))?;
        if !is_of_its_row(&expression) {
            return Err(Failure::new(
                format!("{work} is not worked out from its row alone"),
                "leave out aggregates, windows, subqueries, and functions of time or chance",
            ));
        }
        columns.push(expression.alias(&column.name));
    }
    Ok(columns)
}

/// Whether an expression gives the same value for the same row, whichever machine works it out and when.
fn is_of_its_row(expression: &Expr) -> bool {
    let mut of_its_row = true;
    let walked = expression.apply(|part| {
        of_its_row &= match part {
            Expr::AggregateFunction(_)
            | Expr::WindowFunction(_)
            | Expr::ScalarSubquery(_)
            | Expr::Exists(_)
            | Expr::InSubquery(_)
            | Expr::Unnest(_) => false,
            Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Immutable,
            _ => true,
        };
        Ok(TreeNodeRecursion::Continue)
    });
    walked.is_ok() && of_its_row
}

/// A path as the parts of a cluster name it.
fn url(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The column of lines.
const LINE: &str = "line";
/// Records of NDJSON that columns and their types are learned from.
const RECORDS_LOOKED_AT: usize = 100_000;
const BATCH_ROWS: usize = 8_192;
