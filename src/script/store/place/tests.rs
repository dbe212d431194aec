use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::script::Publisher;

fn files(id: &str, version: &str) -> Files {
    let manifest = format!(
        "manifest = 1\nid = '{id}'\nabout = 'x'\nversion = '{version}'\napi = 1\n\
         [permissions]\nrequest = ['mine.test']\n\
         [[route]]\nname = 'a'\npattern = 'mine.test/{{x}}'\nexample = 'https://mine.test/x'\n"
    );
    let content = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    Files::from([
        content("plugin.toml", &manifest),
        content("main.luau", &format!("return {{ '{version}' }}")),
        content("lib/pages.luau", "return {}"),
        content("cases/a.toml", "link = ''"),
    ])
}

fn release(files: &Files) -> (Release, Manifest) {
    let package = Package::of(files, "x").unwrap();
    let release = Release {
        publisher: Publisher::Index("shop".into()),
        tree: package.tree(),
        key: None,
    };
    (release, package.manifest)
}

fn put(store: &Store, id: &str, base: Option<&str>, version: &str) -> Result<()> {
    let files = files(id, version);
    store.put(id, base, &files, release(&files), false)
}

/// Returns all paths below a folder.
fn tree(folder: &Path) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for path in list(folder) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        paths.extend(tree(&path).iter().map(|below| format!("{name}/{below}")));
        paths.insert(name);
    }
    paths
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_or_the_new() {
    let mut killed = 0;
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().to_owned());
        put(&store, "mine", None, "1.0.0").unwrap();
        let old = store.lockfile().unwrap().plugins["mine"].current.clone();
        store.steps.store(steps, Relaxed);
        let done = put(&store, "mine", Some(&old.tree), "2.0.0");
        // The state that another process sees.
        let store = Store::at(folder.path().to_owned());
        let installed = store.lockfile().unwrap().plugins["mine"].clone();
        let now = installed.current;
        let package = store.package("mine", &now).unwrap();
        assert_eq!(package.manifest, installed.manifest);
        match done {
            Ok(()) => assert_eq!(package.manifest.version, "2.0.0"),
            Err(_) => killed += 1,
        }
        // Leftovers do no harm, and none remain.
        put(&store, "mine", Some(&now.tree), "3.0.0").unwrap();
        let installed = store.lockfile().unwrap().plugins["mine"].clone();
        let previous = installed.previous.unwrap();
        let names = [&installed.current, &previous].map(|release| release.tree[..16].to_owned());
        let kept: BTreeSet<_> = list(&folder.path().join("mine")).collect();
        let expected = names.map(|name| folder.path().join("mine").join(name));
        assert_eq!(kept, BTreeSet::from(expected), "{steps}");
        if done.is_ok() {
            break;
        }
    }
    assert!(killed > 10, "{killed}");
}

#[test]
fn two_at_once_do_not_undo_what_the_other_did() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|at_once| {
        for one in ["aa", "bb", "cc", "dd"] {
            let store = Store::at(folder.path().to_owned());
            at_once.spawn(move || {
                for n in 0..8 {
                    put(&store, &format!("{one}{n}"), None, "1.0.0").unwrap();
                }
            });
        }
    });
    let store = Store::at(folder.path().to_owned());
    let lockfile = store.lockfile().unwrap();
    assert_eq!(lockfile.plugins.len(), 32);
    for (id, plugin) in &lockfile.plugins {
        store.package(id, &plugin.current).unwrap();
    }
    let error = put(&store, "aa0", None, "2.0.0").unwrap_err();
    assert_eq!(error.kind, Kind::Changed);
}

#[test]
fn what_was_removed_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().to_owned());
    put(&store, "mine", None, "1.0.0").unwrap();
    fs::create_dir_all(folder.path().join("Not ours/x")).unwrap();
    store.remove("mine").unwrap();
    let left: Vec<_> = tree(folder.path()).into_iter().collect();
    assert_eq!(left, [".lock", "Not ours", "Not ours/x", "plugins.lock"]);
    assert_eq!(store.remove("mine").unwrap_err().kind, Kind::Config);
}

