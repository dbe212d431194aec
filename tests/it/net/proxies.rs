//! Proxies that the environment names.

use fetch::model::Kind;
use fetch::net::Settings;

use super::{body, client, quick, stubborn};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn no_spelling_of_a_host_bypasses_the_proxy() {
    let (proxy, direct) = (Site::start(), Site::start());
    direct.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
    let port = direct.port();
    let odd = format!("http://a{{b.test:{port}/cat.jpg");
    let host = format!("a{{b.test:{port}:127.0.0.1");
    let fetch = Fetch::new().args(["-R", "0", "--resolve", &host, &odd]);
    fetch.run().success();
    direct.forget();
    let fetch = Fetch::new().args(["-R", "0", "--resolve", &host, &odd]);
    let done = fetch.env("http_proxy", proxy.url("")).run().fails(2);
    assert!(done.stderr.contains("cannot request"), "{}", done.stderr);
    assert_eq!(direct.requests().len(), 0);
}

#[test]
fn proxy_variables_are_understood_or_refused() {
    let proxy = Site::start();
    proxy.on(
        "http://cat.test/cat.jpg",
        Reply::file(small(Format::Jpeg, 1)),
    );
    let link = "http://cat.test/cat.jpg";
    for spelled in ["http://", "HTTP://", "", " http://"] {
        let at = format!("{spelled}127.0.0.1:{}", proxy.port());
        let fetch = Fetch::new().arg(link).env("all_proxy", at);
        fetch.run().success();
    }
    proxy.forget();
    for (wrong, why) in [
        ("http://user:pa#ss@127.0.0.1:1", "invalid port number"),
        ("socks5h:127.0.0.1:9050", "invalid port number"),
        ("http//127.0.0.1:9050", "it is not the address of a proxy"),
        ("socks9://127.0.0.1:9050", "there is no such kind of proxy"),
    ] {
        let fetch = Fetch::new().arg(link).env("all_proxy", wrong);
        let done = fetch.run().fails(2);
        let said = format!("cannot use the proxy that `all_proxy` names\n  because: {why}");
        assert!(done.stderr.contains(&said), "{}", done.stderr);
        assert!(!done.stderr.contains("pa#"), "{}", done.stderr);
    }
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn no_proxy_entries_match_only_their_hosts() {
    let (proxy, direct) = (Site::start(), Site::start());
    let host = format!("cat.example:{}:127.0.0.1", direct.port());
    let link = format!("http://cat.example:{}/cat.jpg", direct.port());
    proxy.on(&link, Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().args(["-R", "0", "--resolve", &host, &link]);
    let fetch = fetch.env("NO_PROXY", ".test,.invalid,.local");
    fetch.env("ALL_PROXY", proxy.url("")).run().success();
    let fetch = Fetch::new().args(["-R", "0", "--resolve", &host, &link]);
    let fetch = fetch.env("REQUEST_METHOD", "GET");
    fetch.env("ALL_PROXY", proxy.url("")).run().success();
    assert_eq!(direct.requests().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_non_utf8_proxy_variable_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let direct = Site::start();
    let odd = OsStr::from_bytes(b"http://u:p\xe4ss@127.0.0.1:1");
    let fetch = || Fetch::new().arg(direct.url("/cat.jpg"));
    let kept = "source.imgur.client_id = \"env:SECRET\"";
    for (fetch, name) in [
        (fetch(), "FETCH_NET__PROXY"),
        (fetch(), "IMGUR_CLIENT_ID"),
        (fetch().config(kept), "SECRET"),
    ] {
        let done = fetch.env(name, odd).run().fails(2);
        let said = format!("the environment variable `{name}` is not valid text");
        assert!(done.stderr.contains(&said), "{}", done.stderr);
    }
    assert_eq!(direct.requests().len(), 0);
}

#[tokio::test]
async fn a_proxy_that_refuses_connect_is_named() {
    let (address, _) = stubborn(&[b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"]);
    let client = client(Settings {
        proxy: Some(format!("http://{address}")),
        ..quick()
    });
    let error = body(&client, "https://cat.test/f").await.unwrap_err();
    assert_eq!(error.kind, Kind::Network);
    let told = format!("cannot connect to `cat.test` through the proxy `http://{address}/`");
    assert_eq!(error.message, told);
    let cause = error.source.map(|cause| cause.to_string());
    assert_eq!(cause.as_deref(), Some("the proxy refuses to connect to it"));
}
