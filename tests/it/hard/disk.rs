//! What stands in the way on the disk.

use std::fs;
use std::path::PathBuf;

use super::{huge, large, quick};
use crate::support::command::{Fetch, Running};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site, skip, until, works};

#[test]
fn a_folder_with_the_wanted_name_is_left_alone() {
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on("/cat.jpg", Reply::file(cat.clone()));
    let fetch = quick().arg(site.url("/cat.jpg"));
    fs::create_dir(fetch.out().join("cat.jpg")).unwrap();
    fs::write(fetch.out().join("cat.jpg/inside"), "precious").unwrap();
    fetch.run().success();
    assert_eq!(fetch.files()["cat.jpg/inside"], b"precious");
    assert_eq!(fetch.files()["cat (2).jpg"], cat);
}

#[cfg(unix)]
#[test]
fn a_dangling_symbolic_link_is_not_written_through() {
    let site = Site::start();
    let cat = small(Format::Jpeg, 1);
    site.on("/cat.jpg", Reply::file(cat.clone()));
    let fetch = quick().arg(site.url("/cat.jpg"));
    let nowhere = fetch.root().join("nowhere");
    std::os::unix::fs::symlink(&nowhere, fetch.out().join("cat.jpg")).unwrap();
    fetch.run().success();
    assert!(!nowhere.exists());
    assert!(fetch.out().join("cat.jpg").is_symlink());
    assert_eq!(fetch.files()["cat (2).jpg"], cat);
}

/// A run that has got half of a file, beside a file of somebody, and the partial file of it.
#[cfg(unix)]
fn half() -> (Site, Fetch, Running, PathBuf) {
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    let stalls = good.clone().stall_after(6_000_000);
    site.on("/cat.png", stalls).once();
    site.on("/cat.png", good).optional();
    let fetch = quick().arg(site.url("/cat.png"));
    let running = fetch.spawn();
    site.wait_for_stalls(1);
    let part = fetch.out().join(fetch.partials().remove(0));
    fs::write(fetch.root().join("precious"), "precious").unwrap();
    (site, fetch, running, part)
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_in_place_of_the_partial_file_is_not_followed() {
    let (_site, fetch, running, part) = half();
    running.kill9();
    let precious = fetch.root().join("precious");
    fs::remove_file(&part).unwrap();
    std::os::unix::fs::symlink(&precious, &part).unwrap();
    fetch.run().fails(8);
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
}

#[cfg(unix)]
#[test]
fn a_hard_link_in_place_of_the_partial_file_is_not_written_to() {
    let (_site, fetch, running, part) = half();
    running.kill9();
    let precious = fetch.root().join("precious");
    fs::remove_file(&part).unwrap();
    fs::hard_link(&precious, &part).unwrap();
    fetch.run().success();
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert!(fetch.files()["cat.png"] == huge());
}

#[cfg(unix)]
#[test]
fn a_file_swapped_in_for_the_partial_file_is_not_renamed() {
    for is_link in [false, true] {
        let (_site, fetch, running, part) = half();
        let precious = fetch.root().join("precious");
        fs::remove_file(&part).unwrap();
        match is_link {
            true => std::os::unix::fs::symlink(&precious, &part).unwrap(),
            false => fs::rename(&precious, &part).unwrap(),
        }
        let done = running.wait().fails(8);
        assert!(done.stderr.contains("in its place"), "{}", done.stderr);
        assert!(!fetch.out().join("cat.png").exists());
        assert_eq!(fs::read(&part).unwrap(), b"precious");
    }
}

/// The command with a limit that the shell sets.
#[cfg(unix)]
fn limited(limit: &str) -> Fetch {
    quick().through(["sh", "-c", &format!("ulimit {limit}; exec \"$@\""), "sh"])
}

#[cfg(unix)]
#[test]
fn a_file_size_limit_is_reported_with_a_hint() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large()));
    site.on("/dog.jpg", Reply::file(small(Format::Jpeg, 1)));
    // Its unit is 512 bytes, or 1024.
    let fetch = limited("-f 2000").args([site.url("/cat.jpg"), site.url("/dog.jpg")]);
    let done = fetch.run().fails(8);
    assert!(done.stderr.contains("`ulimit -f`"), "{}", done.stderr);
    assert!(fetch.out().join("dog.jpg").exists(), "{}", done.stderr);
}

