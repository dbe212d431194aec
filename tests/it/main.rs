//! The integration tests: a module per subject.

mod adopting;
mod after;
mod album;
mod archive;
mod checks;
mod choosing;
mod command_builder;
#[cfg(unix)]
mod extractors;
mod fake_imgur;
mod fake_site;
mod feeds;
mod handed;
mod hard;
mod hard_cases;
mod imgur;
mod job_examples;
mod jobs;
mod json;
mod keeping;
mod lists;
mod logins;
mod made_media;
mod net;
mod outlet;
mod outputs;
mod pace;
mod packing;
mod pages;
mod peers;
mod plugins;
mod readme;
mod rename;
mod sources;
mod story;
mod streams;
mod support;
#[cfg(unix)]
mod terminal;
mod transfer;
mod twice;
mod verify;
mod walk;
