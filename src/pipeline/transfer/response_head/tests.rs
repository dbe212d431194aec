use super::*;

const ETAG: (&str, &str) = ("etag", "\"a\"");

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect()
}

fn known() -> Representation {
    Representation {
        total: Some(100),
        etag: Some("\"a\"".into()),
        last_modified: None,
        ..Representation::default()
    }
}

/// Says in a word how a 206 with these headers is read after a request for the bytes from 40 on.
fn partial(known: &Representation, pairs: &[(&str, &str)]) -> String {
    match interpret(
        StatusCode::PARTIAL_CONTENT,
        &headers(pairs),
        RangeRequest { start: 40, known },
    ) {
        ResponseKind::Rest { end, total } => format!("rest {end} {total:?}"),
        ResponseKind::Restart(why) => why.to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn only_the_requested_range_is_resumed() {
    let range = |range: &'static str| ("content-range", range);
    let table: &[(Pairs<'_>, &str)] = &[
        (&[range("bytes 40-99/100"), ETAG], "rest 100 Some(100)"),
        (&[range("bytes 40-99/*"), ETAG], "rest 100 Some(100)"),
        (&[range("bytes 40-59/100"), ETAG], "rest 60 Some(100)"),
        (&[range("Bytes 40-59/100"), ETAG], "rest 60 Some(100)"),
        (&[range("bytes=40-59/100"), ETAG], "rest 60 Some(100)"),
        (
            &[range("bytes 40-99/100"), ("content-length", "60")],
            "rest 100 Some(100)",
        ),
        (
            &[range("bytes 40-99/100"), ("content-length", "61")],
            "the server sent a part of another length than it says",
        ),
        (
            &[range("bytes 41-99/100"), ETAG],
            "the server sent a different range than requested",
        ),
        (
            &[range("bytes 0-99/100"), ETAG],
            "the server sent a different range than requested",
        ),
        (&[range("bytes 40-109/110"), ETAG], "its length has changed"),
        (
            &[range("bytes 40-109/*"), ETAG],
            "the server sent a part beyond the end",
        ),
        (
            &[range("bytes 40-109/100"), ETAG],
            "the server sent a part without saying which",
        ),
        (
            &[range("bytes 99-40/100"), ETAG],
            "the server sent a part without saying which",
        ),
        (
            &[range("bytes 40--99/100"), ETAG],
            "the server sent a part without saying which",
        ),
        (
            &[range("items 40-99/100"), ETAG],
            "the server sent a part without saying which",
        ),
        (
            &[("content-type", "multipart/byteranges"), ETAG],
            "the server sent a part without saying which",
        ),
        (
            &[range("bytes 40-99/100"), ("etag", "\"b\"")],
            "it has changed on the server",
        ),
        (
            &[range("bytes 40-99/100"), ETAG, ("content-encoding", "gzip")],
            "the server sent a part in another coding",
        ),
    ];
    for (pairs, expected) in table {
        assert_eq!(partial(&known(), pairs), *expected, "{pairs:?}");
    }
}

#[test]
fn etags_that_differ_by_mirror_are_ignored_if_last_modified_agrees() {
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    let known = Representation {
        last_modified: Some(date.into()),
        ..known()
    };
    let range = ("content-range", "bytes 40-99/100");
    let other = ("etag", "\"b\"");
    assert_eq!(
        partial(&known, &[range, other, ("last-modified", date)]),
        "rest 100 Some(100)"
    );
    let later = ("last-modified", "Wed, 21 Oct 2015 07:28:01 GMT");
    assert_eq!(
        partial(&known, &[range, other, later]),
        "it has changed on the server"
    );
    assert_eq!(partial(&known, &[range, ETAG, later]), "rest 100 Some(100)");
}

#[test]
fn if_range_is_sent_with_strong_validators_only() {
    let date = ("date", "Wed, 21 Oct 2015 07:30:00 GMT");
    let old = ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT");
    let fresh = ("last-modified", "Wed, 21 Oct 2015 07:29:30 GMT");
    let table: &[(Pairs<'_>, Option<&str>)] = &[
        (&[ETAG, old, date], Some("\"a\"")),
        (&[("etag", "W/\"a\""), old, date], None),
        (&[old, date], Some(old.1)),
        (&[fresh, date], None),
        (&[old], None),
        (&[], None),
    ];
    for (pairs, expected) in table {
        assert_eq!(
            Representation::of(&headers(pairs)).if_range(),
            *expected,
            "{pairs:?}"
        );
    }
}

#[test]
fn refusal_statuses_are_classified() {
    let table = [
        (204, Kind::Missing, false),
        (205, Kind::Missing, false),
        (304, Kind::Corrupt, false),
        (401, Kind::Login, false),
        (403, Kind::Blocked, false),
        (404, Kind::Missing, false),
        (410, Kind::Missing, false),
        (451, Kind::Blocked, false),
        (429, Kind::Busy, true),
        (408, Kind::Network, true),
        (500, Kind::Network, true),
        (503, Kind::Network, true),
        (522, Kind::Network, true),
        (501, Kind::Blocked, false),
    ];
    for (code, expected, retried) in table {
        let status = StatusCode::from_u16(code).unwrap();
        let kind = interpret(
            status,
            &HeaderMap::new(),
            RangeRequest {
                start: 0,
                known: &Representation::default(),
            },
        );
        let ResponseKind::Refused {
            error,
            is_temporary,
        } = kind
        else {
            panic!("{code} is refused")
        };
        assert_eq!((error.kind, is_temporary), (expected, retried), "{code}");
    }
}

#[test]
fn a_refusal_names_what_may_let_somebody_in() {
    let table = [
        (401, "Basic realm=\"x\"", "`--netrc`"),
        (401, "basic", "`https://USER:PASSWORD@…`"),
        (401, "Digest realm=\"x\", Basic realm=\"y\"", "`--netrc`"),
        (401, "Bearer", "`--header 'Authorization: Bearer …'`"),
        (401, "", "`-C FILE`"),
        (403, "", "`-C FILE`"),
        (403, "", "`--header 'Referer: …'`"),
        (403, "", "`fetch from-curl -`"),
    ];
    for (code, asks, hint) in table {
        let headers = headers(&[("www-authenticate", asks)]);
        let (error, _) = why_refused(StatusCode::from_u16(code).unwrap(), &headers);
        let told = error.hint.unwrap_or_default();
        assert!(told.contains(hint), "{code} {asks}: {told}");
    }
}

#[test]
fn a_416_for_an_unfinished_file_starts_over() {
    for pairs in [
        &[("content-range", "bytes */30")][..],
        &[("content-range", "bytes */100")],
        &[],
    ] {
        let reading = interpret(
            StatusCode::RANGE_NOT_SATISFIABLE,
            &headers(pairs),
            RangeRequest {
                start: 40,
                known: &known(),
            },
        );
        assert!(matches!(reading, ResponseKind::Restart(_)), "{pairs:?}");
    }
}
