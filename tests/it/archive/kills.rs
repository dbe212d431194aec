//! Kills at random points: the archive never claims a file that is not whole, and never loses one that is.

use std::time::{Duration, Instant};

use fetch::pipeline::archive::{Records, Summing};

use crate::hard::kills::{kills, wait_until, within};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

const FILES: u64 = 60;

/// Holds what the archive says against the files.
fn agree(fetch: &Fetch) {
    let file = fetch.root().join("home/state/fetch/archive.db");
    let Some(records) = Records::open(&file, &fetch.out()).unwrap() else {
        return;
    };
    let files = fetch.files();
    for known in records.items() {
        let Some(record) = known.unwrap().record else {
            continue;
        };
        let bytes = &files[&record.path];
        let digest = record.digest.unwrap();
        let mut summing = Summing::new(digest.algorithm());
        summing.update(bytes);
        assert_eq!(summing.finish(), digest, "{}", record.path);
    }
}

#[test]
fn files_left_by_a_kill_are_recorded_or_adopted() {
    let site = Site::start();
    let mut call = Fetch::new();
    let mut bytes = Vec::new();
    for number in 0..FILES {
        let path = format!("/{number}/cat.jpg");
        bytes.push(small(Format::Jpeg, number));
        site.on(&path, Reply::file(bytes[number as usize].clone()));
        call = call.arg(site.url(&path));
    }
    let began = Instant::now();
    call.run().success();
    let whole = began.elapsed();
    for round in 0..kills().div_ceil(5) {
        // A user's new folder each time, and several kills in it.
        let fetch = call.clone().args(["-d", &format!("round {round}")]);
        let folder = fetch.out().join(format!("round {round}"));
        for _ in 0..5 {
            let running = fetch.spawn();
            wait_until(Instant::now() + within(whole + Duration::from_millis(20)));
            running.kill9();
            let archive = fetch.root().join("home/state/fetch/archive.db");
            let records = Records::open(&archive, &folder).unwrap();
            for known in records.iter().flat_map(Records::items) {
                let record = known.unwrap().record.unwrap();
                let there = std::fs::read(folder.join(&record.path)).unwrap();
                let mut summing = Summing::new(record.digest.unwrap().algorithm());
                summing.update(&there);
                assert_eq!(Some(summing.finish()), record.digest, "{}", record.path);
            }
        }
        fetch.run().success();
        agree(&call);
        let mut names: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        assert_eq!(names.len() as u64, FILES, "{names:?}");
        let mut there: Vec<_> = names
            .iter()
            .map(|name| std::fs::read(folder.join(name)).unwrap())
            .collect();
        let mut served = bytes.clone();
        there.sort();
        served.sort();
        assert!(there == served);
    }
}
