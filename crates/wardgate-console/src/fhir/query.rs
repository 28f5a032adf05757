//! The parameters of searches and histories. One that is not known is refused: a search that
//! leaves out a condition finds more than was asked for.

use url::form_urlencoded;
use wardgate_records::{ConsentSearch, DateFilter, SEARCH_PAGE_MAX, SearchToken};

use super::outcome::Outcome;

/// The parameters in their order.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn read(query: &str) -> Result<Self, Outcome> {
        let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .filter(|(name, _)| name != "_format" && name != "_pretty")
            .take(PARAMETERS_MAX + 1)
            .collect();
        if parameters.len() > PARAMETERS_MAX {
            return Err(Outcome::invalid("the search has too many parameters"));
        }
        Ok(Self(parameters))
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The policy that a de-identification is asked to follow, which is all that may stand there.
    pub(super) fn policy(&self) -> Result<Option<&str>, Outcome> {
        self.refuse_unknown(&["policy"])?;
        self.one("policy")
    }

    /// The one value of a parameter.
    fn one(&self, name: &str) -> Result<Option<&str>, Outcome> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(Outcome::not_supported(format!(
                "`{name}` can stand there once; separate values that are all wanted by commas"
            ))),
        }
    }

    fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        self.0
            .iter()
            .filter(move |(have, _)| have == name)
            .map(|(_, value)| value.as_str())
    }

    fn refuse_unknown(&self, known: &[&str]) -> Result<(), Outcome> {
        // Its name is not repeated: it may be anything.
        if self
            .0
            .iter()
            .all(|(name, _)| known.contains(&name.as_str()))
        {
            return Ok(());
        }
        Err(Outcome::not_supported(format!(
            "a parameter is not supported; these are: {}",
            known.join(", ")
        )))
    }

    fn count(&self) -> Result<usize, Outcome> {
        let count = match self.one("_count")? {
            None => COUNT_DEFAULT,
            Some(count) => count.parse().unwrap_or(0),
        };
        if count == 0 {
            return Err(Outcome::invalid("`_count` is a number from 1 on"));
        }
        Ok(count.min(SEARCH_PAGE_MAX))
    }
}

/// A search for consents.
pub(super) struct SearchQuery<'p> {
    patient: Option<String>,
    ids: Vec<&'p str>,
    statuses: Vec<&'p str>,
    categories: Vec<SearchToken<'p>>,
    dates: Vec<DateFilter>,
    last_updated: Vec<DateFilter>,
    count: usize,
    after: Option<&'p str>,
}

impl<'p> SearchQuery<'p> {
    pub(super) fn of(parameters: &'p Parameters) -> Result<Self, Outcome> {
        parameters.refuse_unknown(SEARCH_PARAMETERS)?;
        let values = |name: &str| -> Result<Vec<&'p str>, Outcome> {
            let value = parameters.one(name)?;
            Ok(value.map_or_else(Vec::new, |value| value.split(',').collect()))
        };
        let dates = |name: &str| -> Result<Vec<DateFilter>, Outcome> {
            let read = |text| {
                DateFilter::parse(text)
                    .ok_or_else(|| Outcome::invalid(format!("`{name}` is not a date of FHIR")))
            };
            parameters.all(name).map(read).collect()
        };
        let ids = values("_id")?;
        if ids.len() > IDS_MAX {
            return Err(Outcome::invalid("`_id` names too many ids"));
        }
        let after = parameters.one("_after")?;
        if after.is_some_and(|after| after.len() > CURSOR_BYTES_MAX) {
            return Err(Outcome::invalid("`_after` is not from an earlier page"));
        }
        Ok(Self {
            patient: Self::patient(parameters)?,
            ids,
            statuses: values("status")?,
            categories: values("category")?
                .into_iter()
                .map(SearchToken::parse)
                .collect(),
            dates: dates("date")?,
            last_updated: dates("_lastUpdated")?,
            count: parameters.count()?,
            after,
        })
    }

    /// A patient by reference, or by the id alone.
    fn patient(parameters: &Parameters) -> Result<Option<String>, Outcome> {
        let named = parameters.one("patient")?;
        let typed = parameters.one("patient:Patient")?;
        let reference = match (named, typed) {
            (None, None) => return Ok(None),
            (Some(reference), None) if reference.starts_with("Patient/") => reference.to_owned(),
            (Some(id), None) | (None, Some(id)) => format!("Patient/{id}"),
            (Some(_), Some(_)) => {
                return Err(Outcome::invalid("`patient` stands there twice"));
            }
        };
        Ok(Some(reference))
    }

    pub(super) fn search(&self) -> ConsentSearch<'_> {
        ConsentSearch {
            patient: self.patient.as_deref(),
            ids: self.ids.clone(),
            statuses: self.statuses.clone(),
            categories: self.categories.clone(),
            dates: self.dates.clone(),
            last_updated: self.last_updated.clone(),
            count: self.count,
            after: self.after,
        }
    }

    /// Whether it goes on from an earlier page.
    pub(super) const fn is_continued(&self) -> bool {
        self.after.is_some()
    }
}

