//! Refusals and failures of servers: what is waited out, what is given up, and where secrets go.

use std::time::Duration;

use super::{large, quick};
use crate::support::command::Fetch;
use crate::support::media::{Format, noise, small};
use crate::support::{Reply, Site};

#[test]
fn refusals_have_their_reason_and_their_exit_code() {
    let table = [
        (401, 6, "login"),
        (403, 7, "blocked"),
        (404, 4, "missing"),
        (410, 4, "missing"),
        (451, 7, "blocked"),
    ];
    for (status, code, reason) in table {
        let site = Site::start();
        site.on("/cat.jpg", Reply::text("no").status(status));
        let fetch = quick().arg(site.url("/cat.jpg"));
        let done = fetch.run().fails(code);
        let output = done.stderr_filtered();
        assert!(
            output.contains(&format!("the server answered {status}")),
            "{output}"
        );
        assert!(output.contains(&format!("1 {reason}")), "{output}");
        assert_eq!(site.requests().len(), 1, "{status} is not tried again");
        assert_eq!(fetch.tree(), "");
    }
}

#[test]
fn any_2xx_status_with_a_file_is_a_success() {
    let picture = small(Format::Png, 1);
    for status in [200, 201, 202, 203, 226, 299] {
        let site = Site::start();
        let reply = Reply::file(picture.clone()).status(status);
        site.on("/cat.png", reply).once();
        let fetch = quick().arg(site.url("/cat.png"));
        fetch.run().success();
        assert_eq!(fetch.files()["cat.png"], picture, "{status}");
    }
    for status in [204, 205] {
        let site = Site::start();
        site.on("/cat.png", Reply::empty(status)).once();
        let fetch = quick().arg(site.url("/cat.png"));
        let said = format!("the server answered {status}");
        fetch.run().fails(4).says(&said);
        assert_eq!(fetch.tree(), "");
    }
}

#[test]
fn content_encodings_that_are_none_are_ignored() {
    let picture = small(Format::Png, 1);
    for coding in ["none", "UTF-8", "binary", "aws-chunked"] {
        let site = Site::start();
        let reply = Reply::file(picture.clone()).header("Content-Encoding", coding);
        site.on("/cat.png", reply).once();
        let fetch = quick().arg(site.url("/cat.png"));
        fetch.run().success();
        assert_eq!(fetch.files()["cat.png"], picture, "{coding}");
    }
}

#[test]
fn temporary_statuses_are_retried() {
    for status in [
        408, 420, 425, 429, 500, 502, 503, 504, 507, 508, 509, 520, 522, 524, 529, 599,
    ] {
        let site = Site::start();
        site.on("/cat.jpg", Reply::text("later").status(status))
            .times(2);
        site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
        let fetch = quick().arg(site.url("/cat.jpg"));
        fetch.run().success();
        assert_eq!(fetch.files().len(), 1, "{status}");
    }
}

#[test]
fn a_redirect_without_a_location_is_a_clear_error() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::empty(302)).once();
    let done = quick().arg(site.url("/cat.jpg")).run().fails(4);
    done.says("the server answered 302 Found without saying where to go");
}

#[test]
fn retry_after_is_waited_for_in_both_forms() {
    let date = httpdate::fmt_http_date(std::time::SystemTime::now());
    let later = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(1));
    let replies = [
        Reply::text("").status(429).header("Retry-After", "1"),
        Reply::text("").status(403).header("Retry-After", "1"),
        Reply::text("")
            .status(503)
            .header("Retry-After", later)
            .without("Date")
            .header("Date", date),
    ];
    for reply in replies {
        let site = Site::start();
        site.on("/cat.jpg", reply).once();
        site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
        quick().arg(site.url("/cat.jpg")).run().success();
        let requests = site.requests();
        let waited = requests[1].at - requests[0].at;
        assert!(
            waited >= Duration::from_secs(1) && waited < Duration::from_secs(5),
            "{waited:?}"
        );
    }
}

#[test]
fn a_retry_after_of_zero_still_backs_off() {
    let past = "Wed, 21 Oct 2015 07:28:00 GMT";
    for (status, told) in [(429, "0"), (503, "0"), (429, past), (503, past)] {
        let site = Site::start();
        let busy = Reply::text("").status(status).header("Retry-After", told);
        site.on("/cat.jpg", busy).times(4);
        site.on("/cat.jpg", Reply::file(small(Format::Jpeg, 1)));
        let fetch = Fetch::new().config("[net]\nbackoff = \"40ms\"\n");
        fetch.arg(site.url("/cat.jpg")).run().success();
        let requests = site.requests();
        let waited = requests[4].at - requests[0].at;
        // Each wait is at least half of twice the one before.
        assert!(waited >= Duration::from_millis(300), "{waited:?}");
    }
}

