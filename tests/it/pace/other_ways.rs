//! Hosts that refuse in other ways than with 429 or 503.

use super::*;

#[test]
fn a_host_that_limits_its_rate_with_403_loses_no_files() {
    let (site, refused) = few_a_second(25.0, || Reply::text("").status(403));
    let took = fetch_all(&site, 80);
    assert!(refused.load(SeqCst) > 0);
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn a_temporary_ban_loses_no_files() {
    let forbidden: Refuse = || Reply::text("").status(403);
    std::thread::scope(|scope| {
        for refuse in [forbidden, reset, || Reply::raw("")] {
            scope.spawn(move || {
                let took = fetch_all(&closed_for_a_while(refuse), 80);
                assert!(took > Duration::from_secs(2), "it never closed: {took:?}");
            });
        }
    });
}

/// A site that refuses everything for two seconds after the first thirty requests.
fn closed_for_a_while(refuse: Refuse) -> Site {
    let site = Site::start();
    let (begun, asked) = (Instant::now(), AtomicUsize::new(0));
    let closed = Mutex::new(None);
    let reply = move |seen: &Request| {
        let is_closed = match asked.fetch_add(1, SeqCst) {
            ..30 => false,
            _ => {
                let since = *closed.lock().unwrap().get_or_insert(begun.elapsed());
                begun.elapsed() - since < Duration::from_secs(2)
            }
        };
        match is_closed {
            true => refuse(),
            false => file(seen, 2000).delay(MOMENT),
        }
    };
    site.on("/*", Reply::with(reply));
    site
}

#[test]
fn a_host_that_limits_its_rate_with_resets_loses_no_files() {
    std::thread::scope(|scope| {
        for refuse in [reset, || Reply::raw("")] {
            scope.spawn(move || {
                let (site, refused) = few_a_second(10.0, refuse);
                let took = fetch_all(&site, 80);
                let refused = refused.load(SeqCst);
                assert!(refused <= 120, "{refused}");
                assert!(took < Duration::from_secs(20), "{took:?}");
            });
            scope.spawn(move || {
                let took = fetch_all(&few_in_a_window(20, refuse), 80);
                assert!(took > Duration::from_secs(9), "it never refused: {took:?}");
            });
        }
    });
}

/// A site that lets in so many requests every three seconds, and refuses the others.
fn few_in_a_window(most: u32, refuse: Refuse) -> Site {
    let site = Site::start();
    let window = Mutex::new((Instant::now(), 0));
    let reply = move |seen: &Request| {
        let mut window = window.lock().unwrap();
        if window.0.elapsed() > Duration::from_secs(3) {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        match window.1 > most {
            true => refuse(),
            false => file(seen, 2000).delay(MOMENT),
        }
    };
    site.on("/*", Reply::with(reply));
    site
}

#[test]
fn forbidden_files_among_others_are_requested_a_few_times_only() {
    let site = Site::start();
    let reply = |seen: &Request| match seen.path().ends_with("7.bin") {
        true => Reply::text("").status(403),
        false => file(seen, 2000).delay(MOMENT),
    };
    site.on("/*", Reply::with(reply));
    let mut fetch = Fetch::new().config("net.backoff = \"20ms\"");
    for number in 0..200 {
        fetch = fetch.arg(site.url(&format!("/{number}.bin")));
    }
    let done = fetch.run().fails(3);
    assert_eq!(fetch.files().len(), 180, "{}", done.stderr);
    assert!(
        done.stderr.contains("20 failed (20 blocked)"),
        "{}",
        done.stderr
    );
    let requests = site.requests().len();
    assert!(requests < 200 + 20, "{requests}");
}

#[test]
fn forbidden_files_fail_soon_at_a_host_that_limits_with_403() {
    let (site, _) = few_at_once(6, || Reply::text("").status(403));
    let mut fetch = Fetch::new().config("net.backoff = \"100ms\"");
    for number in 0..200 {
        let path = format!("/{number}.bin");
        if number % 20 == 7 {
            site.on(&path, Reply::text("").status(403));
        }
        fetch = fetch.arg(site.url(&path));
    }
    let done = fetch.run().fails(3);
    assert_eq!(fetch.files().len(), 190, "{}", done.stderr);
    assert!(done.took < Duration::from_secs(20), "{:?}", done.took);
}

#[test]
fn failing_links_at_the_end_of_a_list_fail_soon() {
    let site = Site::start();
    site.on("/*", Reply::with(|seen| file(seen, 2000)));
    let mut fetch = Fetch::new().config("net.backoff = \"20ms\"");
    for number in 0..40 {
        let path = format!("/{number}.bin");
        if number >= 28 {
            site.on(&path, Reply::text("").status(503));
        }
        fetch = fetch.arg(site.url(&path));
    }
    let start = Instant::now();
    fetch.run().fails(3);
    assert_eq!(fetch.files().len(), 28);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn files_replaced_by_an_error_over_a_limit_are_not_lost() {
    let page: Refuse = || Reply::html("<html><body><h1>Too many connections</h1></body></html>");
    let text: Refuse = || Reply::text("Error: too many connections");
    let bad: Refuse = || Reply::text("").status(400);
    std::thread::scope(|scope| {
        for refuse in [page, text, bad] {
            scope.spawn(move || {
                let (site, refused) = few_at_once(4, refuse);
                let fetch = fetch_zips(&site, 100);
                fetch.run().success();
                assert_eq!(fetch.files().len(), 100);
                let refused = refused.load(SeqCst);
                assert!((1..=25).contains(&refused), "{refused}");
            });
        }
    });
}

#[test]
fn missing_files_answered_with_a_page_are_requested_a_few_times_only() {
    let site = Site::start();
    let reply = |seen: &Request| match seen.path().ends_with("7.zip") {
        true => Reply::html("<html><body>There is no such file.</body></html>"),
        false => file(seen, 2000).delay(MOMENT),
    };
    site.on("/*", Reply::with(reply));
    let fetch = fetch_zips(&site, 200).config("net.backoff = \"20ms\"");
    let done = fetch.run().fails(3);
    assert_eq!(fetch.files().len(), 180, "{}", done.stderr);
    let requests = site.requests().len();
    assert!(requests < 200 + 20, "{requests}");
}

#[test]
fn long_texts_get_more_connections_before_the_first_is_complete() {
    let site = Site::start();
    let slow = |seen: &Request| {
        file(seen, 200_000)
            .content_type("text/plain")
            .throttle(50_000)
    };
    site.on("/*", Reply::with(slow));
    let fetch = (0..24).fold(Fetch::new(), |fetch, number| {
        fetch.arg(site.url(&format!("/{number}.txt")))
    });
    fetch.run().success();
    let seen = site.requests();
    let soon = seen[0].at + Duration::from_secs(3);
    let early = seen.iter().filter(|request| request.at < soon).count();
    assert!(early >= 12, "{early}");
}

/// Fetches so many files whose names promise more than a text.
fn fetch_zips(site: &Site, count: usize) -> Fetch {
    (0..count).fold(Fetch::new(), |fetch, number| {
        fetch.arg(site.url(&format!("/{number}.zip")))
    })
}
