//! Listings by scripts that go on where they stopped, and who is said to have named what they emit.

use super::{USUAL, call, plugin};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn a_listing_continues_from_its_checkpoint_with_its_numbers() {
    let site = Site::start();
    site.on(
        "/list?page=1",
        Reply::json(r#"{"ids": ["a", "b"], "next": 2}"#),
    )
    .once();
    site.on("/list?page=2", Reply::empty(500)).once();
    site.on("/list?page=2", Reply::json(r#"{"ids": ["c"]}"#))
        .once();
    for (seed, name) in ["a", "b", "c"].into_iter().enumerate() {
        site.on(
            &format!("/{name}.jpg"),
            Reply::file(small(Format::Jpeg, seed as u64)),
        );
    }
    let script = r#"
        local function extract(ctx)
            local page = tonumber(ctx.resume or "1")
            while page do
                local list = http.get(ctx.options.site .. "/list", { query = { page = page } }):json()
                for _, id in list.ids do
                    emit({ key = id, url = `{ctx.options.site}/{id}.jpg`, kind = "image", album = { id = "all" } })
                end
                page = list.next
                if page then checkpoint(page) end
            end
        end
        return { extract = extract }
    "#;
    let fetch = Fetch::new().args(["-S", "net.backoff=1ms", "-R", "0"]);
    let folder = plugin(&fetch, USUAL, script);
    let fetch = fetch
        .arg("--plugin")
        .arg(folder)
        .args(["-S", &format!("source.mine.site={}", site.url(""))])
        .arg("https://mine.test/x");
    fetch.run().fails(3);
    let done = fetch.run().success();
    assert!(
        done.stderr.contains("resumes where it stopped"),
        "{}",
        done.stderr
    );
    let files: Vec<_> = fetch.files().into_keys().collect();
    // The third has the number that it would have had.
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files[2].contains("03"), "{files:?}");
}

#[test]
fn a_listing_starts_over_when_an_option_of_its_source_has_changed() {
    let site = Site::start();
    for language in ["en", "fr"] {
        site.on(
            &format!("/list?language={language}&page=1"),
            Reply::json(format!(r#"{{"ids": ["{language}1"], "next": 2}}"#)),
        );
        site.on(
            &format!("/{language}1.jpg"),
            Reply::file(small(Format::Jpeg, language.as_bytes()[0].into())),
        );
    }
    site.on("/list?language=en&page=2", Reply::empty(500))
        .once();
    site.on(
        "/list?language=fr&page=2",
        Reply::json(r#"{"ids": ["fr2"]}"#),
    );
    site.on("/fr2.jpg", Reply::file(small(Format::Jpeg, 2)));
    let script = r#"
        local function extract(ctx)
            local options = ctx.options
            local page = tonumber(ctx.resume or "1")
            while page do
                local query = { language = options.language, page = page }
                local list = http.get(options.site .. "/list", { query = query }):json()
                for _, id in list.ids do
                    emit({ key = id, url = `{options.site}/{id}.jpg` })
                end
                page = list.next
                if page then checkpoint(page) end
            end
        end
        return { extract = extract }
    "#;
    let manifest = format!(
        "{USUAL}\n[[option]]\nkey = 'language'\ntype = 'text'\ndefault = 'en'\nhelp = 'of the texts'"
    );
    let fetch = Fetch::new().args(["-S", "net.backoff=1ms", "-R", "0"]);
    let folder = plugin(&fetch, &manifest, script);
    let fetch = fetch
        .arg("--plugin")
        .arg(folder)
        .args(["-S", &format!("source.mine.site={}", site.url(""))])
        .arg("https://mine.test/x");
    fetch.run().fails(3);
    let done = fetch.args(["-S", "source.mine.language=fr"]).run();
    let told = done.success().stderr;
    assert!(told.contains("2 new"), "{told}");
    assert!(!told.contains("resumes"), "{told}");
}

#[test]
fn overlong_checkpoints_are_refused() {
    let site = Site::start();
    let script = "return { extract = function() checkpoint(string.rep('x', 5000)) end }";
    let done = call(&site, USUAL, script).run().fails(4);
    let said = &done.stderr;
    assert!(
        said.contains("a checkpoint can have at most 4096 bytes"),
        "{said}"
    );
}

#[test]
fn a_public_item_does_not_forbid_the_users_own_site() {
    let site = Site::start();
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 1)));
    let script = r#"
        return { extract = function(ctx)
            emit({ key = "a", url = "https://files.test/a.jpg" })
            emit({ key = "b", url = ctx.options.site .. "/b.jpg" })
        end }
    "#;
    // The other has no such host.
    let fetch = call(&site, USUAL, script);
    fetch.run().fails(3);
    assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
}

#[test]
fn a_listing_that_repeats_a_cursor_ends() {
    let site = Site::start();
    site.on("/list?page=1", Reply::json(r#"{ "next": 2 }"#));
    site.on("/list?page=2", Reply::json(r#"{ "next": 3 }"#));
    site.on("/list?page=3", Reply::json(r#"{ "next": 2 }"#));
    site.on("/list?page=4", Reply::json(r#"{ "next": 4 }"#));
    site.on("/token", Reply::json("{}"));
    for n in 0..20 {
        site.on(&format!("/item?n={n}"), Reply::json(format!("[{n}]")));
    }
    let pages = |first: &str| {
        format!(
            "return {{ extract = function(ctx)\nlocal page = {first}\nwhile page do\n\
             page = http.get(`{{ctx.options.site}}/list`, {{ query = {{ page = page }} }}):json().next\nend\nend }}"
        )
    };
    for (first, times) in [("1", 9), ("4", 4)] {
        let before = site.requests().len();
        let done = call(&site, USUAL, &pages(first)).arg("-s").run().fails(4);
        done.says("the listing is in a loop: ")
            .says("returned the same response 4 times");
        assert_eq!(site.requests().len() - before, times, "{first}");
    }
    // What is asked for again and again in between is no circle.
    let tokens = "return { extract = function(ctx)\nfor n = 0, 19 do\nhttp.get(ctx.options.site .. '/token')\n\
         http.get(`{ctx.options.site}/item`, { query = { n = n } })\nend\nend }";
    call(&site, USUAL, tokens).arg("-s").run().success();
}