#[test]
fn a_retry_after_of_hours_is_a_clear_failure() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::text("").status(429).header("Retry-After", "7200"),
    );
    let done = quick().arg(site.url("/cat.jpg")).run().fails(7);
    let output = done.stderr_filtered();
    assert!(
        output.contains("asks to wait 7200 s") || output.contains("asks to wait TIME"),
        "{output}"
    );
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn a_paused_host_does_not_delay_another() {
    let (slow, fast) = (Site::start(), Site::start());
    slow.on(
        "/a.jpg",
        Reply::text("").status(429).header("Retry-After", "2"),
    )
    .once();
    slow.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    fast.on("/b.jpg", Reply::file(small(Format::Jpeg, 2)));
    // Ports share a host, so another name is needed for the other one.
    let other = fast.url("/b.jpg").replace("127.0.0.1", "localhost");
    let fetch = quick()
        .args(["--resolve", "localhost:80:127.0.0.1"])
        .arg(slow.url("/a.jpg"))
        .arg(other);
    fetch.run().success();
    let (waited, went) = (slow.requests()[1].at, fast.requests()[0].at);
    assert!(waited > went + Duration::from_secs(1));
}

#[test]
fn no_retries_means_none() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::text("").status(500));
    quick()
        .args(["-R", "0"])
        .arg(site.url("/cat.jpg"))
        .run()
        .fails(4);
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn no_file_is_lost_to_a_host_with_few_slots() {
    let site = Site::start();
    let busy = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut fetch = quick();
    for number in 0..40 {
        let (busy, path) = (busy.clone(), format!("/{number}.bin"));
        let reply = move |_: &crate::support::Request| {
            use std::sync::atomic::Ordering::SeqCst;
            let now = busy.fetch_add(1, SeqCst);
            std::thread::sleep(Duration::from_millis(5));
            busy.fetch_sub(1, SeqCst);
            if now >= 4 {
                Reply::text("").status(429)
            } else {
                Reply::file(noise(2000, number))
            }
        };
        site.on(&path, Reply::with(reply));
        fetch = fetch.arg(site.url(&path));
    }
    fetch.run().success();
    assert_eq!(fetch.files().len(), 40);
}

#[test]
fn secrets_stay_at_their_origin() {
    let (first, second) = (Site::start(), Site::start());
    second.on(
        "/cat.jpg",
        Reply::with(|seen| {
            for name in ["authorization", "cookie", "x-api-key"] {
                assert_eq!(seen.header(name), None, "{name} was carried along");
            }
            Reply::file(small(Format::Jpeg, 1))
        }),
    );
    let elsewhere = second.url("/cat.jpg");
    first.on(
        "/cat.jpg",
        Reply::with(move |seen| {
            assert_eq!(seen.header("x-api-key"), Some("k"));
            assert_eq!(seen.header("authorization"), Some("Bearer t"));
            Reply::redirect(elsewhere.clone())
        }),
    );
    let fetch = quick()
        .args([
            "--header",
            "X-Api-Key: k",
            "--header",
            "Authorization: Bearer t",
            "--header",
            "Cookie: c=1",
        ])
        .arg(first.url("/cat.jpg"));
    fetch.run().success();
}

#[test]
fn a_redirect_to_a_file_url_is_refused() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::redirect("file:///etc/passwd"));
    let done = quick().arg(site.url("/cat.jpg")).run().fails(7);
    assert!(
        done.stderr
            .contains("redirects to `file:`, which is not followed"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_refused_connection_is_named() {
    let port = Site::start().port();
    let fetch = quick()
        .args(["-R", "1"])
        .arg(format!("http://127.0.0.1:{port}/cat.jpg"));
    let done = fetch.run().fails(4);
    assert!(
        done.stderr
            .contains(&format!("cannot connect to `127.0.0.1:{port}`")),
        "{}",
        done.stderr
    );
}

#[test]
fn a_password_in_a_url_is_sent_but_not_displayed() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::with(|seen| {
            assert_eq!(seen.header("authorization"), Some("Basic dXNlcjpodW50ZXIy"));
            Reply::text("no").status(403)
        }),
    );
    let url = site
        .url("/cat.jpg?token=hunter3")
        .replace("http://", "http://user:hunter2@");
    for format in ["-v", "-j"] {
        let done = quick().arg(format).arg(&url).run().fails(7);
        let output = done.stdout + &done.stderr;
        assert!(output.contains("cat.jpg"), "{output}");
        assert!(!output.contains("hunter"), "{output}");
    }
}

#[test]
fn an_interrupt_lets_files_in_progress_finish() {
    let site = Site::start();
    site.on("/a.jpg", Reply::file(large()).throttle(3_000_000));
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 2)))
        .optional();
    let fetch = Fetch::new()
        .args(["-N", "1"])
        .arg(site.url("/a.jpg"))
        .arg(site.url("/b.jpg"));
    let running = fetch.spawn();
    site.wait_for("/a.jpg", 1);
    running.interrupt();
    let done = running.wait();
    assert_eq!(done.code, 130, "{}", done.stderr);
    assert_eq!(fetch.files().keys().collect::<Vec<_>>(), ["a.jpg"]);
    assert!(fetch.files()["a.jpg"] == large());
    assert!(done.stderr.contains("interrupted"), "{}", done.stderr);
}
