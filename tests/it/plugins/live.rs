//! `fetch plugin test --live`: what has changed at the site since its cases were written.

use std::fs;

use super::kit::{change, new, test};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

/// The call for the site that the user has set.
fn live(fetch: &Fetch, site: &Site) -> Fetch {
    let set = format!("source.comics.site={}", site.url(""));
    test(fetch).args(["--live", "-S", &set, "-S", "net.retries=0"])
}

/// A site whose album has this, with `SITE` for where it is.
fn album(images: &str) -> Site {
    let site = Site::start();
    let images = images.replace("SITE", &site.url(""));
    let answer = format!(r#"{{ "title": "Cats", "images": [{images}] }}"#);
    site.on("/api/albums/7", Reply::json(answer));
    site
}

const TOM: &str = r#"{ "id": "x1", "url": "SITE/x1.jpg", "title": "Tom" }"#;

#[test]
fn live_accepts_an_unchanged_or_grown_site() {
    let (fetch, folder) = new();
    // Where the site is, is no matter of what it has.
    change(
        &folder.join("cases/album.toml"),
        "url = \"https://comics.example/x1.jpg\"\n",
        "",
    );
    let more = format!(r#"{{ "id": "x0", "url": "SITE/x0.jpg" }}, {TOM}"#);
    for images in [TOM, &more] {
        let site = album(images);
        let done = live(&fetch, &site).run().success();
        assert_eq!(done.stdout, "ok      album\n");
        assert_eq!(site.requests().len(), 1);
    }
}

#[test]
fn live_reports_changed_fields() {
    let (fetch, folder) = new();
    let table = [
        (
            200,
            r#"{ "title": "Cats", "images": [] }"#,
            "changed album\n  item \"x1\" is no longer listed\n1 of 1 failed, or have changed\n",
        ),
        (
            200,
            r#"{ "title": "Dogs", "images": [{ "id": "x1", "url": "SITE/x1.jpg", "title": "Tim" }] }"#,
            "changed album\n  item \"x1\": `album`\n    - {\"id\":\"7\",\"title\":\"Cats\"}\n    + {\"id\":\"7\",\"title\":\"Dogs\"}\n  item \"x1\": `title`\n    - \"Tom\"\n    + \"Tim\"\n",
        ),
        (
            200,
            r#"{ "pictures": [] }"#,
            "changed album\n  it fails with `corrupt`: comics/main.luau:3:",
        ),
        (404, "no", "changed album\n  it fails with `missing`: "),
    ];
    change(
        &folder.join("cases/album.toml"),
        "url = \"https://comics.example/x1.jpg\"\n",
        "",
    );
    for (status, answer, expected) in table {
        let site = Site::start();
        let answer = answer.replace("SITE", &site.url(""));
        site.on("/api/albums/7", Reply::json(answer).status(status));
        let done = live(&fetch, &site).run().fails(3);
        assert!(
            done.stdout.contains(expected),
            "{expected}: {}",
            done.stdout
        );
    }
}

#[test]
fn live_reports_outages_as_failures_not_changes() {
    let (fetch, folder) = new();
    for (status, expected) in [
        (503, "failed  album\n  comics/main.luau:2: "),
        (429, "failed  album\n  comics/main.luau:2: "),
        (401, "failed  album\n  comics/main.luau:2: "),
        (404, "changed album\n  it fails with `missing`"),
    ] {
        let site = Site::start();
        site.on("/api/albums/7", Reply::text("no").status(status));
        let done = live(&fetch, &site).run().fails(3);
        let said = &done.stdout;
        assert!(said.starts_with(expected), "{status}: {said}");
    }
    // Where that is what the case is about, it holds.
    let file = folder.join("cases/album.toml");
    let text = "link = \"https://comics.example/a/7\"\nerror = \"login\"\n[[answer]]\n\
        url = \"https://comics.example/api/albums/7\"\nstatus = 401\n";
    fs::write(&file, text).unwrap();
    let site = Site::start();
    site.on("/api/albums/7", Reply::text("no").status(401));
    live(&fetch, &site).run().success();
}

#[test]
fn live_sends_no_request_for_cases_that_fail_offline() {
    let (fetch, folder) = new();
    let file = folder.join("cases/album.toml");
    change(&file, "title = \"Tom\"", "title = \"Tim\"");
    let site = Site::start();
    let done = live(&fetch, &site).run().fails(3);
    assert!(
        done.stdout.starts_with("failed  album\n"),
        "{}",
        done.stdout
    );
    assert!(site.requests().is_empty());
}

#[test]
fn live_cases_cannot_choose_the_site_or_private_addresses() {
    let (fetch, folder) = new();
    let home = Site::start();
    home.on("/*", Reply::json(r#"{ "images": [] }"#)).optional();
    let file = folder.join("cases/album.toml");
    let whole = fs::read_to_string(&file).unwrap();
    let own = home.url("");
    let text = whole.replace("https://comics.example/a/", "LINK");
    let text = text.replace("https://comics.example", &own);
    let text = text.replace("LINK", "https://comics.example/a/");
    let options = format!("options = {{ site = \"{own}\" }}\n");
    fs::write(&file, format!("{options}{text}")).unwrap();
    test(&fetch).run().success();
    // The site of the manifest is asked, which is nowhere.
    let call = test(&fetch).args(["--live", "-S", "net.retries=0"]);
    let call = call.args(["-S", "net.resolve=comics.example:443:127.0.0.1"]);
    let done = call.run().fails(3);
    // Whether anybody is there, and whatever he says: nobody here has the key of that name.
    let told = &done.stdout;
    assert!(told.contains("comics/main.luau:2: "), "{told}");
    assert!(told.contains("`comics.example`"), "{told}");
    assert!(home.requests().is_empty());
    // Nor does it lead there by a link with a name.
    change(
        &folder.join("plugin.toml"),
        "[permissions]\n",
        "[permissions]\nnamed_host = true\n",
    );
    let script = "return { extract = function(ctx) http.get(ctx.url) end }\n";
    fs::write(folder.join("main.luau"), script).unwrap();
    let link = format!("{own}/a/7");
    let case = format!("link = \"comics:{link}\"\n[[answer]]\nurl = \"{link}\"\n");
    fs::write(&file, case).unwrap();
    test(&fetch).run().success();
    let done = test(&fetch).arg("--live").run().fails(3);
    assert!(
        done.stdout.contains("it fails with `blocked`"),
        "{}",
        done.stdout
    );
    assert!(home.requests().is_empty());
}

#[test]
fn live_stops_after_the_expected_items() {
    let (fetch, folder) = new();
    let script = "return { extract = function(ctx)\n\
        for page = 1, 999 do\n\
        local id = http.get(`{ctx.options.site}/{page}`).body\n\
        emit({ key = id, url = `{ctx.options.site}/{id}.jpg` })\n\
        if ctx.options.site == 'https://comics.example' then return end\n\
        end\nend }\n";
    fs::write(folder.join("main.luau"), script).unwrap();
    let case = "link = \"https://comics.example/a/7\"\n[[answer]]\nurl = \"https://comics.example/1\"\n\
        body = \"b\"\n[[item]]\nkey = \"b\"\n";
    fs::write(folder.join("cases/album.toml"), case).unwrap();
    test(&fetch).run().success();
    let site = Site::start();
    site.on("/1", Reply::text("a"));
    site.on("/2", Reply::text("b"));
    site.on("/3", Reply::text("c")).optional();
    live(&fetch, &site).run().success();
    assert!(site.requests().len() <= 3);
    // And none that has lost what is looked for.
    let site = Site::start();
    site.on("/*", Reply::text("a"));
    let done = live(&fetch, &site).run().fails(3);
    assert!(
        done.stdout
            .contains("after 16 more requests than the case has responses"),
        "{}",
        done.stdout
    );
    assert_eq!(site.requests().len(), 17);
}

#[test]
fn a_single_case_is_run_by_name() {
    let (fetch, folder) = new();
    let album = folder.join("cases/album.toml");
    let broken = fs::read_to_string(&album).unwrap().replace("Tom", "Tim");
    fs::write(folder.join("cases/other.toml"), broken + "\n").unwrap();
    change(
        &folder.join("cases/other.toml"),
        "title = \"Tim\"",
        "title = \"Tam\"",
    );
    let done = test(&fetch).args(["--case", "album"]).run().success();
    assert_eq!(done.stdout, "ok      album\n");
    test(&fetch).run().fails(3);
    let done = test(&fetch).args(["--case", "albun"]).run().fails(2);
    done.says("there is no case `albun`")
        .says("the known ones are `album`, `other`");
}

#[test]
fn live_waits_for_what_follows_the_last_item() {
    let (fetch, folder) = new();
    let script = "return { extract = function(ctx)\n\
        local answer = http.get(`{ctx.options.site}/1`).body\n\
        emit({ key = 'a', url = `{ctx.options.site}/a.jpg` })\n\
        if answer == 'both' then emit({ key = 'z', url = '/z' }) warn('one is missing') end\n\
        end }\n";
    fs::write(folder.join("main.luau"), script).unwrap();
    let case = "link = \"https://comics.example/a/7\"\nbroken = [\"z\"]\nwarned = [\"one is missing\"]\n\
        [[answer]]\nurl = \"https://comics.example/1\"\nbody = \"both\"\n[[item]]\nkey = \"a\"\n";
    fs::write(folder.join("cases/album.toml"), case).unwrap();
    test(&fetch).run().success();
    let site = Site::start();
    site.on("/1", Reply::text("both"));
    live(&fetch, &site).run().success();
    let site = Site::start();
    site.on("/1", Reply::text("neither"));
    let done = live(&fetch, &site).run().fails(3);
    let expected = "changed album\n  `z` should be in `broken`, but is not\n  \
        `one is missing` is no longer reported as a warning\n";
    assert!(done.stdout.starts_with(expected), "{}", done.stdout);
}
