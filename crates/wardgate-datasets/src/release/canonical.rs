//! RFC 8785: one way to write a value, so that a digest means one thing.

use serde_json::Value;

/// A value in canonical form. Numbers are whole; a figure with a fraction is written in millionths.
pub(super) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, name) in names.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(name.clone()).to_string());
                out.push(':');
                write(members.get(name).unwrap_or(&Value::Null), out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        // The short escapes and small hexadecimal digits of RFC 8785 are those of the library.
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_stand_in_the_order_of_utf16() {
        let value =
            json!({"\u{fb33}": 1, "\u{1f600}": 2, "b": [true, null, "\u{1}\n\"é"], "a": {}});
        let expected =
            "{\"a\":{},\"b\":[true,null,\"\\u0001\\n\\\"é\"],\"\u{1f600}\":2,\"\u{fb33}\":1}";
        assert_eq!(canonical(&value), expected);
    }
}
