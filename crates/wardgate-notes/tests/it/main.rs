//! The generator from outside: files in, notes out.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod gold;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod sameness;