#[cfg(unix)]
#[test]
fn a_low_limit_on_open_files_is_raised_respected_or_reported() {
    let site = Site::start();
    let names = (0..40).map(|number| format!("/{number}.jpg"));
    let names: Vec<_> = names.collect();
    for name in &names {
        site.on(name, Reply::file(large()));
    }
    let links = || names.iter().map(|name| site.url(name));
    for limit in ["-Sn 24", "-n 24", "-n 40"] {
        let fetch = limited(limit).args(links());
        fetch.run().success();
        assert_eq!(fetch.files().len(), 40, "{limit}");
    }
    for limit in [8, 23] {
        let done = limited(&format!("-n {limit}")).args(links()).run().fails(8);
        let expected = format!("only {limit} files may be open at once");
        assert!(done.stderr.contains(&expected), "{}", done.stderr);
        assert!(done.stderr.contains("`ulimit -n"), "{}", done.stderr);
    }
}

#[cfg(unix)]
#[test]
fn files_get_the_permissions_that_the_umask_leaves() {
    use std::os::unix::fs::PermissionsExt;
    for (mask, expected) in [("022", 0o644), ("077", 0o600), ("000", 0o666)] {
        let site = Site::start();
        site.on("/small.jpg", Reply::file(small(Format::Jpeg, 1)));
        site.on("/large.jpg", Reply::file(large()));
        let fetch = quick()
            .through(["sh", "-c", &format!("umask {mask}; exec \"$@\""), "sh"])
            .arg(site.url("/small.jpg"))
            .arg(site.url("/large.jpg"));
        fetch.run().success();
        for name in ["small.jpg", "large.jpg"] {
            let mode = fs::metadata(fetch.out().join(name)).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, expected, "{mask} {name}");
        }
    }
}

#[test]
fn a_failed_transfer_removes_no_other_file() {
    let site = Site::start();
    site.on(
        "/cat.jpg",
        Reply::file(large()).header("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="),
    );
    site.on("/gone.jpg", Reply::text("no").status(404));
    let fetch = quick().arg(site.url("/cat.jpg")).arg(site.url("/gone.jpg"));
    for name in ["cat.jpg", "gone.jpg", ".mine.part", "cat.jpg.part"] {
        fs::write(fetch.out().join(name), "precious").unwrap();
    }
    assert_ne!(fetch.run().code, 0);
    for name in ["cat.jpg", "gone.jpg", ".mine.part", "cat.jpg.part"] {
        let kept = fs::read(fetch.out().join(name)).unwrap();
        assert_eq!(kept, b"precious", "{name}");
    }
    assert_eq!(fs::read_dir(fetch.out()).unwrap().count(), 4);
}

#[test]
fn a_file_in_place_of_a_folder_fails_before_any_request() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large())).optional();
    let fetch = quick()
        .args(["-o", "album/{name}.{ext}"])
        .arg(site.url("/cat.jpg"));
    fs::write(fetch.out().join("album"), "precious").unwrap();
    fetch.run().fails(8);
    assert!(site.requests().is_empty());
    assert_eq!(fetch.files()["album"], b"precious");
}

#[cfg(unix)]
#[test]
fn an_unwritable_folder_is_reported_with_a_hint() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large())).optional();
    let mut fetch = quick().arg(site.url("/cat.jpg"));
    if fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0) {
        // Whoever may do everything is not refused; without that power, the rights of the owner hold.
        let without = ["--bounding-set", "-dac_override,-dac_read_search"];
        if !works("setpriv", &[without[0], without[1], "true"]) {
            return skip("it runs with all rights, and they cannot be put off");
        }
        fetch = fetch.through(["setpriv", without[0], without[1]]);
    }
    let rights = |mode| fs::set_permissions(fetch.out(), fs::Permissions::from_mode(mode));
    rights(0o555).unwrap();
    let done = fetch.run();
    rights(0o755).unwrap();
    let done = done.fails(8);
    assert!(done.stderr.contains("cannot open"), "{}", done.stderr);
    assert!(
        done.stderr.contains("hint: choose a folder"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.tree(), "");
}

