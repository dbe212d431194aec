//! Jobs: their settings override the general ones, and the flags override both.

use super::*;

const TEXT: &str = "
[output]
directory = 'all'
[net]
retries = 7
[job.cats]
links = ['https://imgur.com/a/q6i58']
lists = ['~/cats.txt', 'more.txt']
schedule = 'every 6h'
output = 'cats'
skip = 'seen'
items = '1-5'
filter = 'width > 3'
max_new = 9
rate = '1M'
headers = { Authorization = 'env:CATS', X-Key = 'env:KEY' }
[job.dogs]
";

/// The environment variables that `TEXT` refers to.
const KEPT: [(&str, &str); 2] = [("CATS", "hunter2"), ("KEY", "hunter3")];

#[test]
fn a_job_has_settings_of_its_own() {
    let all = config(&[("a", TEXT)], &KEPT, Vec::new()).unwrap();
    assert_eq!(all.jobs(), ["cats", "dogs"]);
    assert_eq!(all.links(), Default::default());
    assert_eq!(all.pipeline().unwrap().root, PathBuf::from("all"));

    let cats = all.job("cats").unwrap();
    let (links, lists) = cats.links();
    assert_eq!(links, ["https://imgur.com/a/q6i58"]);
    assert_eq!(lists.len(), 2);
    assert!(lists[0].is_absolute() && lists[1].ends_with("more.txt"));
    assert_eq!(cats.schedule().unwrap().every.as_secs(), 21_600);
    let (net, pipeline) = (cats.net().unwrap(), cats.pipeline().unwrap());
    assert_eq!((net.rate, net.retries), (Some(1 << 20), 7));
    assert_eq!(net.headers.0.len(), 2);
    assert_eq!(net.headers.0["Authorization"], "hunter2");
    assert_eq!(pipeline.root, PathBuf::from("cats"));
    assert_eq!(pipeline.skip, Policy::Seen);
    assert_eq!(pipeline.max_new.map(|most| most.get()), Some(9));
    assert!(pipeline.items.is_some() && pipeline.filter.is_some());

    let dogs = all.job("dogs").unwrap();
    assert_eq!(dogs.links(), Default::default());
    assert_eq!(dogs.pipeline().unwrap().root, PathBuf::from("all"));
    assert!(dogs.net().unwrap().headers.is_empty());
}

#[test]
fn an_unset_header_variable_is_reported() {
    let all = config(&[("a", TEXT)], &KEPT[..1], Vec::new()).unwrap();
    let error = all.job("cats").unwrap().net().unwrap_err();
    assert_eq!(
        error.message,
        "the header `X-Key` of the job `cats` is not set: `env:KEY`, in `a`, line 16, column 41"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("set the variable `KEY` where the job runs")
    );
    // The others can run.
    assert!(all.job("dogs").unwrap().net().is_ok());
}

#[test]
fn flags_override_jobs() {
    let flags = vec![flag("-d", "output.directory", "typed")];
    let environment = [("FETCH_OUTPUT__DIRECTORY", "variable")];
    let all = config(&[("a", TEXT)], &environment, flags).unwrap();
    let root = all.job("cats").unwrap().pipeline().unwrap().root;
    assert_eq!(root, PathBuf::from("typed"));
    let all = config(&[("a", TEXT)], &environment, Vec::new()).unwrap();
    let root = all.job("cats").unwrap().pipeline().unwrap().root;
    assert_eq!(root, PathBuf::from("cats"));
}

#[test]
fn shows_jobs_and_not_their_secrets() {
    let all = config(&[("a", TEXT)], &[("CATS", "hunter2")], Vec::new()).unwrap();
    let shown = all.show(true).unwrap();
    for line in [
        "[job.cats]\n",
        "headers = { Authorization = \"env:CATS\", X-Key = \"env:KEY\" }  # `a`, line 16, column 13\n",
        "items = \"1-5\"  # `a`, line 12, column 1\n",
        "# since is not set  # default\n",
        "[job.dogs]\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("hunter2"));
    assert!(toml::from_str::<toml::Table>(&all.show(false).unwrap()).is_ok());
}

#[test]
fn shows_links_however_they_are_written_without_their_secrets() {
    for (link, expected) in [
        ("https://bob:hunter2@a.org/x", "https://***@a.org/x"),
        (
            "page:https://bob:hunter2@a.org/x",
            "page:https://***@a.org/x",
        ),
        ("page:a.org/f?token=hunter2", "page:a.org/f?token=***"),
        ("page:bob:hunter2@a.org/x", "***@a.org/x"),
        ("a.org/f?token=hunter2&n=1", "a.org/f?token=***&n=1"),
        ("bob:hunter2@a.org/x", "***@a.org/x"),
        ("//bob:hunter2@a.org/x", "***@a.org/x"),
        ("bob:hunter2@a.org/{1}", "***@a.org/%7B1%7D"),
        // Nothing is hidden, so nothing is changed.
        ("https://a.org", "https://a.org"),
        ("a.org/f?n=1", "a.org/f?n=1"),
        ("imgur:q6i58", "imgur:q6i58"),
    ] {
        let text = format!(
            "[output]\ndirectory = 'photos@2024'\n[job.x]\nlinks = ['{link}']\ntemplate = '{{key}}@x y.{{ext}}'"
        );
        let shown = Config::from_toml(&text).unwrap().show(false).unwrap();
        let line = format!("links = [\"{expected}\"]\n");
        assert!(shown.contains(&line), "{line}{shown}");
        // A text that is not a link stays as it was written.
        for line in [
            "template = \"{key}@x y.{ext}\"\n",
            "directory = \"photos@2024\"",
        ] {
            assert!(shown.contains(line), "{line}{shown}");
        }
    }
}

#[test]
fn an_unknown_job_is_named() {
    let hint = |text: &str, name: &str| {
        let error = Config::from_toml(text).unwrap().job(name).unwrap_err();
        assert_eq!(error.message, format!("no job is called `{name}`"));
        error.hint.unwrap()
    };
    assert_eq!(hint(TEXT, "cast"), "did you mean `cats`?");
    assert_eq!(hint(TEXT, "birds"), "the jobs are `cats`, `dogs`");
    let none = "a job is a section `[job.NAME]` of the configuration";
    assert_eq!(hint("", "cats"), none);
}
