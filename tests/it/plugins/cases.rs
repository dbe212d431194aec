//! What the cases of a plugin can say, and what they are held to.

use std::fs;
use std::path::Path;

use super::kit::{change, new, test};

/// Lists page after page from where an earlier listing has stopped, and hands on what each has.
const PAGES: &str = r#"
    return { extract = function(ctx)
        local page = tonumber(ctx.resume or "1")
        while page do
            local list = http.get(`{ctx.options.site}/list`, { query = { page = page } }):json()
            emit({ key = list.id, url = list.url, stream = list.stream })
            delegate(`https://other.example/{list.id}`)
            page = list.next
            if page then checkpoint(page) end
        end
    end }
"#;

const SECOND: &str = r#"
    link = "https://comics.example/a/7"
    resume = "2"
    delegated = ["https://other.example/b"]
    checkpoints = []
    [[answer]]
    url = "https://comics.example/list?page=2"
    file = "second.json"
    [[item]]
    key = "b"
    stream = "hls"
"#;

/// Makes of a new plugin one that lists pages.
fn lists_pages(folder: &Path) {
    let of_page = r#"{ "id": "b", "url": "https://comics.example/b.m3u8", "stream": "hls" }"#;
    let manifest = folder.join("plugin.toml");
    change(
        &manifest,
        "[permissions]\n",
        "[permissions]\ndelegate = true\n",
    );
    fs::write(folder.join("main.luau"), PAGES).unwrap();
    fs::write(folder.join("cases/album.toml"), SECOND).unwrap();
    fs::write(folder.join("cases/second.json"), of_page).unwrap();
}

#[test]
fn cases_cover_files_checkpoints_delegation_and_streams() {
    let (fetch, folder) = new();
    lists_pages(&folder);
    test(&fetch).run().success();
    for (from, to, expected) in [
        (
            "resume = \"2\"",
            "",
            "the case has no response for `https://comics.example/list?page=1`",
        ),
        (
            "other.example/b\"",
            "other.example/c\"",
            "`delegated` is not as expected\n    - [\"https://other.example/c\"]\n    + [\"https://other.example/b\"]\n",
        ),
        (
            "file = \"second.json\"",
            "",
            "the response of `https://comics.example/list?page=2` is not JSON",
        ),
        (
            "stream = \"hls\"",
            "stream = \"dash\"",
            "item 1: `stream`\n    - \"dash\"\n    + \"hls\"\n",
        ),
        (
            "stream = \"hls\"",
            "url = \"https://comics.example/c.m3u8\"",
            "item 1: `url`\n",
        ),
    ] {
        fs::write(folder.join("cases/album.toml"), SECOND.replace(from, to)).unwrap();
        let done = test(&fetch).run().fails(3);
        assert!(done.stdout.contains(expected), "{to}: {}", done.stdout);
    }
}

#[test]
fn a_failing_case_is_named_and_hides_no_other() {
    let (fetch, folder) = new();
    let cases = folder.join("cases");
    let whole = fs::read_to_string(cases.join("album.toml")).unwrap();
    for (name, from, to) in [
        ("a", "link =", "lnk ="),
        (
            "b",
            "link = \"https://comics.example",
            "link = \"https://other.example",
        ),
        ("c", "link =", "options = { site = 7 }\nlink ="),
        ("d", "link =", "options = { sight = \"x\" }\nlink ="),
        ("e", "body = '''", "file = \"none.json\"\nbody = '''"),
    ] {
        let text = whole.replacen(from, to, 1);
        fs::write(cases.join(format!("{name}.toml")), text).unwrap();
    }
    let said = test(&fetch).run().fails(3).stdout;
    for expected in [
        "failed  a\n",
        "a.toml`, line 2: unknown field `lnk`",
        "ok      album\n",
        "failed  b\n  no source recognises `https://other.example/a/7`\n",
        "failed  c\n  `site` of `[source.comics]` is not an http or https URL without query\n",
        "failed  d\n  unknown key `sight` in `options`\n    hint: the known ones are `site`\n",
        "failed  e\n  cannot read `comics/cases/none.json`\n",
        "5 of 6 failed\n",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn recorded_responses_respect_the_size_limit() {
    let (fetch, folder) = new();
    let manifest = folder.join("plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{text}\n[limits]\nbody_mib = 1\n")).unwrap();
    let case = folder.join("cases/album.toml");
    for (length, is_well) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let mut body = r#"{ "images": [] }"#.to_owned();
        body.push_str(&" ".repeat(length - body.len()));
        fs::write(folder.join("cases/long.json"), body).unwrap();
        let text = "link = \"https://comics.example/a/7\"\n[[answer]]\n\
            url = \"https://comics.example/api/albums/7\"\nfile = \"long.json\"\n";
        fs::write(&case, text).unwrap();
        match is_well {
            true => {
                test(&fetch).run().success();
            }
            false => {
                let said = test(&fetch).run().fails(3).stdout;
                assert!(said.contains("is longer than 1048576 bytes"), "{said}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn cases_follow_no_symbolic_links_and_read_no_devices() {
    use std::os::unix::fs::symlink;

    let (fetch, folder) = new();
    lists_pages(&folder);
    let [case, answer] = ["album.toml", "second.json"].map(|name| folder.join("cases").join(name));
    let elsewhere = fetch.root().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for (at, name) in [(&answer, "second.json"), (&case, "album.toml")] {
        let kept = elsewhere.join(name);
        fs::rename(at, &kept).unwrap();
        for target in [Path::new("/dev/zero"), &kept] {
            symlink(target, at).unwrap();
            let said = test(&fetch).run().fails(3).stdout;
            let expected = format!(
                "failed  album\n  cannot read `comics/cases/{name}`\n    it is not a regular file\n"
            );
            assert!(said.contains(&expected), "{said}");
            fs::remove_file(at).unwrap();
        }
        fs::rename(kept, at).unwrap();
    }
    // What is longer than it says.
    let long = fs::File::create(&answer).unwrap();
    long.set_len(5 << 20).unwrap();
    let said = test(&fetch).run().fails(3).stdout;
    assert!(said.contains("it is longer than 4194304 bytes"), "{said}");
    fs::remove_dir(&elsewhere).unwrap();
    fs::rename(folder.join("cases"), &elsewhere).unwrap();
    symlink(&elsewhere, folder.join("cases")).unwrap();
    let said = test(&fetch).run().fails(2).stderr;
    assert!(
        said.contains("`comics/cases` is not a regular folder"),
        "{said}"
    );
}
