//! What the program says, as a whole: the summary, and every kind of failure with its reason and its way out.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, noise, small};
use crate::support::{Reply, Site};

fn quick() -> Fetch {
    Fetch::new().config("[net]\nbackoff = \"5ms\"\n")
}

fn assert_says(output: &str, expected: &str) {
    assert!(
        output == expected,
        "it says:\n{output}\ninstead of:\n{expected}"
    );
}

#[test]
fn output_of_a_successful_run() {
    let site = Site::start();
    site.on("/a.bin", Reply::file(noise(300_000, 1)));
    let fetch = quick().arg(site.url("/a.bin"));
    let saved = "saved `a.bin`, 300.0 kB\n1 found: 1 new   300.0 kB in TIME\n";
    assert_says(&fetch.run().success().stderr_filtered(), saved);
    assert_says(
        &fetch.run().success().stderr_filtered(),
        "had `a.bin`\n1 found: 0 new, 1 had   TIME\n",
    );
    assert_says(
        &fetch.clone().arg("-q").run().success().stderr_filtered(),
        "",
    );
}

#[test]
fn output_of_a_run_with_failures() {
    let (saved, is_saved) = channel::<()>();
    let is_saved = Mutex::new(is_saved);
    // Which of the two ends first is for the disk to say, so one waits for the other.
    let removed = Reply::with(move |_| {
        let _ = is_saved.lock().unwrap().recv();
        Reply::redirect("/removed.png")
    });
    let imgur = FakeImgur::start();
    let images = vec![
        Image::new("good001", Format::Jpeg),
        Image::new("remov02", Format::Jpeg).replies([removed]),
    ];
    let size = images[0].bytes().len();
    imgur.album("q6i58", "Cats", images);
    let running = Fetch::new()
        .config(&imgur.config_keyless())
        .arg("q6i58")
        .spawn();
    running.wait_for_stderr("saved");
    drop(saved);
    let expected = format!(
        "\
saved `imgur/Cats q6i58/001 good001.jpg`, {size} B
failed: `imgur:remov02` (missing)
2 found: 1 new, 1 failed (1 missing)   {size} B in TIME
failed: `imgur:remov02` removed from Imgur
  page: https://imgur.com/remov02
  url: http://127.0.0.1:PORT/remov02.jpg
  attempts: 1
"
    );
    assert_says(&running.wait().fails(3).stderr_filtered(), &expected);
}

#[test]
fn output_without_links() {
    let expected = "\
error: no links were given
  hint: use `fetch LINK...`, or `fetch -i FILE` for a list of links; see `fetch -h` for more
";
    assert_says(&Fetch::new().run().fails(2).stderr_filtered(), expected);
}

// Such a word may be an id on some site, so it would be asked for there.
#[test]
fn output_for_a_mistyped_command() {
    for (typed, meant) in [("verfy", "verify"), ("histroy", "history")] {
        let done = Fetch::new().args([typed, "pictures"]).run().fails(2);
        let expected = format!(
            "\
error: `{typed}` is not a command; did you mean `{meant}`?
  hint: if it is an id, write it with its source: `SOURCE:{typed}`
"
        );
        assert_says(&done.stderr_filtered(), &expected);
    }
    // A host is a link, whatever it is called.
    let here = ["-R", "0", "--resolve", "archive.test:443:127.0.0.1"];
    let host = Fetch::new().args(here).arg("archive.test").run();
    assert!(!host.stderr.contains("did you mean"), "{}", host.stderr);
}

#[test]
fn help_and_version_work_as_words() {
    let help = Fetch::new().arg("help").run().success();
    assert_eq!(
        help.stdout,
        Fetch::new().arg("--help").run().success().stdout
    );
    let help = Fetch::new().args(["help", "run"]).run().success();
    assert!(help.stdout.contains("--due"), "{}", help.stdout);
    Fetch::new().args(["help", "help"]).run().success();
    let unknown = Fetch::new().args(["help", "nosuch"]).run().fails(2);
    let expected = "there is no command `nosuch`";
    assert!(unknown.stderr.contains(expected), "{}", unknown.stderr);
    let expected = "\
error: `version` is not a command; did you mean `--version`?
  hint: if it is an id, write it with its source: `SOURCE:version`
";
    let done = Fetch::new().arg("version").run().fails(2);
    assert_says(&done.stderr_filtered(), expected);
}

// What was to be written there would be written elsewhere.
#[test]
fn output_for_a_path_instead_of_a_link() {
    let site = Site::start();
    for path in [".", "..", "./pictures", "~/pictures", "/tmp/"] {
        let call = Fetch::new().args([site.url("/cat.jpg").as_str(), path]);
        let expected = format!(
            "\
error: `{path}` is not a link: it is a path
  hint: `-d DIR` sets the output directory, and `fetch -i FILE` reads links from a file
"
        );
        assert_says(&call.run().fails(2).stderr_filtered(), &expected);
    }
    assert!(site.requests().is_empty());
}

