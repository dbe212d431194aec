//! How the site says no, in each of its shapes.

use std::time::{Duration, SystemTime};

use super::{list_trying, list_with, no_ajax, no_page, options, refusal};
use crate::support::{Reply, Site};
use fetch::model::{Error, Kind};
use fetch::source::outlet;
use serde_json::json;

async fn refused(reply: Reply) -> Error {
    let site = Site::start();
    site.on("/3/album/q6i58", reply).once();
    // What is asked where there is no such album, or no call left, knows no better.
    let gone = refusal(404, "Unable to find an image");
    site.on("/3/image/q6i58", gone).optional();
    site.on("/a/q6i58", no_page()).optional();
    site.on("/ajaxalbums/getimages/q6i58/hit.json", no_ajax())
        .optional();
    let (entries, error) = list_with(options(&site, Some("a-key")), "imgur.com/a/q6i58").await;
    assert!(entries.is_empty());
    error.unwrap()
}

#[tokio::test]
async fn every_shape_of_a_refusal_is_understood() {
    let capacity = "Imgur is temporarily over capacity. Please try again later.";
    let table = [
        (
            refusal(401, "Authentication required"),
            Kind::Login,
            "Authentication required",
        ),
        (
            refusal(403, "Invalid client_id"),
            Kind::Login,
            "Invalid client_id",
        ),
        (refusal(403, capacity), Kind::Blocked, capacity),
        (refusal(500, capacity), Kind::Blocked, capacity),
        (
            refusal(404, "Unable to find an album"),
            Kind::Missing,
            "Unable to find an album",
        ),
        (
            Reply::json(
                r#"{"data":{"error":{"code":403,"message":"No"}},"success":false,"status":400}"#,
            )
            .status(400),
            Kind::Blocked,
            "No",
        ),
        (
            Reply::json(
                r#"{"errors":[{"id":"x","code":"429","status":"s","detail":"Slow down"}]}"#,
            )
            .status(429)
            .content_type("application/vnd.imgur.v1+json"),
            Kind::Busy,
            "Slow down",
        ),
        (
            Reply::json(r#"{"data":"An error occurred","success":false,"status":500}"#).status(500),
            Kind::Network,
            "An error occurred",
        ),
        (
            Reply::json(r#"{"data":{"error":"Album not found"},"success":true,"status":200}"#),
            Kind::Missing,
            "Album not found",
        ),
        (
            Reply::json(r#"{"message":"Not Authorized"}"#).status(403),
            Kind::Blocked,
            "Not Authorized",
        ),
        (
            Reply::html("<title>Imgur: the 429 page</title>").status(429),
            Kind::Busy,
            "Imgur: the 429 page",
        ),
        (Reply::text("").status(418), Kind::Busy, "418"),
        (Reply::text("").status(502), Kind::Network, "502"),
    ];
    for (reply, kind, text) in table {
        let error = refused(reply).await;
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(text), "{error}");
        assert!(error.message.contains("album `q6i58`"), "{error}");
    }
}

#[tokio::test]
async fn rate_limit_resets_are_parsed_as_seconds_and_as_timestamps() {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let table = ["3600".to_owned(), (now.as_secs() + 3600).to_string()];
    for reset in table {
        let reply = refusal(429, "User request limit exceeded")
            .header("X-RateLimit-UserRemaining", "0")
            .header("X-RateLimit-UserReset", reset.as_str())
            .header("X-RateLimit-ClientRemaining", "12499");
        let error = refused(reply).await;
        assert_eq!(error.kind, Kind::Busy);
        let wait = error.retry_after.unwrap();
        let about_an_hour = Duration::from_secs(3540)..=Duration::from_secs(3600);
        assert!(about_an_hour.contains(&wait), "{reset}: {wait:?}");
        assert!(
            error
                .message
                .contains("your address's calls for this hour are used up"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn short_rate_limits_are_waited_for_and_long_ones_reported() {
    let limited = |reset: &str| {
        refusal(429, "User request limit exceeded")
            .header("X-RateLimit-UserRemaining", "0")
            .header("X-RateLimit-UserReset", reset)
    };
    let site = Site::start();
    let image =
        json!({"id": "abcdefg", "type": "image/png", "link": "https://i.imgur.com/abcdefg.png"});
    let image = json!({"data": image, "success": true, "status": 200});
    site.on("/3/image/abcdefg", limited("1")).once();
    site.on("/3/image/abcdefg", Reply::json(image.to_string()))
        .once();
    site.on("/3/image/bcdefgh", limited("3600")).once();
    // The page of the image could tell as much.
    site.on("/bcdefgh", no_page()).once();
    let ask = async |link| {
        let (out, mut entries) = outlet(10);
        let options = options(&site, Some("a-key"));
        list_trying(4, options, link, None, &out).await?;
        drop(out);
        Ok::<_, Error>(entries.recv().await)
    };
    assert!(ask("imgur.com/abcdefg").await.unwrap().is_some());
    let times: Vec<_> = site.requests().iter().map(|seen| seen.at).collect();
    assert!(times[1] - times[0] >= Duration::from_millis(990));
    let error = ask("imgur.com/bcdefgh").await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
}

#[tokio::test]
async fn hostile_api_messages_are_shown_in_one_short_line() {
    let text = format!("no\r\n\u{1b}[2Jno {}", "x".repeat(9999));
    let error = refused(refusal(403, &text)).await;
    assert!(error.message.len() < 400, "{error}");
    assert!(
        !error.message.contains(|c: char| c.is_control()),
        "{error:?}"
    );
}
