//! What a file may set depends on who can have written it.

use super::*;
use crate::config::author::Author;
use crate::config::environment::Environment;

fn read(author: Author, text: &str) -> Result<Options> {
    let own = "[job.mine]\nlinks = ['a.org']\nheaders = { X = 'env:TOKEN' }";
    let files = vec![
        (Author::Own, PathBuf::from("config.toml"), own.to_owned()),
        (author, PathBuf::from("fetch.toml"), text.to_owned()),
    ];
    let environment = [("TOKEN".to_owned(), "hunter2".into())]
        .into_iter()
        .collect();
    Config::assemble(files, environment, Vec::new())?.source("mine")
}

#[test]
fn the_file_of_a_folder_cannot_do_harm() {
    let table = [
        ("output.directory = 'out'", None),
        (
            "output.directory = '..'",
            Some("`..` leads out of the folder"),
        ),
        (
            "output.directory = '~/x'",
            Some("`~/x` leads out of the folder"),
        ),
        ("archive.file = 'archive.db'", None),
        (
            "archive.file = '/tmp/a'",
            Some("`/tmp/a` leads out of the folder"),
        ),
        ("output.template = '{key}.{ext}'\nnet.rate = '1M'", None),
        ("host.'x.org'.connections = 2", None),
        ("stream.quality = '720p'\noutput.min_free = '1G'", None),
        ("archive.duplicates = 'link'", None),
        (
            "extractor.ytdlp.path = './yt-dlp'",
            Some("a folder's file may not set this"),
        ),
        (
            "net.proxy = 'http://x'",
            Some("a folder's file may not set this"),
        ),
        (
            "net.ca_cert = ['a']",
            Some("a folder's file may not set this"),
        ),
        ("net.resolve = []", Some("a folder's file may not set this")),
        (
            "net.cookies_from = 'firefox'",
            Some("a folder's file may not set this"),
        ),
        ("net.netrc = true", Some("a folder's file may not set this")),
        ("source.mine.pages = 3", None),
        ("source.mine.client_id = 'abc'", None),
        (
            "source.mine.client_id = 'env:TOKEN'",
            Some("it refers to a secret kept elsewhere"),
        ),
        (
            "source.mine.client_id = 'file:/x'",
            Some("it refers to a secret kept elsewhere"),
        ),
        (
            "source.mine.client_id = 'cmd:x'",
            Some("it refers to a secret kept elsewhere"),
        ),
        (
            "source.mine.site = 'https://evil.org'",
            Some("it sets the address of a site"),
        ),
        (
            "[job.new]\nlinks = ['b.org']\nlists = ['l.txt']\noutput = 'o'",
            None,
        ),
        (
            "job.new.lists = ['/etc/hosts']",
            Some("`/etc/hosts` leads out of the folder"),
        ),
        (
            "job.new.headers.X = 'env:TOKEN'",
            Some("a folder's file may not set this"),
        ),
        (
            "job.new.cookies = 'c.txt'",
            Some("a folder's file may not set this"),
        ),
        (
            "job.mine.links = ['evil.org']",
            Some("the job `mine` belongs to another file"),
        ),
    ];
    for (text, refused) in table {
        let error = read(Author::Folder, text).err();
        let message = error.as_ref().map(|error| error.message.as_str());
        assert_eq!(message.is_some(), refused.is_some(), "{text}: {message:?}");
        if let Some(reason) = refused {
            let message = message.unwrap();
            assert!(
                message.ends_with(&format!(": {reason}")),
                "{text}: {message}"
            );
            assert!(
                message.contains("` cannot be set in `fetch.toml`, line "),
                "{message}"
            );
            // A file named with `-c` is trusted; not running `cmd:` programs is a separate rule.
            assert!(
                text.contains("cmd:") || read(Author::Own, text).is_ok() || text.contains("file:")
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_program_is_run_only_for_a_file_that_nobody_else_can_write() {
    let text = "source.mine.client_id = 'cmd:echo hunter2'";
    let options = read(Author::Own, text).unwrap();
    assert_eq!(options.client_id.unwrap().reveal(), "hunter2");
    for author in [Author::Shared, Author::Typed] {
        let error = read(author, text).unwrap_err();
        let expected = "wrong value for `source.mine.client_id` in `fetch.toml`, line 1, column 13: \
            `cmd:` is allowed only from a file that is yours and that nobody else can write";
        assert_eq!(error.message, expected);
    }
}

#[test]
fn commands_need_a_file_only_the_user_can_write() {
    for key in ["exec", "exec_after"] {
        let text = format!("[after]\n{key} = 'echo {{dir}}'");
        let run = |author, text: &str| {
            let file = (author, PathBuf::from("fetch.toml"), text.to_owned());
            Config::assemble(vec![file], Environment::default(), Vec::new())?.check_commands()
        };
        run(Author::Own, &text).unwrap();
        // It is refused only when it is about to be run.
        read(Author::Shared, &text).unwrap();
        let error = run(Author::Shared, &text).unwrap_err();
        let expected = format!(
            "wrong value for `after.{key}` in `fetch.toml`, line 2, column 1: \
            a command is run only from a file that is yours and that nobody else can write"
        );
        assert_eq!(error.message, expected);
        let hint = "`chmod go-w` removes write access for others";
        assert_eq!(error.hint.as_deref(), Some(hint));
        assert!(read(Author::Folder, &text).is_err());
        // An empty command is harmless.
        run(Author::Shared, &format!("after.{key} = ''")).unwrap();
        let flag = Flag {
            name: format!("-S after.{key}"),
            key: format!("after.{key}"),
            value: "echo {dir}".into(),
        };
        config(&[], &[], vec![flag.clone()]).unwrap();
        // The typed command takes effect.
        let file = (Author::Shared, PathBuf::from("fetch.toml"), text);
        let config = Config::assemble(vec![file], Environment::default(), vec![flag]).unwrap();
        config.check_commands().unwrap();
    }
}

#[test]
fn a_command_of_a_file_is_the_same_in_every_folder() {
    for key in ["exec", "exec_after"] {
        let run = |command: &str, flags: Vec<Flag>| {
            let text = format!("[after]\n{key} = \"{command}\"");
            let file = (Author::Own, PathBuf::from("fetch.toml"), text);
            Config::assemble(vec![file], Environment::default(), flags)?.check_commands()
        };
        for command in [
            "tools/post.sh {dir}",
            "./post.sh",
            "../post.sh",
            "'my tools/x'",
        ] {
            let error = run(command, Vec::new()).unwrap_err();
            let program = command.trim_end_matches(" {dir}").trim_matches('\'');
            let expected = format!(
                "wrong value for `after.{key}` in `fetch.toml`, line 2, column 1: \
                the program `{program}` is named by a path relative to the current folder"
            );
            assert_eq!(error.message, expected);
        }
        for command in ["post.sh tools/x", "/opt/post.sh", "~/tools/post.sh {dir}"] {
            run(command, Vec::new()).unwrap();
        }
        // Whoever types a relative path means the current folder.
        let name = format!("after.{key}");
        run("tools/x", vec![flag("-S", &name, "./post.sh {dir}")]).unwrap();
    }
}

#[test]
fn a_command_may_begin_at_the_home_folder() {
    let home = std::env::home_dir().unwrap();
    let program = home.join("tools/post.sh").to_str().unwrap().to_owned();
    let read = |command: &str| {
        let text = format!("after.exec = \"{command}\"");
        let config = config(&[("fetch.toml", &text)], &[], Vec::new()).unwrap();
        config.pipeline().unwrap().after.exec
    };
    assert_eq!(
        read("~/tools/post.sh {path}"),
        read(&format!("'{program}' {{path}}"))
    );
    assert_ne!(read("x ~/tools/post.sh"), read(&format!("x {program}")));
}

#[cfg(unix)]
#[test]
fn secret_programs_run_once_and_stay_secret() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let command = format!("cmd:sh -c 'echo x >> {}; echo hunter2'", count.display());
    let text =
        format!("source.mine.client_id = \"{command}\"\nsource.mine.api_key = \"{command}\"");
    let config = config(&[("a", &text)], &[], Vec::new()).unwrap();
    let shown = config.show(true).unwrap();
    assert!(
        !count.exists() && shown.contains("client_id = \"cmd:sh -c"),
        "{shown}"
    );
    for _ in 0..2 {
        let options: Options = config.source("mine").unwrap();
        assert_eq!(options.api_key.reveal(), "hunter2");
    }
    assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
    let text = "source.mine.client_id = 'cmd:sh -c \"echo hunter2; echo no >&2; exit 1\"'";
    let error = Config::from_toml(text)
        .unwrap()
        .source::<Options>("mine")
        .unwrap_err();
    assert_eq!(
        error.message,
        "`sh` failed with exit code 1 for `source.mine.client_id` in `fetch.toml`, line 1, column 13"
    );
    assert_eq!(error.causes(), ["no"]);
}

#[cfg(unix)]
#[test]
fn files_writable_by_others_are_not_trusted() {
    use std::fs::{File, Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let file = File::create(&path).unwrap();
    for (mode, expected) in [
        (0o600, Author::Own),
        (0o644, Author::Own),
        (0o664, Author::Shared),
        (0o646, Author::Shared),
    ] {
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert_eq!(Author::of(&file).unwrap(), expected, "{mode:o}");
    }
}
