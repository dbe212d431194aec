//! Which items of a listing are wanted.

/// Positions such as `1-5,8,-3`.
#[derive(Clone, Debug)]
pub struct Ranges;

/// An expression over the fields of an item.
#[derive(Clone, Debug)]
pub struct Filter;
