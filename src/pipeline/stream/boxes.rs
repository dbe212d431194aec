//! MP4 boxes (ISO/IEC 14496-12), as far as they are in memory.

/// The maximum number of boxes examined.
pub(super) const MOST: usize = 10_000;

/// The name of a box, and its contents.
pub(super) type Named<'a> = (&'a [u8; 4], &'a [u8]);

/// Returns consecutive boxes, as far as they are complete.
pub(super) fn boxes<'a>(bytes: &'a [u8], budget: &mut usize) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let len = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let name = rest[4..8].first_chunk::<4>();
        let Some((name, body)) = name.zip(len.checked_sub(8).and_then(|len| body.get(..len)))
        else {
            break;
        };
        if *budget == 0 {
            break;
        }
        *budget -= 1;
        found.push((name, body));
        rest = &rest[len..];
    }
    found
}

/// Returns the boxes of this name.
pub(super) fn named<'a>(bytes: &'a [u8], name: &[u8; 4], budget: &mut usize) -> Vec<Named<'a>> {
    let all = boxes(bytes, budget).into_iter();
    all.filter(|(known, _)| *known == name).collect()
}

/// Returns the 32-bit number at this position.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*four))
}
