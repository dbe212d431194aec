//! `time`: moments as seconds since 1970, UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use mlua::{Lua, Table};

pub(super) fn add(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let time = lua.create_table()?;
    // Whole milliseconds: a finer clock would measure what it should not.
    time.raw_set(
        "now",
        lua.create_function(|_, ()| Ok(Timestamp::now().as_millisecond() as f64 / 1000.0))?,
    )?;
    time.raw_set(
        "parse",
        lua.create_function(|_, (text, format): (String, Option<String>)| {
            Ok(parse(&text, format.as_deref()))
        })?,
    )?;
    globals.raw_set("time", time)
}

/// Reads a moment: RFC 3339 or a date, or by a format as of `strftime`. What has no zone is in UTC.
fn parse(text: &str, format: Option<&str>) -> Option<f64> {
    let text = text.trim();
    let moment = match format {
        None => text.parse::<Timestamp>().ok().or_else(|| {
            let civil = text.parse::<DateTime>().ok().or_else(|| {
                Some(
                    text.parse::<Date>()
                        .ok()?
                        .to_datetime(jiff::civil::Time::midnight()),
                )
            });
            Some(civil?.to_zoned(TimeZone::UTC).ok()?.timestamp())
        }),
        Some(format) => Timestamp::strptime(format, text).ok().or_else(|| {
            let civil = DateTime::strptime(format, text).ok();
            let civil = civil.or_else(|| {
                Some(
                    Date::strptime(format, text)
                        .ok()?
                        .to_datetime(jiff::civil::Time::midnight()),
                )
            });
            Some(civil?.to_zoned(TimeZone::UTC).ok()?.timestamp())
        }),
    };
    moment.map(|moment| moment.as_millisecond() as f64 / 1000.0)
}