#[test]
fn any_change_to_an_installed_plugin_is_detected() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().to_owned());
    put(&store, "mine", None, "1.0.0").unwrap();
    let release = store.lockfile().unwrap().plugins["mine"].current.clone();
    let at = store.folder("mine", &release);
    // Same length and same modification time as before.
    for name in ["plugin.toml", "main.luau", "lib/pages.luau"] {
        let (path, was) = (at.join(name), fs::read(at.join(name)).unwrap());
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let mut changed = was.clone();
        let last = changed.len() - 1;
        changed[last] = b' ';
        fs::write(&path, changed).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(time).unwrap();
        assert!(store.package("mine", &release).is_err(), "{name}");
        fs::remove_file(&path).unwrap();
        assert!(store.package("mine", &release).is_err(), "{name}");
        fs::write(&path, was).unwrap();
        store.package("mine", &release).unwrap();
    }
    for name in ["more.luau", "lib/more.luau"] {
        fs::write(at.join(name), "return 1").unwrap();
        assert!(store.package("mine", &release).is_err(), "{name}");
        fs::remove_file(at.join(name)).unwrap();
    }
    // Files that are never run are the user's to change.
    fs::write(at.join("cases/a.toml"), "").unwrap();
    store.package("mine", &release).unwrap();
}

#[test]
fn a_lockfile_that_leads_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().to_owned());
    put(&store, "mine", None, "1.0.0").unwrap();
    let path = folder.path().join(LOCKFILE);
    let text = fs::read_to_string(&path).unwrap();
    let tree = store.lockfile().unwrap().plugins["mine"]
        .current
        .tree
        .clone();
    for (from, to) in [
        ("\"mine\"", "\"../mine\""),
        (&*tree, "../../../../../../../../../../x"),
        (&*tree, &*"/".repeat(64)),
        ("\"format\": 1", "\"format\": 2"),
        ("\"format\": 1", "\"odd\": 1"),
        ("{", ""),
    ] {
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        assert_eq!(store.lockfile().unwrap_err().kind, Kind::Config, "{to}");
    }
}

#[test]
fn what_is_not_ours_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().to_owned());
    put(&store, "mine", None, "1.0.0").unwrap();
    let release = store.lockfile().unwrap().plugins["mine"].current.clone();
    let own = folder.path().join("mine/src");
    let left = folder.path().join("mine/0123456789abcdef");
    let outside = elsewhere.path().join("0123456789abcdef");
    for path in [&own, &left, &outside] {
        fs::create_dir(path).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("comics")).unwrap();
    put(&store, "mine", Some(&release.tree), "2.0.0").unwrap();
    assert_eq!(
        [&own, &left, &outside].map(|path| path.is_dir()),
        [true, false, true]
    );
}

#[test]
fn the_same_in_its_place_is_no_step_on_the_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().to_owned());
    let tree = || {
        store.lockfile().unwrap().plugins["mine"]
            .current
            .tree
            .clone()
    };
    put(&store, "mine", None, "1.0.0").unwrap();
    put(&store, "mine", Some(&tree()), "2.0.0").unwrap();
    put(&store, "mine", Some(&tree()), "2.0.0").unwrap();
    let versions = store.roll_back("mine").unwrap();
    assert_eq!(versions, ("2.0.0".to_owned(), "1.0.0".to_owned()));
}

#[test]
fn nothing_of_what_is_adopted_is_lost_or_cut() {
    let (folder, user) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::at(folder.path().to_owned());
    put(&store, "mine", None, "1.0.0").unwrap();
    let release = store.lockfile().unwrap().plugins["mine"].current.clone();
    let at = store.folder("mine", &release);
    let refused = |name: &str, size: usize| {
        let path = at.join(name);
        fs::write(&path, vec![b' '; size]).unwrap();
        store.adopt("mine", user.path()).unwrap_err();
        assert_eq!(fs::metadata(&path).unwrap().len(), size as u64);
        assert!(!user.path().join("mine").exists());
        fs::remove_file(path).unwrap();
    };
    refused("notes.txt", 3);
    refused("cases/long.json", bundle::UNPACKED as usize + 1);
    store.adopt("mine", user.path()).unwrap();
    assert!(user.path().join("mine/cases/a.toml").exists());
}
