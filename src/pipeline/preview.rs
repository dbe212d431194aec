//! A preview of the first items of a link. Nothing is downloaded.

use std::sync::Arc;

use futures_util::stream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::archive::Memory;
use super::walk::Walk;
use super::{Ask, Settings};
use crate::model::{Event, Failure, Item, Link};
use crate::net::Client;
use crate::source::Registry;

/// Returns the first items of a link and of those it leads to, and, where known, why an item cannot be downloaded or
/// why there are no more.
pub async fn preview(
    client: Client,
    registry: Registry,
    link: Link,
    most: usize,
) -> (Vec<Item>, Vec<Failure>) {
    let (events, mut reports) = mpsc::channel(64);
    let (out, mut found) = mpsc::channel(1);
    let archive = Arc::new(Memory::default());
    let settings = Settings {
        simulate: true,
        ..Settings::default()
    };
    let walk = Walk::new(
        client,
        registry,
        (archive, None),
        events,
        CancellationToken::new(),
        &settings,
        None,
    );
    let walking = tokio::spawn(walk.run(stream::iter([Ok(Ask::from(link))]), out));
    let mut items = Vec::new();
    let mut failures = Vec::new();
    while items.len() < most {
        tokio::select! {
            next = found.recv() => match next {
                Some(found) => {
                    let why = found.refusal.or(found.fault);
                    failures.extend(why.map(|error| Failure::new(&error, 1)));
                    items.push(*found.item);
                }
                None => break,
            },
            Some(Event::Listed { failure, .. }) = reports.recv() => failures.extend(failure),
        }
    }
    walking.abort();
    while let Ok(event) = reports.try_recv() {
        if let Event::Listed { failure, .. } = event {
            failures.extend(failure);
        }
    }
    (items, failures)
}
