//! The console over a real store and a real ledger.

#[cfg(test)]
mod attacks_csrf;
#[cfg(test)]
mod attacks_escalation;
#[cfg(test)]
mod attacks_pages;
#[cfg(test)]
mod attacks_session;
#[cfg(test)]
mod attacks_sso;
#[cfg(test)]
mod consent_desk;
#[cfg(test)]
mod deidentify;
#[cfg(test)]
mod deidentify_files;
#[cfg(test)]
mod fhir;
#[cfg(test)]
mod fhir_attacks;
#[cfg(test)]
mod governance;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod scim;
#[cfg(test)]
mod stage;