#[test]
fn output_for_a_file_name_instead_of_a_link() {
    let site = Site::start();
    let call = Fetch::new().args([site.url("/cat.jpg").as_str(), "x.jpg"]);
    let expected = "\
error: `x.jpg` is not a link: no host has such a name
  hint: `-o x.jpg` names the file
";
    assert_says(&call.run().fails(2).stderr_filtered(), expected);
    assert!(site.requests().is_empty());
}

#[test]
fn output_for_a_dash_instead_of_a_link() {
    let expected = "\
error: `-` is not a link
  hint: `fetch -i -` reads links from stdin
";
    assert_says(
        &Fetch::new().arg("-").run().fails(2).stderr_filtered(),
        expected,
    );
}

#[test]
fn output_for_a_url_instead_of_a_configuration_file() {
    let call = Fetch::new().args(["-c", "https://example.org/cat.jpg"]);
    let done = call.run().fails(2);
    let hint = "hint: `-c` takes a configuration file; an interrupted download resumes by itself\n";
    done.says("error: cannot read `https://example.org/cat.jpg`\n")
        .says(hint);
}

#[test]
fn flags_that_other_programs_have() {
    let done = Fetch::new()
        .args(["--download-archive", "x"])
        .run()
        .fails(2);
    assert!(!done.stderr.contains("--no-archive"), "{}", done.stderr);
    done.says("tip: use `--archive FILE`");
}

#[test]
fn output_for_a_list_instead_of_a_link() {
    let fetch = Fetch::new();
    let expected = "\
error: `links.txt` is not a link, and there is no such file
  hint: `fetch -i FILE` downloads the links in a file
";
    let call = fetch.clone().arg("links.txt");
    assert_says(&call.run().fails(2).stderr_filtered(), expected);
    std::fs::write(fetch.out().join("links.txt"), "").unwrap();
    let expected = "\
error: `links.txt` is a file, not a link
  hint: `fetch -i links.txt` downloads the links in it
";
    assert_says(&call.run().fails(2).stderr_filtered(), expected);
}

#[test]
fn an_unwritable_folder_is_reported_once() {
    let site = Site::start();
    let links = (0..3).map(|number| {
        let path = format!("/{number}.jpg");
        site.on(&path, Reply::file(small(Format::Jpeg, number)))
            .optional();
        site.url(&path)
    });
    let fetch = Fetch::new();
    std::fs::write(fetch.out().join("x"), "a file").unwrap();
    let call = fetch.clone().args(["-o", "x/{name}.{ext}"]).args(links);
    let done = call.run().fails(8);
    let expected = "\
failed: `http://127.0.0.1:PORT/0.jpg` (disk)
3 found: 0 new, 3 failed (3 disk)   TIME
failed: `http://127.0.0.1:PORT/0.jpg` cannot use the folder `./x`
  because: it is a link or a file, not a folder
  attempts: 1
  and 2 more for the same reason: `x/1.jpg`, `x/2.jpg`
";
    assert_says(&done.stderr_filtered(), expected);
    // Programs and the past have them all.
    let done = call.arg("-j").run().fails(8);
    let failed = done
        .stdout
        .lines()
        .filter(|line| line.contains("\"failed\"") && line.contains("\"ended\""));
    assert_eq!(failed.count(), 3, "{}", done.stdout);
}

#[test]
fn output_for_an_invalid_link() {
    let expected = "\
failed: `nonsense` is not a link: no source claims it as an id
nothing found; 1 link failed (1 config)   TIME
failed: `nonsense` is not a link: no source claims it as an id
  hint: a link has a host: `https://…` or `example.org/…`
";
    assert_says(
        &quick().arg("nonsense").run().fails(2).stderr_filtered(),
        expected,
    );
    let expected = "\
failed: `gopher://x.org/` (unsupported)
nothing found; 1 link failed (1 unsupported)   TIME
failed: no source recognises `gopher://x.org/`
  hint: `gopher:` is not supported; the supported ones are http, https and `imgur:`, `artic:`, `bluesky:`, `iiif:`, `internetarchive:`, `lemmy:`, `mangadex:`, `mastodon:`, `met:`, `nasa:`, `reddit:`, `wallhaven:`, `wikimedia:`, `xkcd:`, `feed:`, `extractor:`, `gallerydl:`, `ytdlp:`, `page:`, `stream:`, `direct:`
";
    assert_says(
        &quick()
            .arg("gopher://x.org/")
            .run()
            .fails(5)
            .stderr_filtered(),
        expected,
    );
}

