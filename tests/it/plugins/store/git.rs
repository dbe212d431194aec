//! Plugins from a repository, which is served as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::shop::{Made, listed, mine, plugin};
use crate::support::command::Fetch;
use crate::support::{Reply, Site, skip, works};

/// A repository at a site, with a plugin in its folder `sites/mine`.
struct Repository {
    site: Site,
    folder: tempfile::TempDir,
}

impl Repository {
    fn new() -> Option<Repository> {
        if !works("git", &["--version"]) {
            skip("there is no `git`");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let site = Site::start();
        let served = folder.path().join(".git");
        let answer = move |path: &str| {
            let path = path.strip_prefix("/r.git/").unwrap();
            assert!(!path.contains(".."), "{path}");
            match fs::read(served.join(path)) {
                Ok(bytes) => Reply::file(bytes),
                Err(_) => Reply::empty(404),
            }
        };
        site.on("/r.git/*", Reply::with(move |seen| answer(seen.path())))
            .optional();
        let repository = Repository { site, folder };
        repository.git(&["init", "--quiet"]);
        Some(repository)
    }

    fn git(&self, words: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.c",
            "-c",
            "commit.gpgsign=false",
        ]);
        command.args(["-c", "core.symlinks=true", "-c", "core.autocrlf=false"]);
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.path().join("none"));
        let done = command
            .args(words)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn plugin(&self) -> PathBuf {
        self.path().join("sites/mine")
    }

    /// Commits all that is there, under this tag, and gives the commit.
    fn commit(&self, tag: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "x"]);
        self.git(&["tag", "--force", "-a", "-m", "x", tag]);
        self.git(&["update-server-info"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn at(&self, pin: &str) -> String {
        format!("git+{}#{pin}", self.site.url("/r.git"))
    }
}

/// A user whose own settings of git lead elsewhere.
fn user() -> Fetch {
    let user = Fetch::new();
    let elsewhere = "[url \"http://127.0.0.1:1/\"]\n\tinsteadOf = http://127.0.0.1\n";
    fs::write(user.root().join("home/.gitconfig"), elsewhere).unwrap();
    user.env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "url.http://127.0.0.1:1/.insteadOf")
        .env("GIT_CONFIG_VALUE_0", "http://127.0.0.1")
        .env("GIT_EXEC_PATH", "/nowhere")
}

#[test]
fn a_git_tag_is_pinned_by_commit_and_updated_when_it_moves() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let user = user();
    mine("1.0.0").write(&repository.plugin());
    fs::write(repository.path().join("README"), "others").unwrap();
    let one = repository.commit("v1");
    let at = repository.at("v1:sites/mine");
    let shown = at.strip_prefix("git+").unwrap().to_owned();
    let done = plugin(&user, &["install", &at]).run().fails(2);
    let told = format!(
        "mine 1.0.0 of git {shown} at {}: a site of somebody's\n  it asks mine.test\n",
        &one[..12]
    );
    done.says(&told)
        .says(&format!(
            "  it is not signed; it is the content of commit {one}\n"
        ))
        .says("`--yes` agrees in advance");
    assert_eq!(listed(&user), "");
    plugin(&user, &["install", &at, "--yes"]).run().success();
    let line =
        |commit: &str, version: &str| format!("mine {version}  git {shown} at {}\n", &commit[..12]);
    assert_eq!(listed(&user), line(&one, "1.0.0"));
    let done = plugin(&user, &["update"]).run().success();
    assert_eq!(done.stdout, "`mine` 1.0.0 is the newest version\n");
    // Nothing is left where it was fetched.
    assert_eq!(fs::read_dir(user.root().join("temp")).unwrap().count(), 0);
    // The tag moves to what may do more.
    Made {
        permissions: "request = ['mine.test', 'more.test']\nmedia = ['mine.test']",
        ..mine("1.1.0")
    }
    .write(&repository.plugin());
    let two = repository.commit("v1");
    let done = plugin(&user, &["update", "mine"]).run().fails(2);
    done.says(&format!(
        "mine: {one}..{two}\nmine 1.1.0 may do more than 1.0.0:\n  it asks more.test\n"
    ));
    assert_eq!(listed(&user), line(&one, "1.0.0"));
    plugin(&user, &["update", "--allow-wider"]).run().success();
    assert_eq!(listed(&user), line(&two, "1.1.0"));
    plugin(&user, &["rollback", "mine"]).run().success();
    assert_eq!(listed(&user), line(&one, "1.0.0"));
    // And then to what is older, or another plugin.
    mine("0.9.0").write(&repository.plugin());
    repository.commit("v1");
    let done = plugin(&user, &["update", "mine"]).run().fails(4);
    done.says("is `mine` 0.9.0 now").says("`mine` 1.0.0 stays");
    Made {
        id: "other",
        ..mine("2.0.0")
    }
    .write(&repository.plugin());
    repository.commit("v1");
    plugin(&user, &["update", "mine"])
        .run()
        .fails(4)
        .says("is `other` 2.0.0 now");
    assert_eq!(listed(&user), line(&one, "1.0.0"));
}

