//! The vault through its public face: what it keeps, what it refuses, what it destroys.

#[cfg(test)]
mod age;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod patients;
#[cfg(test)]
mod pkcs11;
#[cfg(test)]
mod root;
#[cfg(test)]
mod sealing;
