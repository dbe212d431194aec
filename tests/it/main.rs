//! The integration tests: a module per subject.

mod fake_site;
mod support;
