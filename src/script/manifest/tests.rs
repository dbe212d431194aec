//! What a manifest may contain.

use super::*;

/// Builds a manifest with this id, these permissions, this route pattern, and this text at its end.
fn read(id: &str, may: &str, pattern: &str, rest: &str) -> Result<Manifest, String> {
    let text = format!(
        "manifest = 1\nid = '{id}'\nabout = 'a'\nversion = '1'\napi = 1\npermissions = {{ {may} }}\n\
         [[route]]\nname = 'all'\npattern = '{pattern}'\nexample = 'https://x.com/a'\n{rest}"
    );
    Manifest::read("plugin.toml", &text).map_err(|error| error.message)
}

#[test]
fn no_plugin_is_called_as_other_links_begin() {
    assert!(read("mine", "request = ['x.com']", "x.com/{a}", "").is_ok());
    for id in TAKEN {
        let error = read(id, "request = ['x.com']", "x.com/{a}", "").unwrap_err();
        assert!(error.contains("is a URL scheme"), "{id}: {error}");
    }
}

#[test]
fn a_placeholder_in_the_host_is_below_a_declared_one() {
    let table = [
        ("'x.com'", "x.com/{a...}", true),
        ("'x.com'", "{h}.com/{a...}", false),
        ("'x.com'", "x.{h}/{a...}", false),
        ("'x.com'", "{h}.x.com/{a...}", false),
        ("'x.com'", "{h...}/{a...}", false),
        ("'x.com', '*.x.com'", "{h}.x.com/{a...}", true),
        ("'x.com', '*.x.com'", "{h}.{i}.x.com/{a...}", true),
        ("'x.com', '*.x.com'", "{h}.{i}.com/{a...}", false),
        ("'x.com', '*.y.com'", "{h}.com/{a...}", false),
        // Links of its own scheme need no route.
        ("'x.com'", "mine:{a}", false),
        ("'x.com'", "https:{a}", false),
    ];
    for (hosts, pattern, is_own) in table {
        let read = read("mine", &format!("request = [{hosts}]"), pattern, "");
        assert_eq!(read.is_ok(), is_own, "{hosts} {pattern}: {read:?}");
        if let Err(error) = read {
            assert!(
                error.contains("matches links of hosts that are not"),
                "{error}"
            );
        }
    }
}

#[test]
fn sites_of_a_family_are_its_own() {
    let read = |sites: &str, pattern: &str| {
        let text = format!(
            "manifest = 1\nid = 'mine'\nabout = 'a'\nversion = '1'\napi = 1\nsites = [{sites}]\n\
             permissions = {{ request = ['y.com'] }}\n[[route]]\nname = 'all'\npattern = '{pattern}'\nexample = 'https://x.com/a'\n"
        );
        Manifest::read("plugin.toml", &text)
    };
    let table = [
        ("'x.com', 'z.com'", "{site}/{a}", true),
        ("'x.com'", "{site}", true),
        ("'x.com'", "{site}.com/{a}", false),
        ("'x.com'", "{site...}/{a}", false),
        ("'x.com'", "{other}/{a}", false),
        ("'*.x.com'", "{site}/{a}", false),
        ("'z.com'", "{site}/{a}", false),
        ("", "{site}/{a}", false),
        ("'com'", "{site}/{a}", false),
    ];
    for (sites, pattern, is_valid) in table {
        let read = read(sites, pattern);
        assert_eq!(read.is_ok(), is_valid, "{sites} {pattern}: {read:?}");
    }
}

#[test]
fn what_asks_any_host_that_is_named_posts_nothing_and_reads_documents() {
    let table = [
        ("", "", true),
        (", named_host = true", "", true),
        (", named_host = true, post = ['x.com']", "", false),
        (", named_host = true", "reads = ['iiif']", true),
        ("", "reads = ['iiif']", false),
        (", named_host = true", "reads = ['page']", false),
    ];
    for (may, reads, is_valid) in table {
        let text = format!(
            "manifest = 1\nid = 'mine'\nabout = 'a'\nversion = '1'\napi = 1\n{reads}\n\
             permissions = {{ request = ['x.com']{may} }}\n\
             [[route]]\nname = 'all'\npattern = 'x.com/{{a}}'\nexample = 'https://x.com/a'\n"
        );
        let read = Manifest::read("plugin.toml", &text);
        assert_eq!(read.is_ok(), is_valid, "{may} {reads}: {read:?}");
    }
}

#[test]
fn a_cap_is_of_a_declared_host() {
    for (cap, is_valid) in [
        ("host = 'x.com'\nrequests_per_second = 0.5", true),
        ("host = 'x.com'\nrequests_per_second = 0.0", false),
        ("host = 'x.com'\nrequests_per_second = nan", false),
        ("host = 'x.com'\nrequests_per_second = inf", false),
        ("host = 'x.com'\nrequests_per_second = 1e-300", false),
        ("host = 'x.com'\nrequests_per_second = 0.001", true),
        ("host = 'y.com'\nrequests_per_second = 1.0", false),
    ] {
        let rest = format!("[[cap]]\n{cap}");
        let read = read("mine", "request = ['x.com']", "x.com/{a}", &rest);
        assert_eq!(read.is_ok(), is_valid, "{cap}: {read:?}");
    }
}

