//! What lets a user in: cookies of a file and of a browser, names and passwords of a netrc.

use std::fs;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn picture() -> Reply {
    Reply::file(small(Format::Jpeg, 1))
}

/// The name and the password of each request, as they came.
fn logins(site: &Site) -> Vec<String> {
    let requests = site.requests();
    let login =
        |seen: &crate::support::Request| seen.header("authorization").unwrap_or("none").to_owned();
    requests.iter().map(login).collect()
}

/// A netrc of this user that nobody else may read.
fn netrc(fetch: &Fetch, text: &str) {
    let file = fetch.root().join("home/.netrc");
    fs::write(&file, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn cookies_that_servers_set_are_saved_for_the_next_run() {
    let site = Site::start();
    let set = picture()
        .header("Set-Cookie", "old=2; Path=/; HttpOnly")
        .header("Set-Cookie", "new=3; Path=/; Max-Age=86400")
        .header("Set-Cookie", "gone=; Path=/; Max-Age=0");
    site.on("/a.jpg", set);
    site.on("/b.jpg", picture());
    let fetch = Fetch::new();
    let jar = fetch.root().join("cookies.txt");
    let before = "# Netscape HTTP Cookie File\n# mine\nother.org\tFALSE\t/\tTRUE\t0\tx\ty\n\
                  127.0.0.1\tFALSE\t/\tFALSE\t0\told\t1\n127.0.0.1\tFALSE\t/\tFALSE\t0\tgone\t1\n";
    fs::write(&jar, before).unwrap();
    let fetch = fetch.arg("-C").arg(&jar);
    let saving = fetch.clone().arg("--save-cookies");
    saving.arg(site.url("/a.jpg")).run().success();
    let after = fs::read_to_string(&jar).unwrap();
    let lines: Vec<_> = after.lines().collect();
    assert_eq!(
        lines[1..4],
        [
            "# mine",
            "other.org\tFALSE\t/\tTRUE\t0\tx\ty",
            "#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\told\t2"
        ]
    );
    assert!(lines[4].starts_with("127.0.0.1\tFALSE\t/\tFALSE\t") && lines[4].ends_with("\tnew\t3"));
    assert_eq!(lines.len(), 5);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&jar).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Without the option, the file is left alone.
    let again = fetch.clone().arg(site.url("/b.jpg"));
    again.run().success();
    assert_eq!(fs::read_to_string(&jar).unwrap(), after);
    let sent = site.requests()[1].header("cookie").map(str::to_owned);
    let mut sent: Vec<_> = sent.as_deref().unwrap_or("").split("; ").collect();
    sent.sort_unstable();
    assert_eq!(sent, ["new=3", "old=2"]);
}

#[test]
fn a_missing_cookie_file_is_created() {
    let site = Site::start();
    site.on("/a.jpg", picture().header("Set-Cookie", "a=1"));
    let fetch = Fetch::new();
    let jar = fetch.root().join("new.txt");
    let fetch = fetch.arg("--save-cookies").arg(site.url("/a.jpg"));
    let done = fetch.run().fails(2);
    assert!(
        done.stderr.contains("name it with `-C FILE`"),
        "{}",
        done.stderr
    );
    fetch.arg("-C").arg(&jar).run().success();
    let expected = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n";
    assert_eq!(fs::read_to_string(&jar).unwrap(), expected);
}

#[test]
fn expired_cookie_files_are_reported() {
    let site = Site::start();
    site.on("/a.jpg", picture());
    let fetch = Fetch::new();
    let jar = fetch.root().join("cookies.txt");
    let line = |expires| format!("127.0.0.1\tFALSE\t/\tFALSE\t{expires}\ta\t1\n");
    let call = fetch.arg("-C").arg(&jar).args(["--skip", "never"]);
    let call = call.arg(site.url("/a.jpg"));
    for (text, is_told) in [
        (line(1000), true),
        (line(1000) + &line(0).replace("\ta\t", "\tb\t"), false),
        (String::new(), false),
    ] {
        fs::write(&jar, text).unwrap();
        let done = call.run().success();
        let said = format!("warning: all cookies in `{}` have expired", jar.display());
        assert_eq!(done.stderr.contains(&said), is_told, "{}", done.stderr);
    }
}

#[test]
fn cookies_of_firefox_are_sent_to_their_host() {
    let site = Site::start();
    site.on("/a.jpg", picture());
    let fetch = Fetch::new();
    let root = fetch.root().join("home/.mozilla/firefox");
    let profile = root.join("x.default-release");
    fs::create_dir_all(&profile).unwrap();
    let ini = "[Profile0]\nName=default\nPath=x.default-release\nDefault=1\n";
    fs::write(root.join("profiles.ini"), ini).unwrap();
    // Left open and in its log, as by a Firefox that runs.
    let store = rusqlite::Connection::open(profile.join("cookies.sqlite")).unwrap();
    let rows = "PRAGMA journal_mode = WAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 16;
        CREATE TABLE moz_cookies (originAttributes, host, path, isSecure, isHttpOnly, expiry, name, value);
        INSERT INTO moz_cookies VALUES
        ('', '127.0.0.1', '/', 0, 1, 4102444800000, 'mine', '1'), ('', '127.0.0.1', '/', 0, 1, 1000, 'over', '1'),
        ('^userContextId=1', '127.0.0.1', '/', 0, 1, 4102444800000, 'work', '1'),
        ('', '.example.org', '/', 0, 1, 4102444800000, 'other', '1');";
    store.execute_batch(rows).unwrap();
    let fetch = fetch.arg("--cookies-from").arg("firefox");
    fetch.clone().arg(site.url("/a.jpg")).run().success();
    let sent = site.requests()[0].header("cookie").map(str::to_owned);
    assert_eq!(sent.as_deref(), Some("mine=1"));
    let left: Vec<_> = fs::read_dir(fetch.root().join("temp")).unwrap().collect();
    assert!(left.is_empty(), "the copy is gone: {left:?}");
}

#[test]
fn an_unsupported_browser_gets_a_hint() {
    let done = Fetch::new()
        .args(["--cookies-from", "chrome", "a.org"])
        .run()
        .fails(2);
    let expected = "error: the cookies of `chrome` cannot be read: only it can decrypt them\n  hint: export them with an \
                    extension such as `Get cookies.txt LOCALLY` and give the file with `-C FILE`; or log in with Firefox\n";
    assert_eq!(done.stderr, expected);
}

#[test]
fn a_netrc_login_does_not_follow_a_redirect() {
    let (site, other) = (Site::start(), Site::start());
    site.on("/a.jpg", Reply::redirect(other.url("/b.jpg")));
    other.on("/b.jpg", Reply::redirect(site.url("/c.jpg")));
    site.on("/c.jpg", picture());
    let fetch = Fetch::new();
    let (here, there) = (site.port(), other.port());
    netrc(
        &fetch,
        &format!(
            "machine 127.0.0.1:{here} login bob password secret\nmachine 127.0.0.1:{there} login eve password x\n"
        ),
    );
    let link = site.url("/a.jpg");
    fetch.clone().arg("--netrc").arg(&link).run().success();
    assert_eq!(logins(&site), ["Basic Ym9iOnNlY3JldA==", "none"]);
    assert_eq!(logins(&other), ["none"]);
}

#[test]
fn the_netrc_is_opt_in_and_overridden_by_explicit_logins() {
    let site = Site::start();
    site.on("/a.jpg", picture());
    let fetch = Fetch::new().args(["--skip", "never"]);
    netrc(&fetch, "default login anonymous password me\n");
    let link = site.url("/a.jpg");
    fetch.clone().arg(&link).run().success();
    let fetch = fetch.arg("--netrc");
    fetch.clone().arg(&link).run().success();
    let header = fetch.clone().args(["--header", "Authorization: mine"]);
    header.arg(&link).run().success();
    let with_user = link.replace("://", "://ann:pw@");
    fetch.arg(with_user).run().success();
    let expected = ["none", "Basic YW5vbnltb3VzOm1l", "mine", "Basic YW5uOnB3"];
    assert_eq!(logins(&site), expected);
}

#[test]
fn a_missing_or_invalid_netrc_is_named() {
    let fetch = Fetch::new().args(["--netrc", "a.org"]);
    let done = fetch.run().fails(2);
    assert!(
        done.stderr_filtered()
            .contains("cannot read the netrc `ROOT/home/.netrc`"),
        "{}",
        done.stderr
    );
    netrc(&fetch, "machine a.org\nlogin bob pasword secret\n");
    let done = fetch.run().fails(2);
    assert!(
        done.stderr_filtered()
            .contains("line 2 of the netrc `ROOT/home/.netrc`: expected"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("secret"));
    // As with ssh, what others may read is refused.
    #[cfg(unix)]
    {
        let other = fetch.root().join("other");
        fs::write(&other, "machine a.org login bob").unwrap();
        let setting = format!("net.netrc={}", other.display());
        let done = Fetch::new().args(["-S", &setting, "a.org"]).run().fails(2);
        assert!(
            done.stderr.contains("others can read it"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn a_server_cannot_supply_the_cookie_file() {
    let site = Site::start();
    let jar = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\ttheirs\n";
    let sent = Reply::text(jar).header(
        "Content-Disposition",
        "attachment; filename=\"cookies.txt\"",
    );
    site.on("/dl", sent);
    site.on("/b.jpg", picture());
    let fetch = Fetch::new().args(["--save-cookies", "-C", "cookies.txt"]);
    fetch.clone().arg(site.url("/dl")).run().success();
    fetch.arg(site.url("/b.jpg")).run().success();
    assert_eq!(site.requests()[1].header("cookie"), None);
}

#[test]
fn secrets_are_masked_whatever_their_key() {
    let fetch = Fetch::new().config("[source.reddit]\napp = \"id:hunter2\"\n");
    let done = fetch.args(["config", "show"]).run().success();
    assert!(done.stdout.contains("app = \"***\""), "{}", done.stdout);
}
