//! Where the file is, if a run found only one and that was already downloaded: the user wants to know.

use super::Summary;
use super::text::clean;
use crate::model::{Event, Outcome, Skip};

/// The path of the last file that was already downloaded.
#[derive(Debug, Default)]
pub(super) struct PresentFile(Option<String>);

impl PresentFile {
    /// Records a file that was already downloaded.
    pub(super) fn note(&mut self, event: &Event) {
        if let Event::Ended { outcome, .. } = event
            && let Outcome::Skipped {
                reason: Skip::Present,
                path,
                warning: None,
            } = outcome
        {
            self.0 = Some(path.clone());
        }
    }

    /// The line for it, with its line end, if it was the only item; else nothing.
    pub(super) fn line(&self, summary: &Summary) -> String {
        let path = self.0.as_ref().filter(|_| summary.found == 1);
        path.map_or(String::new(), |path| format!("had `{}`\n", clean(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::{ended, found, saved, skipped};
    use super::*;

    #[test]
    fn one_file_that_is_there_is_named_and_many_are_not() {
        let one = "had `imgur/album/01 Title 1.jpg`\n";
        let table = [
            (vec![skipped(Skip::Present)], one),
            (vec![skipped(Skip::Present); 2], ""),
            (vec![skipped(Skip::Gone)], ""),
            (vec![saved(1)], ""),
        ];
        for (outcomes, expected) in table {
            let (mut file, mut summary) = (PresentFile::default(), Summary::default());
            for (id, outcome) in (1..).zip(outcomes) {
                for event in [found(id), ended(id, outcome)] {
                    file.note(&event);
                    summary.take(&event);
                }
            }
            assert_eq!(file.line(&summary), expected);
        }
    }
}
