//! The gate as clients meet it: a real listener before a fake model.

mod answers;
mod fake_model;
mod hospital;