#[test]
fn output_for_an_unsupported_imgur_link() {
    let about = quick().arg("https://imgur.com/about").run().fails(5);
    let expected = "\
failed: `https://imgur.com/about` (unsupported)
nothing found; 1 link failed (1 unsupported)   TIME
failed: `https://imgur.com/about` is a page of the site itself, not an album or an image
";
    assert_says(&about.stderr_filtered(), expected);
    let listing = quick()
        .arg("https://imgur.com/user/somebody")
        .run()
        .fails(6);
    let expected = "\
failed: `https://imgur.com/user/somebody` (login)
nothing found; 1 link failed (1 login)   TIME
failed: listing `https://imgur.com/user/somebody` needs a client id
  hint: set `IMGUR_CLIENT_ID`, or `client_id` in `[source.imgur]`, to a client id of yours; Imgur has given out no new ones since 2025, older ones still work
";
    assert_says(&listing.stderr_filtered(), expected);
}

#[test]
fn a_page_without_media() {
    let site = Site::start();
    site.on("/news", Reply::html("<!doctype html><title>News</title>"));
    let expected = "\
failed: `http://127.0.0.1:PORT/news` (unsupported)
nothing found; 1 link failed (1 unsupported)   TIME
failed: `http://127.0.0.1:PORT/news` no relevant media in its markup
  hint: content added by scripts is not visible; `--all` includes icons, documents and the like, too; gallery-dl or yt-dlp may support the page, and are used if they are installed
";
    let done = quick().arg(site.url("/news")).run().fails(5);
    assert_says(&done.stderr_filtered(), expected);
}

#[test]
fn output_for_a_broken_connection() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(small(Format::Jpeg, 1))
            .no_ranges()
            .cut_after(20),
    );
    let fetch = quick().args(["-R", "1"]).arg(site.url("/cat.jpg"));
    let expected = "\
failed: `http://127.0.0.1:PORT/cat.jpg` (network)
1 found: 0 new, 1 failed (1 network)   TIME
failed: the connection for `http://127.0.0.1:PORT/cat.jpg` broke
  because: end of file before message length reached
  attempts: 2
";
    assert_says(&fetch.run().fails(4).stderr_filtered(), expected);
}

#[test]
fn output_for_a_missing_server() {
    let port = Site::start().port();
    let fetch = quick()
        .args(["-R", "1"])
        .arg(format!("http://127.0.0.1:{port}/cat.jpg"));
    let output = fetch.run().fails(4).stderr_filtered();
    // The system's own words for the cause differ from one to the next.
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.starts_with("  because:"))
        .collect();
    let expected = [
        "failed: `http://127.0.0.1:PORT/cat.jpg` (network)",
        "1 found: 0 new, 1 failed (1 network)   TIME",
        "failed: `http://127.0.0.1:PORT/cat.jpg` cannot connect to `127.0.0.1:PORT`",
        "  attempts: 2",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn output_for_a_file_instead_of_a_folder() {
    let fetch = quick().args(["-d", "file", "http://127.0.0.1:1/cat.jpg"]);
    std::fs::write(fetch.out().join("file"), "").unwrap();
    let expected = "\
error: cannot use `file` as the output folder
  because: it is not a folder
";
    assert_says(&fetch.run().fails(8).stderr_filtered(), expected);
}

#[test]
fn output_for_usage_errors() {
    let fields = "the fields are `source`, `key`, `name`, `ext`, `title`, `description`, `author`, `date`, \
`number`, `width`, `height`, `size`, `kind`, `page`, `url`, `host`, `album`, `album_id`, `album_title`, `album_count`, `extra` with \
names of its own, as in `extra.likes`";
    let table: [(Fetch, String); 6] = [
        (
            Fetch::new().config("[net]\nretrys = 3\n"),
            "unknown key `retrys` in `ROOT/test.toml`, line 2, column 1\n  hint: did you mean `retries`?".into(),
        ),
        (
            Fetch::new().args(["-S", "net.retries=many"]),
            "wrong value for `net.retries` in `-S net.retries`: expected a whole number from 0 to 4294967295".into(),
        ),
        (
            Fetch::new().args(["-d", ""]),
            "the output folder has no name\n  hint: `.` is the current folder".into(),
        ),
        (
            Fetch::new().args(["-o", "{titel}"]),
            format!("wrong value for `output.template` in `-o`: there is no field `titel`\n  hint: did you mean `title`? {fields}"),
        ),
        (
            Fetch::new().args(["--filter", "widht > 3"]),
            format!("there is no field `widht`\n  hint: did you mean `width`? {fields}"),
        ),
        (
            Fetch::new().args(["-I", "five"]),
            "`five` is not a range of positions: not a number\n  hint: write positions from 1 as in `1-5,8,20-`; `-3` is `1-3`".into(),
        ),
    ];
    for (fetch, expected) in table {
        let done = fetch.arg("http://127.0.0.1:1/cat.jpg").run().fails(2);
        assert_says(&done.stderr_filtered(), &format!("error: {expected}\n"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_stdout_for_help_is_reported() {
    let script = "exec \"$0\" \"$@\" > /dev/full";
    for flag in ["--help", "-h", "--version"] {
        let call = Fetch::new().arg(flag).through(["sh", "-c", script]);
        let done = call.run().fails(8);
        let told = done.stderr.starts_with("error: cannot write to stdout\n");
        assert!(told, "{}", done.stderr);
    }
}
