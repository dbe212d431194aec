//! Servers that speak TLS, and not with everybody.

use fetch::net::Settings;

use super::{body, client, quick};
use crate::support::command::Fetch;
use crate::support::frames::{Act, Frames, PAGE};
use crate::support::tls::{Front, Odd};

#[tokio::test]
async fn a_server_of_http_2_alone_gives_files_too() {
    let server = Frames::start([Act::Serve]);
    let front = Front::before(server.port(), Odd::Http2);
    let client = client(Settings {
        ca_cert: vec![front.authority()],
        ..quick()
    });
    for _ in 0..2 {
        let file = body(&client, &front.url("/cat.jpg")).await.unwrap();
        assert_eq!(file, PAGE);
    }
    assert_eq!(front.protocols(), ["refused", "h2"], "it is remembered");
}

#[test]
fn a_file_by_http_2_ends_where_its_stream_does() {
    let server = Frames::start([Act::Serve]);
    let front = Front::before(server.port(), Odd::Http2);
    let fetch = Fetch::new().arg("--ca-cert").arg(front.authority());
    let fetch = fetch.arg(front.url("/cat.txt"));
    let done = fetch.run().success();
    assert_eq!(fetch.files()["cat.txt"], PAGE);
    assert!(!done.stderr.contains("warning"), "{}", done.stderr);
}
