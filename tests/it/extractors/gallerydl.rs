//! gallery-dl, or what is called so.