#[test]
fn a_default_is_of_its_type() {
    let table = [
        ("bool", "false", true),
        ("bool", "'no'", false),
        ("bool", "0", false),
        ("number", "1.5", true),
        ("number", "nan", false),
        ("number", "'1'", false),
        ("text", "''", true),
        ("text", "7", true),
        ("text", "true", false),
        ("text", "['a']", false),
        ("text", "1970-01-01", false),
        ("site", "'https://x.com'", true),
        ("site", "'x.com'", false),
        ("site", "''", false),
        ("site", "'https://x.com/?q=1'", false),
        ("site", "'ftp://x.com'", false),
        ("hosts", "[]", true),
        ("hosts", "['x.com', 'a.y.com']", true),
        ("hosts", "'x.com, a.y.com'", false),
        ("hosts", "['*.x.com']", false),
        ("hosts", "['localhost']", false),
        ("hosts", "['127.0.0.1']", false),
        ("hosts", "['x.com/a']", false),
        ("hosts", "7", false),
    ];
    for (kind, default, is_valid) in table {
        let option =
            format!("[[option]]\nkey = 'o'\ntype = '{kind}'\ndefault = {default}\nhelp = 'h'");
        let read = read("mine", "request = ['x.com']", "x.com/{a}", &option);
        assert_eq!(read.is_ok(), is_valid, "{kind} {default}: {read:?}");
        if let Err(error) = read {
            assert!(error.contains("the default of `o` is not"), "{error}");
        }
    }
}

#[test]
fn a_plugin_with_a_secret_may_not_reach_arbitrary_hosts() {
    let secret = "[[secret]]\nkey = 'k'\nhost = 'x.com'\nheader = 'X'\nhelp = 'h'";
    for (may, is_valid) in [
        ("", true),
        (", media = ['y.com']", true),
        (", media = ['*']", false),
        (", delegate = true", false),
        (", delegate = ['y.com']", true),
        (", named_host = true", false),
        (", post = ['x.com']", true),
    ] {
        let may = format!("request = ['x.com']{may}");
        let with = read("mine", &may, "x.com/{a}", secret);
        assert_eq!(with.is_ok(), is_valid, "{may}: {with:?}");
        assert!(read("mine", &may, "x.com/{a}", "").is_ok(), "{may}");
    }
}

#[test]
fn options_may_not_be_named_like_secrets() {
    let option = |key: &str| {
        let rest = format!("[[option]]\nkey = '{key}'\ntype = 'text'\ndefault = ''\nhelp = 'x'\n");
        read("mine", "request = ['x.com']", "x.com/{a}", &rest)
    };
    assert!(option("language").is_ok());
    for key in ["api_key", "token", "client_id", "password"] {
        let error = option(key).unwrap_err();
        assert!(error.contains("make it a `[[secret]]`"), "{key}: {error}");
    }
}

#[test]
fn manifest_texts_are_single_plain_lines() {
    let fields = [
        "about = 'a'",
        "version = '1'",
        "authors = ['a']",
        "license = 'a'",
        "homepage = 'a'",
        "name = 'a'",
        "pattern = 'x.com/a'",
        "example = 'https://x.com/a'",
        "default = 'a'",
        "help = 'a'",
        "prefix = 'a'",
    ];
    let text = "manifest = 1\nid = 'mine'\nabout = 'a'\nversion = '1'\napi = 1\nauthors = ['a']\nlicense = 'a'\n\
        homepage = 'a'\npermissions = { request = ['x.com'] }\n\
        [[route]]\nname = 'a'\npattern = 'x.com/a'\nexample = 'https://x.com/a'\n\
        [[option]]\nkey = 'o'\ntype = 'text'\ndefault = 'a'\nhelp = 'a'\n\
        [[secret]]\nkey = 's'\nhost = 'x.com'\nheader = 'X'\nprefix = 'a'\nhelp = 'b'\n";
    assert!(Manifest::read("plugin.toml", text).is_ok());
    for field in fields {
        assert!(text.contains(field), "{field}");
        for odd in ["\\u001b", "\\n", "\\u202e", "\\u2028", "\\u200f"] {
            let (name, value) = field.split_once('=').unwrap();
            let value = value
                .replace('\'', "\"")
                .replacen("a", &format!("a{odd}"), 1);
            let value = match name {
                "version " => value.replace('1', &format!("1{odd}")),
                _ => value,
            };
            let text = text.replace(field, &format!("{name}={value}"));
            let error = Manifest::read("plugin.toml", &text).unwrap_err().message;
            let code = odd
                .trim_start_matches("\\u")
                .to_uppercase()
                .replace("\\N", "000A");
            let expected =
                format!("has the character U+{code}, which no text of a manifest may have");
            assert!(error.contains(&expected), "{field} {odd}: {error}");
        }
    }
    // Words of many languages are plain, and so are joined emoji.
    let text = text.replace(
        "about = 'a'",
        "about = 'caf\u{e9} \u{1f468}\u{200d}\u{1f469} \u{5e9}'",
    );
    assert!(Manifest::read("plugin.toml", &text).is_ok());
}
