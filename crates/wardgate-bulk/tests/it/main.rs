//! The program from outside: on one machine, and as a cluster of its own processes.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod scene;