#[cfg(unix)]
#[test]
fn a_file_larger_than_the_free_space_is_not_started() {
    let site = Site::start();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1152921504606846976\r\nContent-Type: image/jpeg\r\n\r\n";
    let mut reply = head.as_bytes().to_vec();
    reply.extend(large());
    site.on("/huge.jpg", Reply::raw(reply));
    site.on("/cat.jpg", Reply::file(large()));
    let fetch = quick().args([site.url("/huge.jpg"), site.url("/cat.jpg")]);
    let done = fetch.run().fails(8);
    let stderr = &done.stderr;
    assert!(stderr.contains("it needs 1099511627776 MiB"), "{stderr}");
    assert!(stderr.contains("hint: free some space"), "{stderr}");
    assert_eq!(fetch.files().into_keys().collect::<Vec<_>>(), ["cat.jpg"]);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn the_minimum_free_space_is_respected() {
    let site = Site::start();
    let cat = Reply::file(small(Format::Jpeg, 1));
    site.on("/a.jpg", cat.clone());
    site.on("/b.jpg", cat).optional();
    let fetch = quick()
        .args(["-N", "1", "-S", "output.min_free=1000000T"])
        .args([site.url("/a.jpg"), site.url("/b.jpg")]);
    let done = fetch.run().fails(8);
    let stderr = &done.stderr;
    assert!(stderr.contains("MiB must stay free"), "{stderr}");
    assert_eq!(fetch.tree(), "");
}

#[test]
fn a_modification_time_in_the_future_is_ignored() {
    let site = Site::start();
    let future = std::time::SystemTime::now() + std::time::Duration::from_secs(40 * 86_400);
    site.on(
        "/cat.jpg",
        Reply::file(small(Format::Jpeg, 1)).last_modified(future),
    );
    let fetch = quick().arg(site.url("/cat.jpg"));
    fetch.run().success();
    let time = fs::metadata(fetch.out().join("cat.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    assert!(time < future - std::time::Duration::from_secs(86_400));
}

#[test]
fn an_existing_file_of_equal_length_but_other_bytes_is_kept() {
    let site = Site::start();
    site.on("/cat.jpg", Reply::file(large()));
    let fetch = quick().arg("--no-archive").arg(site.url("/cat.jpg"));
    let mut other = large();
    other[1_000_000] ^= 1;
    fs::write(fetch.out().join("cat.jpg"), &other).unwrap();
    fetch.run().success();
    assert!(fetch.files()["cat.jpg"] == other);
    assert!(fetch.files()["cat (2).jpg"] == large());
}

/// Twice in a folder with room for six million bytes: first as it is, then with more room.
#[cfg(target_os = "linux")]
const IN_A_SMALL_FOLDER: &str = "mount -t tmpfs -o size=6m,mode=755 tmpfs . || exit 77; cd \"$PWD\"; \
    \"$@\"; echo \"first $?\" >&2; mount -o remount,size=64m .; \
    \"$@\"; code=$?; cp *.png ../home; exit $code";

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_run_and_the_next_one_resumes() {
    if !works("unshare", &["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]) {
        return skip("a small file system cannot be mounted");
    }
    let site = Site::start();
    let good = Reply::file(huge()).etag("\"a\"");
    // Its length is not told, so that nobody can see before that there is no room.
    site.on("/cat.png", good.clone().chunked().throttle(2_600_000))
        .once();
    site.on("/cat.png", good);
    let fetch = Fetch::new()
        .through(["unshare", "-m", "sh", "-c", IN_A_SMALL_FOLDER, "sh"])
        .arg(site.url("/cat.png"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("first 8"), "{}", done.stderr);
    assert!(done.stderr.contains("free some space"), "{}", done.stderr);
    let requests = site.requests();
    assert_eq!(requests.len(), 2, "a full disk is not tried again");
    assert!(requests[1].header("range").is_some(), "it starts over");
    assert!(fs::read(fetch.root().join("home/cat.png")).unwrap() == huge());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_room_is_skipped_and_others_are_downloaded() {
    if !works("unshare", &["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]) {
        return skip("a small file system cannot be mounted");
    }
    let site = Site::start();
    site.on("/large.png", Reply::file(huge()));
    site.on("/small.jpg", Reply::file(large()));
    let folder = "mount -t tmpfs -o size=6m,mode=755 tmpfs . || exit 77; cd \"$PWD\"; \"$@\"; code=$?; \
        ls -A >&2; exit $code";
    let fetch = Fetch::new()
        .through(["unshare", "-m", "sh", "-c", folder, "sh"])
        .arg(site.url("/large.png"))
        .arg(site.url("/small.jpg"));
    let done = fetch.run();
    let said = "it does not fit: it needs 9 MiB, and ";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert!(done.stderr.contains("1 new, 1 failed (1 disk)"));
    assert!(done.stderr.ends_with("\nsmall.jpg\n"), "{}", done.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_saved_file_claims_no_space_while_its_command_runs() {
    if !works("unshare", &["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]) {
        return skip("a small file system cannot be mounted");
    }
    let site = Site::start();
    site.on("/first.png", Reply::file(huge()));
    let folder = "mount -t tmpfs -o size=24m,mode=755 tmpfs . || exit 77; cd \"$PWD\"; exec \"$@\"";
    // The first command ends when the second file is there, or after ten seconds.
    let command = "sh -c 'touch ../home/began; for i in $(seq 100); do test -e second.png && exit; sleep 0.1; done'";
    let fetch = Fetch::new()
        .through(["unshare", "-m", "sh", "-c", folder, "sh"])
        .args(["--exec", command])
        .arg(site.url("/first.png"))
        .arg(site.url("/second.png"));
    let began = fetch.root().join("home/began");
    let reply = move |_: &crate::support::Request| {
        until(|| began.exists());
        Reply::file(huge())
    };
    site.on("/second.png", Reply::with(reply));
    let done = fetch.run().success();
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
}
