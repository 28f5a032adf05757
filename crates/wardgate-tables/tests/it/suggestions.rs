//! Roles of columns are suggested for reasons.

use std::fmt::Write as _;

use wardgate_tables::{
    Combination, Format, HierarchyRule, Kind, ReadOptions, Role, Suggestion, Table,
};

fn people() -> Table {
    let mut text = String::from("mrn,contact,born,zip,sex,code,country,diagnosis,note\n");
    for row in 0..100 {
        let _ = writeln!(
            text,
            "WG-{row:05},p{row}@example.org,19{:02}-0{}-11,0{}139,{},K{}X{},DE,{},free words {row}",
            row % 90,
            1 + row % 9,
            row % 10,
            if row % 3 == 0 { "female" } else { "male" },
            row / 10,
            row % 7,
            ["flu", "gout"][row % 2],
        );
    }
    Table::read(Format::Csv, text.as_bytes(), &ReadOptions::default()).unwrap()
}

#[test]
fn roles_are_suggested_with_reasons() {
    let table = people();
    let found = Suggestion::all(&table);
    let roles: Vec<(&str, Role)> = found.iter().map(|s| (s.column.as_str(), s.role)).collect();
    assert_eq!(
        roles,
        [
            ("mrn", Role::Identifying),
            ("contact", Role::Identifying),
            ("born", Role::Quasi),
            ("zip", Role::Quasi),
            ("sex", Role::Quasi),
            ("code", Role::Quasi),
            ("country", Role::Insensitive),
            ("diagnosis", Role::Sensitive),
            ("note", Role::Identifying),
        ]
    );
    assert!(
        found
            .iter()
            .all(|suggestion| !suggestion.reasons.is_empty())
    );
    assert_eq!(found[2].kind, Kind::Date);
    assert_eq!(found[2].hierarchy, Some(HierarchyRule::Dates));
    assert_eq!(found[3].hierarchy, Some(HierarchyRule::Mask));
    assert!(found[0].uniqueness > 0.99 && found[0].separation > 0.99);
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains("WG-") && !text.contains("example.org") && !text.contains("gout"));
}

#[test]
fn columns_together_tell_more_rows_apart() {
    let table = people();
    let alone = Combination::of(&table, &["zip"]).unwrap();
    let together = Combination::of(&table, &["zip", "born"]).unwrap();
    assert!(alone.uniqueness < together.uniqueness);
    assert!(Combination::of(&table, &["weight"]).is_err());
}
