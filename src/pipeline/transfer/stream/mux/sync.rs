//! How the clocks of picture and sound belong together. Pure.

use crate::pipeline::stream::clock::AROUND;

/// Ticks of a transport stream per second.
const TICKS: f64 = 90_000.0;
/// A clock that is this close to its wraparound is taken by `ffmpeg` for one that has not started yet.
const BEFORE: u64 = 60 * 90_000;
/// Picture and sound of a film begin within this many seconds of each other.
const MAX_DELAY: f64 = 60.0;
/// A picture that begins earlier than this on its clock begins with it: the first frames wait for those that they are
/// made of.
const EARLY: u64 = 9_000;

/// The clock of a track.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// When the track begins, if known.
    pub(super) start: Option<u64>,
    /// The format of the track.
    pub(super) form: &'static str,
    /// How far its timestamps are ahead of the times at which it is played, in seconds.
    pub(super) ahead: f64,
}

impl Clock {
    /// Whether `ffmpeg` reads no time in it, and makes it begin at 0.
    fn is_raw(self) -> bool {
        matches!(self.form, "aac" | "mp3" | "ac3")
    }
}

/// Returns by how many seconds to move picture and sound.
///
/// # Errors
/// The reason, if that cannot be determined.
pub(super) fn moves(picture: Clock, sound: Clock) -> Result<[f64; 2], &'static str> {
    if sound_delay(picture, sound).is_some_and(|delay| delay.abs() > MAX_DELAY) {
        return Err("the clocks of its picture and of its sound are unrelated");
    }
    if !sound.is_raw() {
        return Ok([picture, sound].map(|clock| 0.0 - clock.ahead));
    }
    match (picture.start, sound.start) {
        (Some(picture_at), Some(sound_at)) => {
            let is_before = picture.form == "mpegts" && picture_at >= AROUND - BEFORE;
            let around = if is_before { AROUND as f64 } else { 0.0 };
            let later = nearer(sound_at as f64 - picture_at as f64);
            Ok([0.0, (picture_at as f64 - around + later) / TICKS])
        }
        (None, Some(_)) => Err("nothing tells when its picture begins on the clock of its sound"),
        (Some(EARLY..), None) => {
            Err("its sound has no clock, and that of its picture does not begin at 0")
        }
        (_, None) => Ok([0.0; 2]),
    }
}

/// How much later the sound begins than the picture, in seconds, if known.
fn sound_delay(picture: Clock, sound: Clock) -> Option<f64> {
    let ticks = sound.start? as f64 - picture.start? as f64;
    Some(nearer(ticks - (sound.ahead - picture.ahead) * TICKS) / TICKS)
}

/// The same difference, by the shorter way around the clock.
fn nearer(ticks: f64) -> f64 {
    let around = AROUND as f64;
    let later = ticks.rem_euclid(around);
    if later > around / 2.0 {
        later - around
    } else {
        later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_sound_is_moved_to_the_clock_of_its_picture() {
        let hour = 3600 * 90_000;
        let at = |start: u64| Some(start);
        let table = [
            ("mpegts", at(126_000), "aac", at(126_000), Some(1.4)),
            ("mpegts", at(126_000), "mp3", at(171_000), Some(1.9)),
            ("mpegts", at(hour), "aac", at(hour - 45_000), Some(3599.5)),
            // Around the wraparound of the clock.
            ("mpegts", at(AROUND - 90_000), "aac", at(45_000), Some(0.5)),
            ("mpegts", at(45_000), "aac", at(AROUND - 90_000), Some(-1.0)),
            (
                "mov",
                at(AROUND + 90_000),
                "aac",
                at(180_000),
                Some(95_445.717_689),
            ),
            // With the clocks of two machines, or unknown ones.
            ("mpegts", at(hour), "aac", at(126_000), None),
            ("mpegts", at(hour), "mpegts", at(126_000), None),
            ("mpegts", at(126_000), "aac", None, None),
            ("mov", None, "ac3", at(0), None),
            ("mpegts", at(7_200), "aac", None, Some(0.0)),
            ("mov", None, "aac", None, Some(0.0)),
            // A track that has a clock is read by it.
            ("mpegts", at(126_000), "mpegts", at(9), Some(0.0)),
            ("mov", at(126_000), "mov", None, Some(0.0)),
        ];
        for (form, start, sound, sound_start, expected) in table {
            let ahead = 0.0;
            let picture = Clock { start, form, ahead };
            let sound = Clock {
                start: sound_start,
                form: sound,
                ahead,
            };
            let read = moves(picture, sound).ok();
            let is_it = match (read, expected) {
                (Some([none, read]), Some(expected)) => {
                    none == 0.0 && (read - expected).abs() < 1e-5
                }
                (read, expected) => read.is_none() && expected.is_none(),
            };
            assert!(is_it, "{picture:?} {sound:?} {read:?}");
        }
        // In a manifest, each track counts from a time of its own.
        let clock = |start, ahead| Clock {
            start: Some(start),
            form: "mov",
            ahead,
        };
        let of_day = clock(100 * 90_000, 100.0);
        assert_eq!(moves(of_day, clock(45_000, 0.5)), Ok([-100.0, -0.5]));
        assert!(moves(of_day, clock(45_000, 100.0)).is_err());
    }
}
