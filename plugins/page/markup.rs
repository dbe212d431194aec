//! Tokenizes the markup of a page and collects what its elements say. No tree is built, so nesting costs nothing.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use fetch::model::{Error, Kind, Result};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::elements::State;
use super::parsed_page::ParsedPage;

/// How many bytes are processed between two checks of the time.
const STEP: usize = 16 << 10;

/// Reads a page.
///
/// # Errors
/// [`Kind::Corrupt`] if that takes longer than `patience`.
pub(super) fn read(text: &str, patience: Duration) -> Result<ParsedPage> {
    let began = Instant::now();
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(STEP);
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        queue.push_back(StrTendril::from_slice(&rest[..end]));
        rest = &rest[end..];
        // Scripts are never run, so the tokenizer need not pause for them.
        let _ = tokenizer.feed(&queue);
        if began.elapsed() > patience {
            return Err(Error::new(Kind::Corrupt, "the page takes too long to read"));
        }
    }
    tokenizer.end();
    Ok(tokenizer.sink.0.into_inner().finish())
}

#[derive(Default)]
struct Sink(RefCell<State>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => return state.start(&tag),
                TagKind::EndTag => state.end(&tag.name),
            },
            Token::CharacterTokens(text) => state.characters(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::super::elements::MOST;
    use super::super::parsed_page::Role;
    use super::*;

    fn read(text: &str) -> Result<ParsedPage> {
        super::read(text, Duration::from_secs(60))
    }

    #[test]
    fn a_page_is_read_in_its_order() {
        let parsed = read(
            "<base href=/b/><title>A &amp; B</title><nav><img src=n.png></nav>\
             <main><header><a href=big.jpg><img src=thumb.jpg alt='a cat' width=100></a></header>\
             <picture><source srcset='a.webp 400w, b.webp 800w'><img src=c.jpg></picture>\
             <video poster=p.jpg><source src=low.mp4 size=480><source src=high.mp4 size=1080></video>\
             <a href='song.mp3'>song</a><iframe src='//player.example/1'></iframe></main>\
             <script type='application/ld+json'>{\"a\":\"</b>\"}</script><link rel=next href='?p=2'>",
        )
        .unwrap();
        assert_eq!(parsed.base.as_deref(), Some("/b/"));
        assert_eq!(parsed.title, "A & B");
        assert_eq!(parsed.next.as_deref(), Some("?p=2"));
        assert_eq!(parsed.json_ld, ["{\"a\":\"</b>\"}"]);
        let pieces: Vec<_> = parsed
            .pieces
            .iter()
            .map(|piece| {
                (
                    piece.role,
                    piece.best().map_or("", |best| &*best.url),
                    piece.is_outside,
                )
            })
            .collect();
        let expected = [
            (Role::Image, "n.png", true),
            (Role::Image, "thumb.jpg", false),
            (Role::Image, "b.webp", false),
            (Role::Poster, "p.jpg", false),
            (Role::Video, "high.mp4", false),
            (Role::Link, "song.mp3", false),
            (Role::Embed, "//player.example/1", false),
        ];
        assert_eq!(pieces, expected);
        assert_eq!(parsed.pieces[1].link.as_deref(), Some("big.jpg"));
    }

    #[test]
    fn hostile_markup_costs_little() {
        let deep = "<div>".repeat(300_000) + "<img src=a.jpg>";
        assert_eq!(read(&deep).unwrap().pieces.len(), 1);
        let unclosed = "<a href=x.jpg><picture><video src=y.mp4>".repeat(20_000);
        assert!(read(&unclosed).unwrap().pieces.len() <= MOST);
        let many = read(&"<img src=a.jpg>".repeat(MOST + 9)).unwrap();
        assert!(many.cut && many.pieces.len() == MOST);
        let huge = format!("<img alt='{}' src=a.jpg", "x".repeat(4 << 20));
        assert!(read(&huge).unwrap().pieces.is_empty());
    }
}