#[test]
fn a_git_commit_is_pinned_and_another_tag_is_another_version() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let user = user();
    mine("1.0.0").write(repository.path());
    let one = repository.commit("v1");
    mine("2.0.0").write(repository.path());
    repository.commit("v2");
    plugin(&user, &["install", &repository.at(&one), "--yes"])
        .run()
        .success();
    plugin(&user, &["update"]).run().success();
    assert!(
        listed(&user).starts_with("mine 1.0.0  git "),
        "{}",
        listed(&user)
    );
    plugin(&user, &["install", &repository.at(&one), "--yes"])
        .run()
        .fails(2)
        .says("is installed already");
    plugin(&user, &["install", &repository.at("v2"), "--yes"])
        .run()
        .success();
    assert!(
        listed(&user).starts_with("mine 2.0.0  git "),
        "{}",
        listed(&user)
    );
    let wider = Made {
        permissions: "request = ['mine.test']\nmedia = ['*']",
        ..mine("3.0.0")
    };
    wider.write(repository.path());
    repository.commit("v3");
    let three = repository.at("v3");
    let done = plugin(&user, &["install", &three, "--yes"]).run().fails(2);
    done.says("`mine` stays at 2.0.0")
        .says("`--allow-wider` agrees in advance");
    plugin(&user, &["install", &three, "--yes", "--allow-wider"])
        .run()
        .success();
    assert!(
        listed(&user).starts_with("mine 3.0.0  git "),
        "{}",
        listed(&user)
    );
}

#[test]
fn a_missing_or_invalid_git_plugin_is_a_clear_error() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let user = user();
    mine("1.0.0").write(&repository.plugin());
    repository.commit("v1");
    #[cfg(unix)]
    {
        let script = repository.plugin().join("main.luau");
        fs::remove_file(&script).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", script).unwrap();
        repository.commit("link");
    }
    #[cfg(not(unix))]
    repository.commit("link");
    fs::remove_file(repository.plugin().join("main.luau")).unwrap();
    fs::write(
        repository.plugin().join("main.luau"),
        vec![b' '; (4 << 20) + 1],
    )
    .unwrap();
    repository.commit("large");
    for (pin, expected) in [
        ("v2", "cannot fetch `http://127.0.0.1"),
        ("v1", "has no `plugin.toml`"),
        ("v1:nowhere", "the repository has no folder `nowhere`"),
        ("large:sites/mine", "too many files, or too large ones"),
        (
            "0123456789012345678901234567890123456789",
            "cannot fetch `http://127.0.0.1",
        ),
        #[cfg(unix)]
        (
            "link:sites/mine",
            "the repository has `main.luau`, which is not a regular file",
        ),
    ] {
        let done = plugin(&user, &["install", &repository.at(pin), "--yes"]).run();
        assert!(
            done.code != 0 && done.stderr.contains(expected),
            "{pin}: {}",
            done.stderr
        );
        assert_eq!(listed(&user), "", "{pin}");
    }
    let nowhere = user.clone().env("PATH", "/nowhere");
    let done = plugin(&nowhere, &["install", &repository.at("v1")])
        .run()
        .fails(2);
    done.says("there is no `git`");
}

