//! Refusals in every shape.

use super::*;

/// Builds a response by hand.
pub(in super::super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        map.insert(name, value.parse().unwrap());
    }
    Answer {
        url: "https://api.imgur.com/3/album/abcde".parse().unwrap(),
        status: http::StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: body.to_owned().into(),
        open_end: false,
    }
}

fn refused(status: u16, body: &str) -> String {
    let error = data(&answer(status, &[], body), "album `abcde`").unwrap_err();
    let hint = match error.hint.as_deref() {
        None => "",
        Some(KEY_HINT) => " (key)",
        Some(BAD_KEY_HINT) => " (bad key)",
        Some(CAPACITY_HINT) => " (capacity)",
        Some(REGION_HINT) => " (region)",
        Some(_) => " (other)",
    };
    format!("{}: {}{hint}", error.kind, error.message)
}

#[test]
fn reads_all_five_shapes() {
    let table = [
        // Text.
        (
            404,
            r#"{"data":{"error":"Unable to find an album with the id, abcde"},"success":false,"status":404}"#,
            "missing: album `abcde` is not there: the site says \"Unable to find an album with the id, abcde\"",
        ),
        (
            401,
            r#"{"data":{"error":"Authentication required","request":"/3/x","method":"GET"},"success":false,"status":401}"#,
            "login: the site denies access to album `abcde`: the site says \"Authentication required\" (key)",
        ),
        (
            403,
            r#"{"data":{"error":"Invalid client_id"},"success":false,"status":403}"#,
            "login: the site denies access to album `abcde`: the site says \"Invalid client_id\" (bad key)",
        ),
        (
            403,
            r#"{"data":{"error":"Permission denied"},"success":false,"status":403}"#,
            "blocked: the site refuses album `abcde`: the site says \"Permission denied\"",
        ),
        (
            403,
            r#"{"data":{"error":"Banned Country Attempt (IN)"},"success":false,"status":403}"#,
            "blocked: the site refuses album `abcde`: the site says \"Banned Country Attempt (IN)\" (region)",
        ),
        // Text in a response that looks fine.
        (
            200,
            r#"{"data":{"error":"Album not found"},"success":true,"status":200}"#,
            "missing: album `abcde` is not there: the site says \"Album not found\"",
        ),
        // An object, whose code is more specific than the status.
        (
            400,
            r#"{"data":{"error":{"code":403,"message":"Forbidden","exception":[]}},"success":false,"status":400}"#,
            "blocked: the site refuses album `abcde`: the site says \"Forbidden\"",
        ),
        (
            500,
            r#"{"data":{"error":{"code":500,"message":"Could not","exception":{}}},"success":false,"status":500}"#,
            "network: cannot list album `abcde`: the site says \"Could not\"",
        ),
        // A list, with its code as text.
        (
            429,
            r#"{"errors":[{"id":"x","code":"429","status":"Too Many","detail":"Slow down"}]}"#,
            "busy: the site asks us to slow down at album `abcde`: the site says \"Slow down\"",
        ),
        (
            200,
            r#"{"errors":[{"id":"x","code":"404"}]}"#,
            "missing: album `abcde` is not there: the site answers 404",
        ),
        // `data` is text, `false` or null.
        (
            500,
            r#"{"data":"An error occurred","success":false,"status":500}"#,
            "network: cannot list album `abcde`: the site says \"An error occurred\"",
        ),
        (
            200,
            r#"{"data":"An error occurred","success":true,"status":200}"#,
            "network: cannot list album `abcde`: the site says \"An error occurred\"",
        ),
        (
            400,
            r#"{"data":false,"success":false,"status":400}"#,
            "unsupported: cannot list album `abcde`: the site answers 400",
        ),
        (
            200,
            r#"{"data":null,"success":true,"status":200}"#,
            "network: cannot list album `abcde`: the site does not say why",
        ),
        // A gateway's.
        (
            401,
            r#"{"message":"No key"}"#,
            "login: the site denies access to album `abcde`: the site says \"No key\" (key)",
        ),
        // Not JSON.
        (
            429,
            "<html><head><title>Imgur: the 429 page</title></head></html>",
            "busy: the site asks us to slow down at album `abcde`: the site says \"Imgur: the 429 page\"",
        ),
        (
            405,
            "<html><h1>405 Not Allowed</h1></html>",
            "unsupported: cannot list album `abcde`: the site says \"405 Not Allowed\"",
        ),
        (
            503,
            "",
            "network: cannot list album `abcde`: the site answers 503",
        ),
        (
            418,
            "",
            "busy: the site asks us to slow down at album `abcde`: the site answers 418",
        ),
        (
            200,
            "<html>Content not available in your region</html>",
            "blocked: the site refuses album `abcde`: the site says \"Content not available in your region\" (region)",
        ),
        (
            200,
            "<html><title>Imgur</title></html>",
            "changed: cannot read the response about album `abcde`: it is a different page",
        ),
    ];
    for (status, body, expected) in table {
        assert_eq!(refused(status, body), expected, "{status} {body}");
    }
}

#[test]
fn over_capacity_is_a_block_whatever_its_status() {
    for (http, status) in [(403, 403), (429, 429), (500, 500), (503, 1203), (200, 1203)] {
        let body = format!(
            r#"{{"data":{{"error":"Imgur is temporarily over capacity."}},"success":false,"status":{status}}}"#
        );
        assert_eq!(
            refused(http, &body),
            "blocked: the site refuses album `abcde`: the site says \"Imgur is temporarily over capacity.\" (capacity)"
        );
    }
}

#[test]
fn says_which_calls_are_used_up_and_when_there_are_new_ones() {
    let body = r#"{"data":{"error":"User request limit exceeded"},"success":false,"status":429}"#;
    let headers = [
        ("X-RateLimit-UserRemaining", "0"),
        ("X-RateLimit-UserReset", "3047"),
        ("X-RateLimit-ClientRemaining", "12499"),
    ];
    let error = data(&answer(429, &headers, body), "album `abcde`").unwrap_err();
    assert_eq!(
        error.message,
        "the site asks us to slow down at album `abcde`: the site says \"User request limit exceeded\"; \
         your address's calls for this hour are used up, try again in 51 min"
    );
    assert_eq!(
        error.retry_after,
        Some(std::time::Duration::from_secs(3047))
    );
}

#[test]
fn ids_in_error_messages_are_ignored() {
    let body = r#"{"data":{"error":"Unable to find an image with the id, x429p"},"success":false,"status":404}"#;
    assert!(refused(404, body).starts_with("missing: "));
}

#[test]
fn gives_what_is_no_failure() {
    for (body, expected) in [
        (r#"{"data":[],"success":true,"status":200}"#, "[]"),
        (r#"{"data":{"id":"abcde"}}"#, r#"{"id":"abcde"}"#),
    ] {
        let found = data(&answer(200, &[], body), "album `abcde`").unwrap();
        assert_eq!(found.to_string(), expected);
    }
}
