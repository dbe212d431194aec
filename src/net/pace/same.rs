//! Whether a host refuses whatever comes too soon, or always the same.

/// What became of what was refused without a word of how long to wait, when it was asked for again.
#[derive(Debug, Default)]
pub(super) struct Same {
    let_in: u32,
    refused: u32,
}

/// So many say something.
const ENOUGH: u32 = 4;
/// For each that is let in, so many more have to be refused. A host that minds how it is asked lets in most of them.
const FOR_EACH: u32 = 4;

impl Same {
    /// It was let in.
    pub(super) fn let_in(&mut self) {
        self.let_in = self.let_in.saturating_add(1);
    }

    /// It was refused once more, though others were let in meanwhile.
    pub(super) fn refused(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// Whether it is always the same that are refused, so that it says nothing of how the host is asked.
    pub(super) fn is_it(&self) -> bool {
        self.refused >= self.let_in.saturating_mul(FOR_EACH).saturating_add(ENOUGH)
    }
}
