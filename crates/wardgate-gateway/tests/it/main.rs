//! The gate as clients meet it: a real listener before a fake model.

#[cfg(test)]
mod accept;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod care;
#[cfg(test)]
mod deactivation;
#[cfg(test)]
mod emergencies;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod fake_model;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hospital;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod positions;
#[cfg(test)]
mod refusal_cases;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod token_attacks;
#[cfg(test)]
mod token_world;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod upstreams;
#[cfg(test)]
mod withdrawal;
