//! Downloads an album from a small fake Imgur inside this process, to show the program at work without internet access:
//! progress bars, a removed image, a dropped connection, the summary.

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::ffi::OsString;
use std::process::ExitCode;

use support::imgur::{FakeImgur, Image};
use support::media::{self, Format};

/// The formats of the album's images, in rotation.
const FORMATS: [Format; 5] = [
    Format::Jpeg,
    Format::Png,
    Format::Jpeg,
    Format::Gif,
    Format::Mp4,
];

fn main() -> ExitCode {
    let imgur = FakeImgur::start();
    imgur.album("demo1", "Two dozen cats", (1..=24).map(image).collect());
    // The folder is kept, so that the files can be looked at.
    let folder = tempfile::Builder::new()
        .prefix("fetch-demo-")
        .disable_cleanup(true)
        .tempdir()
        .expect("a temporary folder");
    let config = folder.path().join("demo.toml");
    std::fs::write(&config, imgur.config_keyless()).expect("a new file");
    let args: [OsString; 8] = [
        "fetch".into(),
        "-c".into(),
        config.into(),
        "--archive".into(),
        folder.path().join("archive.db").into(),
        "-d".into(),
        folder.path().join("cats").into(),
        "https://imgur.com/a/demo1".into(),
    ];
    run(args.into())
}

/// Runs the program with these arguments instead of the process's.
fn run(args: Vec<OsString>) -> ExitCode {
    fetch::cli::run_with_args(args, fetch::plugins::all)
}

/// Makes one image of the album, slow enough to watch it arrive.
fn image(number: u64) -> Image {
    let format = FORMATS[number as usize % FORMATS.len()];
    let bytes = 150_000 + 2 * (number * 7919 % 100_000) as usize;
    let id = format!("cat{number:04}");
    let image = Image::of(&id, format, media::sized(format, bytes, number));
    let image = image.title(&format!("Cat {number}")).throttle(200_000);
    match number {
        7 => image.cut_once(60_000),
        13 => image.removed(),
        _ => image,
    }
}