#[test]
fn redirects_of_a_git_repository_are_not_followed() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let user = user();
    mine("1.0.0").write(repository.path());
    repository.commit("v1");
    let site = Site::start();
    site.on(
        "/r.git/*",
        Reply::redirect(repository.site.url("/r.git/info/refs")),
    );
    let at = format!("git+{}#v1", site.url("/r.git"));
    let done = plugin(&user, &["install", &at, "--yes"]).run().fails(4);
    done.says("redirects are not followed");
    assert!(repository.site.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn ctrl_c_kills_git_and_removes_its_folder() {
    if Repository::new().is_none() {
        return;
    }
    let site = Site::start();
    site.on("/r.git/*", Reply::text("x".repeat(100)).stall_after(10));
    let user = user();
    let rooms = user.root().join("rooms");
    fs::create_dir(&rooms).unwrap();
    let at = format!("git+{}#v1", site.url("/r.git"));
    let call = plugin(&user, &["install", &at, "--yes"]).env("TMPDIR", rooms.as_os_str());
    let running = call.spawn();
    site.wait_for_stalls(1);
    assert_eq!(fs::read_dir(&rooms).unwrap().count(), 1);
    running.interrupt();
    assert_eq!(running.wait().code, 130);
    assert_eq!(fs::read_dir(&rooms).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn leftover_git_folders_of_a_kill_are_removed() {
    use std::time::{Duration, SystemTime};
    let Some(repository) = Repository::new() else {
        return;
    };
    mine("1.0.0").write(&repository.plugin());
    repository.commit("v1");
    let user = user();
    let rooms = user.root().join("rooms");
    let elsewhere = user.root().join("elsewhere");
    let now = SystemTime::now();
    let days_ago = now - Duration::from_secs(3 * 86_400);
    for (name, changed) in [
        ("fetch-git-1-2", days_ago),
        ("fetch-git-3-4", now),
        ("fetch-git-mine", days_ago),
        ("fetch-gift-1-2", days_ago),
        ("../elsewhere", days_ago),
    ] {
        let folder = rooms.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config"), "x").unwrap();
        let folder = fs::File::open(folder).unwrap();
        folder.set_modified(changed).unwrap();
    }
    std::os::unix::fs::symlink(&elsewhere, rooms.join("fetch-git-5-6")).unwrap();
    let at = repository.at("v1:sites/mine");
    let call = plugin(&user, &["install", &at, "--yes"]).env("TMPDIR", rooms.as_os_str());
    call.run().success();
    let left = fs::read_dir(&rooms).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    let expected = [
        "fetch-gift-1-2",
        "fetch-git-3-4",
        "fetch-git-5-6",
        "fetch-git-mine",
    ];
    assert_eq!(left, expected);
    assert!(elsewhere.join("config").is_file());
}

#[test]
fn environment_variables_cannot_bypass_the_set_proxy_in_git() {
    let Some(repository) = Repository::new() else {
        return;
    };
    mine("1.0.0").write(&repository.plugin());
    repository.commit("v1");
    let at = repository.at("v1:sites/mine");
    let past = user().env("NO_PROXY", "*").env("no_proxy", "*");
    let past = past.env("FETCH_NET__PROXY", "http://127.0.0.1:1");
    plugin(&past, &["install", &at, "--yes"])
        .run()
        .fails(4)
        .says("cannot fetch");
    assert_eq!(listed(&past), "");
}

#[test]
fn a_commit_with_an_unchanged_plugin_is_no_update() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let user = user();
    mine("1.0.0").write(&repository.plugin());
    repository.commit("v1");
    let at = repository.at("v1:sites/mine");
    plugin(&user, &["install", &at, "--yes"]).run().success();
    mine("1.1.0").write(&repository.plugin());
    repository.commit("v1");
    plugin(&user, &["update"]).run().success();
    repository.commit("v1");
    let done = plugin(&user, &["update"]).run().success();
    assert_eq!(done.stdout, "`mine` 1.1.0 is the newest version\n");
    plugin(&user, &["rollback", "mine"]).run().success();
    assert!(listed(&user).starts_with("mine 1.0.0"));
}
