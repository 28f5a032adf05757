//! The functions over single rows.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Field;
use datafusion::common::ScalarValue;
use datafusion::config::ConfigOptions;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_fhir::{Options, PatientIndex, ResourceDeidentifier};

use super::*;

fn work() -> Work {
    let key = ProjectKey::new([7; 32]);
    let as_of = Day::new(2026, 11, 30).unwrap();
    let records = Arc::new(RecordRules::new(
        Engine::exact_only(),
        Profile::safe_harbor(),
        key,
        as_of,
    ));
    let fhir = ResourceDeidentifier::new(
        Arc::clone(&records),
        Arc::new(PatientIndex::new()),
        Options::default(),
    );
    Work {
        records,
        fhir: Arc::new(fhir),
    }
}

fn call(work: Option<&Work>, name: &str, args: &[ScalarValue]) -> Result<Option<String>> {
    let all = functions("k", work);
    let function = all
        .iter()
        .find(|function| function.aliases().iter().any(|alias| alias == name));
    let function = function.unwrap();
    let fields = args
        .iter()
        .map(|arg| Arc::new(Field::new("a", arg.data_type(), true)))
        .collect();
    let written = function.invoke_with_args(ScalarFunctionArgs {
        args: args.iter().cloned().map(ColumnarValue::Scalar).collect(),
        arg_fields: fields,
        number_rows: 1,
        return_field: Arc::new(Field::new("out", DataType::Utf8, true)),
        config_options: Arc::new(ConfigOptions::new()),
    })?;
    let array = written.to_array(1)?;
    let text = array.as_string::<i32>();
    Ok(text.iter().next().flatten().map(str::to_owned))
}

fn text(text: &str) -> ScalarValue {
    ScalarValue::Utf8View(Some(text.to_owned()))
}

#[test]
fn a_patient_has_one_stand_in_and_shift_in_every_function() {
    let work = work();
    let mrn = call(
        Some(&work),
        "pseudonym",
        &[text("mrn"), text("0044127"), text("0044127")],
    )
    .unwrap()
    .unwrap();
    assert_ne!(mrn, "0044127");
    let shifted = call(
        Some(&work),
        "shift_date",
        &[text("2024-03-12T10:00:00"), text("44127")],
    )
    .unwrap()
    .unwrap();
    assert!(
        shifted.ends_with("T10:00:00") && !shifted.starts_with("2024-03-12"),
        "{shifted}"
    );
    let args = [
        text("Maria Schmidt came on 2024-03-12."),
        text("0044127"),
        text("Schmidt, Maria"),
    ];
    let note = call(Some(&work), "deid_text", &args).unwrap().unwrap();
    let day = shifted.split('T').next().unwrap();
    assert!(
        !note.contains("Schmidt") && note.contains(day),
        "{note} {day}"
    );
    let date = ScalarValue::Date32(Some(19_794));
    let same = call(Some(&work), "shift_date", &[date, text("44127")])
        .unwrap()
        .unwrap();
    assert_eq!(same, day);
}

#[test]
fn values_get_coarser() {
    let work = work();
    let number = ScalarValue::Int64(Some(43));
    let width = ScalarValue::Int64(Some(5));
    let range = call(Some(&work), "generalise_number", &[number, width]).unwrap();
    assert_eq!(range.as_deref(), Some("[40, 45)"));
    let three = ScalarValue::Int64(Some(3));
    let prefix = call(Some(&work), "generalise_text", &[text("97141"), three]).unwrap();
    assert_eq!(prefix.as_deref(), Some("971"));
    let year = call(Some(&work), "generalise_date", &[text("2024-03-12")]).unwrap();
    assert_eq!(year.as_deref(), Some("2024"));
    let none = call(Some(&work), "generalise_date", &[text("in spring")]).unwrap();
    assert_eq!(none, None);
}

#[test]
fn what_can_not_be_done_is_refused_without_a_value() {
    let work = work();
    let nobody = call(
        Some(&work),
        "deid_text",
        &[text("Maria came."), ScalarValue::Utf8(None)],
    );
    assert!(nobody.unwrap_err().to_string().contains(NO_PATIENT));
    let kind = call(
        Some(&work),
        "pseudonym",
        &[text("species"), text("Maria"), text("1")],
    );
    let fault = kind.unwrap_err().to_string();
    assert!(fault.contains(BAD_ARGUMENT) && !fault.contains("Maria"));
    let keyless = call(None, "deid_text", &[text("Maria came."), text("1")]);
    assert!(keyless.unwrap_err().to_string().contains(NO_KEY));
    let broken = call(
        Some(&work),
        "deid_fhir",
        &[text("{\"resourceType\":\"Nothing\"}")],
    )
    .unwrap();
    assert_eq!(broken, None);
}
