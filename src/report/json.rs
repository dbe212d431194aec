//! Events as JSON, one per line, for other programs.

use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

use super::{OpenItem, Reporter, Summary};
use crate::model::Event;

/// The version of the format. It is incremented by changes that would mislead existing readers.
const VERSION: u32 = 1;

/// Prints every event, and a `summary` line at the end.
#[derive(Debug)]
pub struct Json<W: Write = BufWriter<Stdout>> {
    out: W,
}

#[derive(Serialize)]
struct Line<'a, T> {
    v: u32,
    #[serde(flatten)]
    content: &'a T,
}

#[derive(Serialize)]
struct Last<'a> {
    v: u32,
    event: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

impl Json {
    /// Prints to stdout.
    pub fn stdout() -> Self {
        Json::new(BufWriter::new(io::stdout()))
    }
}

impl<W: Write> Json<W> {
    /// Prints to this writer.
    pub fn new(out: W) -> Self {
        Json { out }
    }

    fn line(&mut self, content: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, content)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn event(&mut self, event: &Event, _: Option<&OpenItem>, _: &Summary) -> io::Result<()> {
        self.line(&Line {
            v: VERSION,
            content: event,
        })
    }

    fn flush(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.line(&Last {
            v: VERSION,
            event: "summary",
            summary,
        })?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, Kind, Outcome};

    #[test]
    fn writes_each_event_and_a_summary() {
        let found = Event::Found {
            id: 1,
            source: "imgur".into(),
            key: "abc".into(),
            title: "A cat".into(),
            url: Some("https://i.imgur.com/abc.jpg?sig=***".into()),
            raw_url: url::Url::parse("https://i.imgur.com/abc.jpg?sig=1").ok(),
            page: None,
            path: "abc.jpg".into(),
            size: Some(9),
        };
        let failed = Event::Ended {
            id: 1,
            outcome: Outcome::Failed(Failure {
                kind: Kind::Missing,
                message: "removed from Imgur".into(),
                causes: Vec::new(),
                hint: None,
                attempts: 1,
            }),
        };
        let mut summary = Summary::default();
        let mut json = Json::new(Vec::new());
        for event in [found, failed, Event::Complete] {
            let item = summary.take(&event);
            json.event(&event, item.as_ref(), &summary).unwrap();
            let line = json.out.split(|byte| *byte == b'\n').rev().nth(1).unwrap();
            assert_eq!(serde_json::from_slice::<Event>(line).unwrap().clone(), {
                let mut event = event;
                if let Event::Found { raw_url, .. } = &mut event {
                    *raw_url = None;
                }
                event
            });
        }
        json.finish(&summary).unwrap();
        let expected = [
            r#"{"v":1,"event":"found","id":1,"source":"imgur","key":"abc","title":"A cat","#,
            r#""url":"https://i.imgur.com/abc.jpg?sig=***","path":"abc.jpg","size":9}"#,
            "\n",
            r#"{"v":1,"event":"ended","id":1,"outcome":"failed","kind":"missing","message":"removed from Imgur","attempts":1}"#,
            "\n",
            r#"{"v":1,"event":"complete"}"#,
            "\n",
            r#"{"v":1,"event":"summary","found":1,"saved":0,"bytes":0,"skipped":{},"failed":{"missing":1},"not_done":0,"#,
            r#""failures":[{"id":1,"source":"imgur","key":"abc","title":"A cat","#,
            r#""url":"https://i.imgur.com/abc.jpg?sig=***","path":"abc.jpg","#,
            r#""failure":{"kind":"missing","message":"removed from Imgur","attempts":1}}],"#,
            r#""links_failed":{},"link_failures":[],"warnings":0,"elapsed_ms":0,"interrupted":false}"#,
            "\n",
        ];
        assert_eq!(String::from_utf8(json.out).unwrap(), expected.concat());
    }
}
