//! Finds the known name that was most likely meant by an unknown one.

/// Returns the known name that was most likely meant, if one is similar enough.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
        .or_else(|| begins_alike(name, known))
}

/// Returns a known name that begins the same and ends differently: `retries` for `retry`.
fn begins_alike<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    /// With fewer common letters, the similarity is chance.
    const MIN_COMMON: usize = 4;
    let same = |known: &str| {
        let both = name.chars().zip(known.chars());
        both.take_while(|(one, other)| one == other).count()
    };
    let nearest = known.iter().max_by_key(|known| same(known))?;
    let least = MIN_COMMON.max(name.chars().count().saturating_sub(1));
    (same(nearest) >= least).then_some(*nearest)
}
