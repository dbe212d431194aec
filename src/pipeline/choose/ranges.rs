//! Positions such as `1-5,8,-3`.

use std::fmt;
use std::str::FromStr;

use crate::model::{Error, Kind};

/// Positions in a listing, counted from 1: `1-5,8,20-`. `-3` is short for `1-3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// First and last position of each range, in order, neither adjacent nor overlapping.
    ranges: Vec<(u64, u64)>,
}

impl Ranges {
    /// Checks whether this position is wanted.
    pub fn contains(&self, position: u64) -> bool {
        let holds = |&(first, last): &(u64, u64)| first <= position && position <= last;
        self.ranges.iter().any(holds)
    }

    /// Returns the last wanted position, after which a listing can be closed; `None` if the last range is open.
    pub fn ends_at(&self) -> Option<u64> {
        let &(_, last) = self.ranges.last()?;
        (last != u64::MAX).then_some(last)
    }
}

impl FromStr for Ranges {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let range = range(part.trim()).map_err(|reason| {
                let message = format!("`{}` is not a range of positions: {reason}", part.trim());
                Error::new(Kind::Config, message)
                    .hint("write positions from 1 as in `1-5,8,20-`; `-3` is `1-3`")
            })?;
            ranges.push(range);
        }
        ranges.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Ok(Ranges { ranges: merged })
    }
}

fn range(text: &str) -> Result<(u64, u64), &'static str> {
    let position = |text: &str| match text.trim().parse() {
        Ok(0) => Err("positions count from 1"),
        Ok(position) => Ok(position),
        Err(_) => Err("not a number"),
    };
    let Some((first, last)) = text.split_once('-') else {
        let only = position(text)?;
        return Ok((only, only));
    };
    let (first, last) = (first.trim(), last.trim());
    match (first.is_empty(), last.is_empty()) {
        (true, true) => Err("neither first nor last is given"),
        (true, false) => Ok((1, position(last)?)),
        (false, true) => Ok((position(first)?, u64::MAX)),
        (false, false) => {
            let (first, last) = (position(first)?, position(last)?);
            if first <= last {
                Ok((first, last))
            } else {
                Err("the first comes after the last")
            }
        }
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, &(first, last)) in self.ranges.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match last {
                last if last == first => write!(f, "{first}")?,
                u64::MAX => write!(f, "{first}-")?,
                last => write!(f, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_positions_and_ranges() {
        let cases = [
            ("8", "8", vec![8], vec![7, 9], Some(8)),
            ("1-5,8", "1-5,8", vec![1, 5, 8], vec![6, 7, 9], Some(8)),
            ("-3", "1-3", vec![1, 3], vec![4], Some(3)),
            ("8-", "8-", vec![8, u64::MAX], vec![7], None),
            ("1-5,8,-3", "1-5,8", vec![2, 8], vec![6], Some(8)),
            ("4, 2 - 3 ,1", "1-4", vec![1, 4], vec![5], Some(4)),
            ("8-,2", "2,8-", vec![2, 9], vec![3], None),
        ];
        for (text, shown, wanted, unwanted, end) in cases {
            let ranges: Ranges = text.parse().unwrap();
            assert_eq!(ranges.to_string(), shown, "{text}");
            assert_eq!(ranges.ends_at(), end, "{text}");
            assert!(wanted.iter().all(|&n| ranges.contains(n)), "{text}");
            assert!(!unwanted.iter().any(|&n| ranges.contains(n)), "{text}");
        }
    }

    #[test]
    fn invalid_ranges_are_refused_with_an_example() {
        for text in [
            "", "-", "0", "1-0", "5-3", "a", "1,,2", "1-2-3", "1.5", "+1-",
        ] {
            let Err(error) = text.parse::<Ranges>() else {
                // The standard library reads `+1` as 1, which does no harm.
                assert_eq!(text, "+1-");
                continue;
            };
            assert_eq!(error.kind, Kind::Config, "{text}");
            assert!(error.hint.unwrap().contains("1-5,8"), "{text}");
        }
    }
}
