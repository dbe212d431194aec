//! The jobs of the documentation do what they say.

use std::fs;
use std::path::Path;

use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, noise};
use crate::support::{Reply, Site};

/// The blocks of a document with jobs in them.
fn examples(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let jobs: Vec<_> = blocks
        .filter(|block| block.contains("[job."))
        .map(str::to_owned)
        .collect();
    assert!(!jobs.is_empty(), "{document}");
    jobs
}

#[test]
fn documented_job_examples_run() {
    let imgur = FakeImgur::start();
    let images = ["aaaaaaa", "bbbbbbb"].map(|id| Image::new(id, Format::Jpeg));
    imgur.album("q6i58", "Cats", images.to_vec());
    let papers = Site::start();
    let paper = Reply::file(noise(2000, 1));
    let paper = Reply::with(move |seen| match seen.header("authorization") {
        Some("a-token") => paper.clone(),
        _ => Reply::empty(401),
    });
    papers.on("/paper.bin", paper).optional();
    for document in ["README.md", "docs/jobs.md"] {
        for example in examples(document) {
            let fetch = Fetch::new().config(&format!("{example}\n{}", imgur.config()));
            let home = fetch.root().join("home");
            fs::create_dir(home.join("lists")).unwrap();
            let cats = "https://imgur.com/a/q6i58  items=1 directory='The best'   # a comment\n";
            for list in ["cats.txt", "lists/cats.txt"] {
                fs::write(home.join(list), cats).unwrap();
            }
            let csv = format!("url\n{}\n", papers.url("/paper.bin"));
            fs::write(home.join("lists/papers.csv"), csv).unwrap();
            let run = fetch.env("PAPERS_TOKEN", "a-token").args(["run", "--all"]);
            run.run().success();
            let cats: Vec<_> = walk(&home.join("pictures/cats"));
            assert_eq!(cats.len(), 2, "{document}: {cats:?}");
            if example.contains("papers") {
                assert_eq!(walk(&home.join("papers")), ["paper.bin"]);
            }
        }
    }
}

/// The names of all files below a folder.
fn walk(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => names.extend(walk(&entry.path())),
            false => names.push(entry.file_name().into_string().unwrap()),
        }
    }
    names.retain(|name| !name.starts_with('.'));
    names
}
