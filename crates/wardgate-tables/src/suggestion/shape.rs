//! Direct identifiers that the values of a column look like.

use crate::table::Column;

/// A shape that only direct identifiers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Email,
    Phone,
    SocialSecurity,
    Ip,
    Url,
    Uuid,
}

impl Shape {
    /// The shape that most values have; a sample of the dictionary is looked at.
    pub(super) fn of(column: &Column) -> Option<Self> {
        let step = column.distinct().div_ceil(SAMPLE).max(1);
        let values: Vec<&str> = column
            .values()
            .step_by(step)
            .filter(|value| !value.is_empty())
            .collect();
        let shapes = [
            Self::Email,
            Self::Uuid,
            Self::Url,
            Self::Ip,
            Self::SocialSecurity,
            Self::Phone,
        ];
        shapes.into_iter().find(|shape| {
            let fitting = values.iter().filter(|value| shape.fits(value)).count();
            !values.is_empty() && fitting * 10 >= values.len() * 6
        })
    }

    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Email => "e-mail addresses",
            Self::Phone => "telephone numbers",
            Self::SocialSecurity => "social security numbers",
            Self::Ip => "IP addresses",
            Self::Url => "web addresses",
            Self::Uuid => "unique ids",
        }
    }

    fn fits(self, value: &str) -> bool {
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        match self {
            Self::Email => value.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && host.contains('.') && !value.contains(' ')
            }),
            Self::Url => {
                value.starts_with("http://")
                    || value.starts_with("https://")
                    || value.starts_with("www.")
            }
            Self::Ip => value.parse::<std::net::IpAddr>().is_ok(),
            Self::Uuid => {
                value.len() == 36
                    && value.bytes().enumerate().all(|(at, b)| match at {
                        8 | 13 | 18 | 23 => b == b'-',
                        _ => b.is_ascii_hexdigit(),
                    })
            }
            Self::SocialSecurity => {
                let mut parts = value
                    .split('-')
                    .map(|part| (part.len(), part.bytes().all(|b| b.is_ascii_digit())));
                [parts.next(), parts.next(), parts.next(), parts.next()]
                    == [Some((3, true)), Some((2, true)), Some((4, true)), None]
            }
            Self::Phone => {
                let marked =
                    value.starts_with('+') || value.starts_with('(') || value.starts_with("00");
                let grouped = value.matches(['-', ' ', '.']).count() >= 2;
                let dated = value.len() == 10
                    && value.as_bytes().get(4).is_some_and(|b| !b.is_ascii_digit());
                (8..=15).contains(&digits)
                    && (marked || (grouped && digits >= 10))
                    && !dated
                    && value
                        .bytes()
                        .all(|b| b.is_ascii_digit() || b"+()-./ ".contains(&b))
            }
        }
    }
}

const SAMPLE: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::Shape;
    use crate::table::ColumnBuilder;

    fn shape(values: &[&str]) -> Option<Shape> {
        let mut column = ColumnBuilder::new("c");
        values.iter().for_each(|value| column.push(value));
        Shape::of(&column.finish())
    }

    #[test]
    fn direct_identifiers_have_shapes() {
        assert_eq!(shape(&["a@b.org", "c.d@e.net"]), Some(Shape::Email));
        assert_eq!(
            shape(&["(503) 555-0142", "+49 30 5550142"]),
            Some(Shape::Phone)
        );
        assert_eq!(shape(&["123-45-6789"]), Some(Shape::SocialSecurity));
        assert_eq!(shape(&["10.0.0.1", "::1"]), Some(Shape::Ip));
        assert_eq!(shape(&["https://example.org/x"]), Some(Shape::Url));
        assert_eq!(
            shape(&["9f1b2a34-0000-4abc-8def-001122334455"]),
            Some(Shape::Uuid)
        );
        for values in [
            &["1957-03-04", "2001-01-01"][..],
            &["2024-01-02 10:11:12"],
            &["12.5", "7"],
            &["97141", "01234"],
            &["E11.9", "I10"],
            &["<=50K"],
            &[""],
        ] {
            assert_eq!(shape(values), None, "{values:?}");
        }
    }
}
