//! Films and sounds as those who make pages write them, and what is taken of them.

use super::cases::takes;

#[test]
fn what_stands_in_a_film_or_a_sound_is_for_those_who_cannot_play_it() {
    takes(&[
        (
            "<audio><source src='/ep5.mp3?_=1'><a href=/ep5.mp3>/ep5.mp3</a></audio><img src=/a.jpg>",
            &["/ep5.mp3?_=1", "/a.jpg"],
        ),
        (
            "<video poster=/p.jpg><source src=/576.mp4 size=576><source src=/1080.mp4 size=1080><track src=/en.vtt>\
             <a href=/576.mp4 download>Download</a><img src=/old.gif></video><a href=/other.mp4>x</a>",
            &["/1080.mp4", "/other.mp4"],
        ),
        // The film around is none.
        (
            "<video src='blob:https://x.org/1'><a href=/a.mp4>a</a></video>",
            &["/a.mp4"],
        ),
        ("<video><a href=/a.mp4>a</a></video>", &["/a.mp4"]),
    ]);
}

#[test]
fn a_film_that_is_not_closed_does_not_hide_the_page_behind_it() {
    takes(&[
        (
            "<div><video src=/a.mp4 /></div><img src=/1.jpg><a href=/b.mp4>b</a>",
            &["/1.jpg", "/b.mp4", "/a.mp4"],
        ),
        (
            "<div><video src=/a.mp4 /></div><img src=/1.jpg><video src=/b.mp4></video>",
            &["/1.jpg", "/a.mp4", "/b.mp4"],
        ),
    ]);
}

#[test]
fn the_count_of_players_in_an_address_tells_no_films_apart() {
    takes(&[
        (
            "<audio src='/ep5.mp3?_=1'></audio><a href=/ep5.mp3>Download</a><audio src='/ep5.mp3?_=2'></audio>",
            &["/ep5.mp3"],
        ),
        (
            "<audio src='/play.mp3?id=1&_=1'></audio><audio src='/play.mp3?id=2&_=1'></audio>",
            &["/play.mp3?id=1&_=1", "/play.mp3?id=2&_=1"],
        ),
        (
            "<video src='/v.mp4?_=night'></video><video src='/v.mp4?_=day'></video>",
            &["/v.mp4?_=night", "/v.mp4?_=day"],
        ),
    ]);
}
