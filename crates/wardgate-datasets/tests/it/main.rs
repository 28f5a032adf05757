//! Runs over files of a format of their own: one line is one record.

#[cfg(test)]
mod plain;
#[cfg(test)]
mod release;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod within;
