use super::*;

fn files(names: &[&str]) -> Files {
    let content = |name: &&str| ((*name).to_owned(), name.as_bytes().to_vec());
    names.iter().map(content).collect()
}

/// Builds a package of one file with a changed header.
fn with(change: impl Fn(&mut Header), content: &[u8]) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = Header::new_ustar();
    header.set_path("main.luau").unwrap();
    header.set_size(content.len() as u64);
    change(&mut header);
    header.set_cksum();
    tar.append(&header, content).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn named(name: &str) -> Vec<u8> {
    with(
        |header| {
            let field = &mut header.as_ustar_mut().unwrap().name;
            field.fill(0);
            field[..name.len()].copy_from_slice(name.as_bytes());
        },
        b"x",
    )
}

fn why(packed: &[u8]) -> String {
    unpack(packed).unwrap_err().message
}

#[test]
fn what_is_packed_comes_out_again_and_is_always_the_same() {
    let files = files(&["plugin.toml", "main.luau", "lib/pages.luau", "cases/a.toml"]);
    let packed = pack(&files).unwrap();
    assert_eq!(packed, pack(&files).unwrap());
    assert_eq!(unpack(&packed).unwrap(), files);
}

#[test]
fn names_that_lead_elsewhere_or_are_no_plugins_are_refused() {
    for name in [
        "/etc/passwd",
        "../main.luau",
        "lib/../main.luau",
        "lib/../../x.luau",
        "./main.luau",
        "lib//x.luau",
        "lib/a/b.luau",
        "cases/../plugin.toml",
        "cases/..",
        "cases/.hidden",
        "C:\\x.luau",
        "lib\\x.luau",
        "x.exe",
        ".bashrc",
        "-x.luau",
        "x\u{1b}[2J.luau",
        "cases/",
        "",
    ] {
        let said = why(&named(name));
        let expected = format!("has `{}`, which is not a plugin file", name.escape_debug());
        assert!(said.ends_with(&expected), "{name:?}: {said}");
    }
}

#[test]
fn bundles_with_links_or_special_files_are_refused() {
    for (kind, expected) in [
        (EntryType::Symlink, "which is a link"),
        (EntryType::Link, "which is a link"),
        (EntryType::Directory, "which is not a plugin folder"),
        (EntryType::Char, "which is not a regular file"),
        (EntryType::Fifo, "which is not a regular file"),
        (EntryType::GNULongName, "which is not a regular file"),
        (EntryType::GNUSparse, "which is not a regular file"),
        (EntryType::XHeader, "which is not a regular file"),
        (EntryType::XGlobalHeader, "which is not a regular file"),
    ] {
        let packed = with(
            |header| {
                header.set_entry_type(kind);
                header.set_link_name("/etc/passwd").unwrap();
            },
            b"",
        );
        let said = why(&packed);
        assert!(said.ends_with(expected), "{kind:?}: {said}");
    }
}

#[test]
fn a_file_that_is_there_twice_is_refused() {
    for names in [["main.luau", "main.luau"], ["cases/a", "cases/A"]] {
        let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for name in names {
            let mut header = Header::new_ustar();
            header.set_path(name).unwrap();
            header.set_size(1);
            header.set_cksum();
            tar.append(&header, &b"x"[..]).unwrap();
        }
        let said = why(&tar.into_inner().unwrap().finish().unwrap());
        assert!(said.ends_with("twice"), "{said}");
    }
}

#[test]
fn a_decompression_bomb_is_refused_early() {
    let zeros = vec![0; 64 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&zeros).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    assert_eq!(why(&bomb), "the package unpacks to more than 4194304 bytes");
    let big = with(|_| {}, &zeros[..(UNPACKED as usize) + 1]);
    assert_eq!(why(&big), "the package unpacks to more than 4194304 bytes");
    let many: Vec<_> = (0..=ENTRIES).map(|n| format!("cases/{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let said = why(&pack(&files(&many)).unwrap());
    assert_eq!(said, "the package has more than 256 files");
}

#[test]
fn a_size_that_is_not_so_is_an_error() {
    for size in [4096, UNPACKED, u64::MAX >> 1, u64::MAX] {
        let said = unpack(&with(|header| header.set_size(size), b"x"));
        assert!(said.is_err(), "{size}");
    }
    for broken in [&b""[..], b"x", b"\x1f\x8b\x08", &[0; 1024]] {
        assert!(unpack(broken).is_err());
    }
    let whole = pack(&files(&["main.luau"])).unwrap();
    assert!(unpack(&whole[..whole.len() - 9]).is_err());
}