/// Which versions are wanted.
pub(super) struct HistoryQuery {
    pub(super) before: Option<u64>,
    pub(super) count: usize,
}

impl HistoryQuery {
    pub(super) fn of(parameters: &Parameters) -> Result<Self, Outcome> {
        parameters.refuse_unknown(&["_count", "_before"])?;
        let before = match parameters.one("_before")? {
            None => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|_| Outcome::invalid("`_before` is not from an earlier page"))?,
            ),
        };
        Ok(Self {
            before,
            count: parameters.count()?,
        })
    }
}

/// Which consent's Provenance is wanted: the id, and one version or all.
pub(super) struct ProvenanceQuery<'p> {
    pub(super) id: &'p str,
    pub(super) version: Option<u64>,
    pub(super) before: Option<u64>,
    pub(super) count: usize,
}

impl<'p> ProvenanceQuery<'p> {
    /// `None` when the target can have no Provenance here.
    pub(super) fn of(parameters: &'p Parameters) -> Result<Option<Self>, Outcome> {
        parameters.refuse_unknown(&["target", "_count", "_before"])?;
        let HistoryQuery { before, count } = HistoryQuery::of(&Parameters(
            parameters
                .0
                .iter()
                .filter(|(name, _)| name != "target")
                .cloned()
                .collect(),
        ))?;
        let target = parameters.one("target")?.ok_or_else(|| {
            Outcome::not_supported("say whose Provenance by `target=Consent/<id>`")
        })?;
        let Some(rest) = target.strip_prefix("Consent/") else {
            return Ok(None);
        };
        let (id, version) = match rest.split_once("/_history/") {
            None => (rest, None),
            Some((id, version)) => match version.parse() {
                Ok(version) => (id, Some(version)),
                Err(_) => return Ok(None),
            },
        };
        Ok(Some(Self {
            id,
            version,
            before,
            count,
        }))
    }
}

/// The parameters by which consents are searched.
pub(super) const SEARCH_PARAMETERS: &[&str] = &[
    "_id",
    "_lastUpdated",
    "patient",
    "patient:Patient",
    "status",
    "category",
    "date",
    "_count",
    "_after",
];
const PARAMETERS_MAX: usize = 20;
const IDS_MAX: usize = 50;
/// A cursor is a keyed digest in hexadecimal.
const CURSOR_BYTES_MAX: usize = 64;
const COUNT_DEFAULT: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(query: &str) -> bool {
        Parameters::read(query).is_ok_and(|parameters| SearchQuery::of(&parameters).is_ok())
    }

    #[test]
    fn a_condition_that_is_not_understood_is_never_left_out() {
        for query in [
            "",
            "patient=Patient/p1&status=active,inactive",
            "patient:Patient=p1&date=ge2026-01&date=lt2027",
            "category=http://loinc.org|59284-0&_count=5&_format=json",
        ] {
            assert!(is_taken(query), "{query}");
        }
        for query in [
            "patient.name=castellanos",
            "patient=a&patient=b",
            "patient=a&patient:Patient=b",
            "status:not=active",
            "date=yesterday",
            "_lastUpdated=x",
            "_count=0",
            "_count=-1",
            "_include=Consent:patient",
            "_sort=date",
        ] {
            assert!(!is_taken(query), "{query}");
        }
        assert!(!is_taken(&"status=a&".repeat(21)));
        assert!(!is_taken(&format!("_id={}", "a,".repeat(60))));
    }

    #[test]
    fn a_refusal_does_not_repeat_the_search() {
        let parameters = Parameters::read("castellanos=Castellanos").unwrap();
        let refusal = SearchQuery::of(&parameters).err().unwrap();
        assert!(
            !format!("{refusal:?}")
                .to_lowercase()
                .contains("castellanos")
        );
    }
}
