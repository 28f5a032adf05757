//! The vault through its public face: what it keeps, what it refuses, what it destroys.

#[cfg(test)]
mod age;
#[cfg(test)]
mod aws_kms;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod gcp_kms;
#[cfg(test)]
mod patients;
#[cfg(test)]
mod pkcs11;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod root;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod transit;
