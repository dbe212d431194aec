use clap::CommandFactory;

use super::*;

#[test]
fn the_arguments_are_well_formed() {
    Args::command().debug_assert();
}

#[test]
fn the_short_help_fits_a_screen() {
    let help = Args::command().render_help().to_string();
    assert!(help.lines().count() <= 60, "{}", help.lines().count());
    assert!(
        help.lines().all(|line| line.chars().count() <= 100),
        "{help}"
    );
}

#[test]
fn takes_links_and_flags_in_any_order() {
    let args = Args::try_parse_from([
        "fetch", "a.org", "-I", "-3", "-vv", "b.org", "-S", "a=b", "-N4", "--header", "A: b",
    ])
    .unwrap();
    assert_eq!(args.links.links, ["a.org", "b.org"]);
    assert_eq!(args.selection.items.as_deref(), Some("-3"));
    assert_eq!(args.report.verbose, 2);
    for wrong in [
        ["fetch", "-N0", "a.org"],
        ["fetch", "-rfast", "a.org"],
        ["fetch", "-gj", "a.org"],
        ["fetch", "-qv", "a.org"],
        ["fetch", "--resolve=x", "a.org"],
    ] {
        assert!(Args::try_parse_from(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_last_value_of_a_repeated_flag_wins() {
    let typed = [
        "fetch", "-d", "a", "-N1", "-s", "-d", "b", "-N2", "-s", "x.org",
    ];
    let args = Args::read(typed.map(Into::into)).unwrap();
    assert_eq!(args.output.directory.as_deref(), Some("b"));
    assert_eq!(args.network.connections.map(NonZeroUsize::get), Some(2));
    let typed = [
        "fetch", "retry", "-o", "a", "-o", "b", "--reason", "x", "--reason", "y",
    ];
    let args = Args::read(typed.map(Into::into)).unwrap();
    let Some(Command::Retry(retry)) = args.command else {
        panic!("another command");
    };
    assert_eq!(retry.output.template.as_deref(), Some("b"));
    assert_eq!(retry.reason, ["x", "y"]);
}

#[test]
fn a_path_may_begin_at_the_home_folder() {
    let home = std::env::home_dir().unwrap();
    let typed = ["fetch", "-i~/a", "-c", "~/b", "--plugin=~/c", "-i", "-"];
    let args = Args::read(typed.map(Into::into)).unwrap();
    assert_eq!(args.links.input_file, [home.join("a"), "-".into()]);
    assert_eq!(args.settings.config, [home.join("b")]);
    assert_eq!(args.settings.plugin, [home.join("c")]);
    let typed = ["fetch", "verify", "~/d"];
    let args = Args::read(typed.map(Into::into)).unwrap();
    let Some(Command::Verify(verify)) = args.command else {
        panic!("another command");
    };
    assert_eq!(verify.folder, Some(home.join("d")));
}

#[test]
fn several_files_of_settings_are_read_in_their_order() {
    for typed in [
        &["fetch", "-c", "a", "-c", "b", "x.org"][..],
        &["fetch", "-c", "a", "-c", "b", "config", "show"],
        &["fetch", "config", "show", "-c", "a", "-c", "b"],
        &["fetch", "-c", "a", "config", "show", "-c", "b"],
    ] {
        let args = Args::read(typed.iter().map(Into::into)).unwrap();
        let expected: [std::path::PathBuf; 2] = ["a".into(), "b".into()];
        assert_eq!(args.settings.config, expected, "{typed:?}");
    }
    let typed = [
        "fetch", "-S", "run", "-S", "a=1", "run", "x", "-S", "b=2", "-c", "a",
    ];
    let args = Args::read(typed.map(Into::into)).unwrap();
    assert_eq!(args.settings.set, ["run", "a=1", "b=2"]);
    assert_eq!(args.settings.config.len(), 1);
}

#[test]
fn takes_settings_before_and_after_a_command() {
    for typed in [
        ["fetch", "config", "show", "-c", "x.toml", "-S", "a=b"],
        ["fetch", "-c", "x.toml", "-S", "a=b", "config", "show"],
    ] {
        let args = Args::try_parse_from(typed).unwrap();
        assert_eq!(args.settings.set, ["a=b"]);
        assert!(args.command.is_some() && args.links.links.is_empty());
    }
}

#[test]
fn each_command_has_help() {
    for typed in [
        &["fetch", "-h"][..],
        &["fetch", "sources", "--help"],
        &["fetch", "config", "show", "-h"],
    ] {
        let error = Args::try_parse_from(typed).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp);
    }
}

#[test]
fn a_command_behind_a_link_is_refused() {
    for typed in [
        &["fetch", "a.org", "-d", "pics", "jobs"][..],
        &["fetch", "a.org", "jobs"],
        &["fetch", "a.org", "-q", "verify"],
        &["fetch", "a.org", "b.org", "history", "--", "c.org"],
    ] {
        let error = Args::read(typed.iter().map(Into::into)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("is before"), "{text}");
    }
    for typed in [
        &["fetch", "a.org", "--", "history"][..],
        &["fetch", "a.org", "-d", "history"],
        &["fetch", "--", "history"],
    ] {
        let args = Args::read(typed.iter().map(Into::into)).unwrap();
        assert!(args.command.is_none(), "{args:?}");
    }
}

#[test]
fn flags_before_a_command_get_a_hint() {
    let table = [
        (
            ["fetch", "-q", "run", "cats"],
            "`--quiet` is before `run`; flags of a command go after it",
        ),
        (
            ["fetch", "-q", "fields", "a.org"],
            "`--quiet` is before `fields`, which has no such flag",
        ),
        (
            ["fetch", "--all", "retry", "-q"],
            "`--all` is before `retry`, which has no such flag",
        ),
    ];
    for (typed, expected) in table {
        let error = Args::read(typed.map(Into::into)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn help_lists_only_accepted_flags() {
    let read = |typed: [&str; 3]| Args::read(typed.map(Into::into)).unwrap_err();
    let help = read(["fetch", "retry", "--help"]).to_string();
    assert!(help.contains("--archive <FILE>"), "{help}");
    assert!(!help.contains("--no-archive"), "{help}");
    let typed = ["fetch", "run", "--all", "cats"].map(Into::into);
    let error = Args::read(typed).unwrap_err().to_string();
    assert!(error.contains("fetch run [OPTIONS] --all"), "{error}");
    assert!(!error.contains("--all [NAME]"), "{error}");
}

#[cfg(unix)]
#[test]
fn non_utf8_arguments_are_named() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let word = OsString::from_vec(b"l\xff".to_vec());
    let typed = ["fetch", "-d"].map(Into::into).into_iter();
    let error = Args::read(typed.chain([word, "a.org".into()])).unwrap_err();
    assert!(
        error.to_string().contains("`l\\xFF` is not UTF-8"),
        "{error}"
    );
}

#[test]
fn invalid_numbers_are_explained() {
    let positive = "expected a whole number, 1 or more";
    let whole = "expected a whole number, 0 or more";
    for (typed, expected) in [
        (&["-N0"][..], positive),
        (&["--max-new=0"], positive),
        (&["--stop-after-known=0"], positive),
        (&["-N", "-1"], positive),
        (&["--max-new", "x"], positive),
        (&["-R", "-1"], whole),
        (&["-R", "x"], whole),
        (&["--depth", "x"], whole),
        (&["--depth", "-1"], whole),
        (&["-R", "99999999999"], "it is too large"),
        (&["history", "x"], whole),
        (&["history", "-n", "0"], positive),
        (&["history", "-n", "x"], positive),
        (&["fields", "a.org", "-n", "0"], positive),
    ] {
        let typed = ["fetch"].iter().chain(typed);
        let text = Args::try_parse_from(typed).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn negative_times_are_read_as_values() {
    let args = Args::try_parse_from(["fetch", "a.org", "--live-for", "-1s"]).unwrap();
    assert_eq!(args.selection.streams.live_for.as_deref(), Some("-1s"));
}

#[test]
fn what_stands_below_the_long_help_fits_a_narrow_terminal() {
    for line in super::AFTER.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_shell_offers_what_can_be_chosen() {
    let mut script = Vec::new();
    let bash = clap_complete::Shell::Bash;
    clap_complete::generate(bash, &mut Args::command(), "fetch", &mut script);
    let script = String::from_utf8(script).unwrap();
    for offered in [
        "best worst audio 1080p",
        "blocked busy changed",
        "\"firefox\"",
        "plusdirs",
    ] {
        assert!(script.contains(offered), "{offered}");
    }
    // What is offered is known, and what is not offered is read.
    let typed = ["fetch", "retry", "--quality", "144p", "--reason", "closed"];
    Args::read(typed.map(Into::into)).unwrap();
}
