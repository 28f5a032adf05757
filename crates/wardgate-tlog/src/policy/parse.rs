//! Reads policy files line by line. Names are opaque octets, as the specification demands.

use std::collections::{HashMap, HashSet};

use super::{
    Group, ITEMS_MAX, Log, Member, POLICY_BYTES_MAX, Policy, PolicyError, PolicyFault, Witness,
};
use crate::note::VerifierKey;

pub(super) fn parse(file: &[u8]) -> Result<Policy, PolicyFault> {
    if file.len() > POLICY_BYTES_MAX {
        return Err(PolicyFault {
            line: 1,
            what: PolicyError::TooLong,
        });
    }
    let mut reader = Reader::default();
    let mut number = 0;
    for line in file.split_inclusive(|octet| *octet == b'\n') {
        number += 1;
        reader
            .line(line)
            .map_err(|what| PolicyFault { line: number, what })?;
    }
    let quorum = reader.quorum.ok_or(PolicyFault {
        line: number.max(1),
        what: PolicyError::NoQuorum,
    })?;
    Ok(Policy {
        logs: reader.logs,
        witnesses: reader.witnesses,
        groups: reader.groups,
        quorum,
    })
}

#[derive(Default)]
struct Reader<'a> {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Option<Member>>,
    names: HashMap<&'a [u8], Member>,
    /// The names that are members of a group already.
    taken: HashSet<&'a [u8]>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a [u8]) -> Result<(), PolicyError> {
        let line = line.strip_suffix(b"\n").ok_or(PolicyError::NoNewline)?;
        if !line.iter().all(|octet| allowed(*octet)) {
            return Err(PolicyError::Character);
        }
        let items: Vec<&[u8]> = line
            .split(|octet| is_space(*octet))
            .filter(|item| !item.is_empty())
            .collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] => self.log(key, None),
            [b"log", key, url] => self.log(key, Some(url)),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            [b"quorum", name] => self.quorum(name),
            _ => Err(PolicyError::Line),
        }
    }

    fn log(&mut self, key: &[u8], url: Option<&[u8]>) -> Result<(), PolicyError> {
        let key = parse_key(key)?;
        let same = |log: &Log| log.key.public_key() == key.public_key();
        if self.logs.iter().any(same) {
            return Err(PolicyError::DuplicateKey);
        }
        let url = url.map(<[u8]>::to_vec);
        push(&mut self.logs, Log { key, url }).map(drop)
    }

    fn witness(
        &mut self,
        name: &'a [u8],
        key: &[u8],
        url: Option<&[u8]>,
    ) -> Result<(), PolicyError> {
        let key = parse_key(key)?;
        if !key.key_type().is_cosignature() {
            return Err(PolicyError::WitnessKey);
        }
        let same = |witness: &Witness| witness.key.public_key() == key.public_key();
        if self.witnesses.iter().any(same) {
            return Err(PolicyError::DuplicateKey);
        }
        let witness = Witness {
            name: name.to_vec(),
            key,
            url: url.map(<[u8]>::to_vec),
        };
        let place = push(&mut self.witnesses, witness)?;
        self.define(name, Member::Witness(place))
    }

    fn group(
        &mut self,
        name: &'a [u8],
        threshold: &[u8],
        names: &[&'a [u8]],
    ) -> Result<(), PolicyError> {
        let mut members = Vec::with_capacity(names.len());
        for member in names {
            members.push(self.find(member)?);
            if !self.taken.insert(member) {
                return Err(PolicyError::SecondMembership);
            }
        }
        let threshold = match threshold {
            b"any" => Some(1),
            b"all" => Some(members.len()),
            number => parse_threshold(number),
        };
        let threshold = threshold
            .filter(|threshold| (1..=members.len()).contains(threshold))
            .ok_or(PolicyError::Threshold)?;
        let group = Group { threshold, members };
        let place = push(&mut self.groups, group)?;
        self.define(name, Member::Group(place))
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), PolicyError> {
        if self.quorum.is_some() {
            return Err(PolicyError::SecondQuorum);
        }
        self.quorum = Some(match name {
            NONE => None,
            name => Some(self.find(name)?),
        });
        Ok(())
    }

    fn define(&mut self, name: &'a [u8], member: Member) -> Result<(), PolicyError> {
        if name == NONE || self.names.insert(name, member).is_some() {
            return Err(PolicyError::DuplicateName);
        }
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Result<Member, PolicyError> {
        let member = self.names.get(name).copied();
        member.ok_or(PolicyError::UnknownName)
    }
}

/// Appends and tells the place.
fn push<T>(list: &mut Vec<T>, item: T) -> Result<usize, PolicyError> {
    if list.len() == ITEMS_MAX {
        return Err(PolicyError::TooLong);
    }
    list.push(item);
    Ok(list.len() - 1)
}

fn parse_key(key: &[u8]) -> Result<VerifierKey, PolicyError> {
    let key = std::str::from_utf8(key)
        .map_err(|_| PolicyError::Key(crate::note::NoteFault::VerifierKey))?;
    VerifierKey::parse(key).map_err(PolicyError::Key)
}

fn parse_threshold(number: &[u8]) -> Option<usize> {
    let number = std::str::from_utf8(number).ok()?;
    let digits = number.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| number.parse().ok()).flatten()
}

fn is_space(octet: u8) -> bool {
    octet == b' ' || octet == b'\t'
}

fn allowed(octet: u8) -> bool {
    octet == b'\t' || (b' '..=b'~').contains(&octet) || octet >= 0x80
}

const NONE: &[u8] = b"none";
