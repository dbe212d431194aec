//! The integration tests: a module per subject.

mod after;
mod album;
mod archive;
mod choosing;
mod command_builder;
mod fake_imgur;
mod fake_site;
mod hard;
mod hard_cases;
mod imgur;
mod jobs;
mod keeping;
mod logins;
mod made_media;
mod net;
mod outlet;
mod outputs;
mod pace;
mod peers;
mod readme;
mod sources;
mod support;
mod transfer;
mod verify;
mod walk;
