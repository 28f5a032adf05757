//! Rules of a rule file over the table of treatments: paths that are followed while a record is read.
//!
//! A path is a list of steps; each rule that can still be met is a position in its path. Rules hold for a node and
//! all below it, and of several the first in the file decides, as the format that they come from has it.

use crate::reader::Cursor;
use crate::schema::Member;

/// The rules of a file, in its order.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) rules: Vec<Rule>,
    pub(crate) paths: Vec<Path>,
    pub(crate) partial: Partial,
}

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) method: Method,
}

/// What a rule does to what it is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Method {
    Redact,
    Keep,
    DateShift,
    /// A keyed stand-in; of ids and references the ones that all others have too.
    Hash,
    /// JSON that stands for the node.
    Substitute(String),
    Perturb {
        span: f64,
        proportional: bool,
        decimals: usize,
    },
    Generalise {
        cases: Vec<(Vec<Compare>, String)>,
        otherwise_kept: bool,
    },
}

/// One comparison of a case; all of a case must hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Compare {
    Number(Order, f64),
    Text(Order, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Less,
    AtMost,
    Equal,
    Differs,
    AtLeast,
    More,
}

/// What redaction leaves of some values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Partial {
    pub(crate) dates: bool,
    pub(crate) ages: bool,
    pub(crate) zip_codes: bool,
    /// Beginnings of postal codes where few people live.
    pub(crate) small_areas: Vec<String>,
}

/// One path of a rule; a rule has one for each side of its `|`.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) rule: usize,
    pub(crate) start: Start,
    pub(crate) steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At resources of a type; of any type when there is none.
    Resource(Option<String>),
    /// Anywhere.
    Anywhere(Step),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Members of a name; a choice by its stem.
    Name(String),
    /// Members of a type.
    Type(String),
    /// Any member.
    Any,
    /// Only those for which it holds.
    Where(Vec<Vec<Condition>>),
    /// From here on anywhere below: a member that the next step fits.
    Below,
}

/// `path = 'literal'`, or that the path has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) path: Vec<String>,
    /// Nothing when only a value must be there.
    pub(crate) equals: Option<String>,
    pub(crate) negated: bool,
}

/// Which rules can still be met, and which holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Paths with how many of their steps are behind.
    pub(crate) positions: Vec<(usize, usize)>,
    /// The rule that holds for all below, as long as no earlier one is met.
    pub(crate) rule: Option<usize>,
}

impl Overlay {
    /// Where all rules stand at a resource.
    pub(crate) fn begin(&self, kind: &str, value: &Cursor<'_>, depth: usize) -> Standing {
        let starts = self
            .paths
            .iter()
            .enumerate()
            .filter(|(_, path)| match &path.start {
                Start::Resource(None) => true,
                Start::Resource(Some(name)) => name == kind,
                Start::Anywhere(_) => false,
            });
        let mut standing = Standing {
            positions: starts.map(|(path, _)| (path, 0)).collect(),
            rule: None,
        };
        self.filter(&mut standing, None, value, depth);
        standing
    }

    /// Where they stand behind a member.
    pub(crate) fn step(&self, before: &Standing, member: &Member, kind: &str) -> Standing {
        let mut positions = Vec::new();
        for (path, at) in &before.positions {
            let Some(steps) = self.paths.get(*path).map(|path| &path.steps) else {
                continue;
            };
            match steps.get(*at) {
                Some(Step::Below) => {
                    positions.push((*path, *at));
                    if steps
                        .get(*at + 1)
                        .is_none_or(|step| fits(step, member, kind))
                    {
                        positions.push((*path, *at + 2));
                    }
                }
                Some(step) if fits(step, member, kind) => positions.push((*path, *at + 1)),
                _ => {}
            }
        }
        for (path, rule) in self.paths.iter().enumerate() {
            if let Start::Anywhere(step) = &rule.start
                && fits(step, member, kind)
            {
                positions.push((path, 0));
            }
        }
        Standing {
            positions,
            rule: before.rule,
        }
    }

    /// Tries the conditions at a value, and notes the first rule that is met.
    pub(crate) fn filter(
        &self,
        standing: &mut Standing,
        kind: Option<&str>,
        value: &Cursor<'_>,
        depth: usize,
    ) {
        let mut met = standing.rule;
        standing.positions.retain_mut(|(path, at)| {
            let Some(path) = self.paths.get(*path) else {
                return false;
            };
            loop {
                match path.steps.get(*at) {
                    Some(Step::Where(any)) => {
                        let holds = any
                            .iter()
                            .any(|all| all.iter().all(|one| holds(one, value, depth)));
                        if !holds {
                            return false;
                        }
                        *at += 1;
                    }
                    // A type behind a node narrows it: `ofType`.
                    Some(Step::Type(name))
                        if *at == 0 || !matches!(path.steps.get(*at - 1), Some(Step::Below)) =>
                    {
                        if kind != Some(name.as_str()) {
                            return false;
                        }
                        *at += 1;
                    }
                    Some(_) => return true,
                    None => {
                        met = Some(met.map_or(path.rule, |other| other.min(path.rule)));
                        return false;
                    }
                }
            }
        });
        standing.rule = met;
    }

    /// The method that holds.
    pub(crate) fn method(&self, standing: &Standing) -> Option<&Method> {
        let rule = self.rules.get(standing.rule?)?;
        Some(&rule.method)
    }
}

fn fits(step: &Step, member: &Member, kind: &str) -> bool {
    match step {
        Step::Any => true,
        Step::Type(name) => kind == name && !member.companion,
        Step::Name(name) => {
            let key = member.key.strip_prefix('_').unwrap_or(&member.key);
            key == name
                || key
                    .strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.eq_ignore_ascii_case(kind) && rest != kind)
                || key
                    .strip_prefix(name.as_str())
                    .is_some_and(|rest| rest == kind && kind.starts_with(char::is_uppercase))
        }
        Step::Where(_) | Step::Below => false,
    }
}

fn holds(condition: &Condition, value: &Cursor<'_>, depth: usize) -> bool {
    let found = any_value(
        &condition.path,
        *value,
        depth,
        &mut |found| match &condition.equals {
            None => true,
            Some(literal) => found == Some(literal.as_str()),
        },
    );
    found != condition.negated
}

/// Whether any value that a path leads to is one that is wanted; objects have no text.
fn any_value(
    path: &[String],
    mut value: Cursor<'_>,
    depth: usize,
    wanted: &mut dyn FnMut(Option<&str>) -> bool,
) -> bool {
    match value.next_sign() {
        Some(b'[') => {
            value.at += 1;
            while !matches!(value.next_sign(), Some(b']') | None) {
                if any_value(path, value, depth + 1, wanted) {
                    return true;
                }
                if value.skip(depth + 1).is_err() {
                    return false;
                }
                if value.next_sign() == Some(b',') {
                    value.at += 1;
                }
            }
            false
        }
        Some(b'{') => match path.split_first() {
            None => wanted(None),
            Some((name, rest)) => value.members(depth).any(|(key, inner)| {
                let same = key == *name;
                same && any_value(rest, inner, depth + 1, wanted)
            }),
        },
        Some(b'"') if path.is_empty() => value.text().is_some_and(|text| wanted(Some(&text))),
        Some(_) if path.is_empty() => {
            let mut scalar = value;
            let at = scalar.scalar();
            let text = at
                .ok()
                .and_then(|at| std::str::from_utf8(value.slice(at)).ok());
            text.is_some_and(|text| wanted(Some(text)))
        }
        _ => false,
    }
}
