//! Network access: client, redirects, retries, concurrency control per host, secrets.
//!
//! This module knows no sites, no items, and no saved files, and gets its settings as values. What belongs to the
//! machine it looks up itself: the proxies that the environment and the system name, the system's certificate
//! authorities and, where the settings ask for them, the user's netrc and browser profiles.

mod answer;
mod certificate;
mod client;
mod coding;
mod cookies;
mod date;
mod failure;
mod fault;
mod floor;
mod framing;
mod headers;
mod http1;
mod json;
mod netrc;
mod opened;
mod pace;
mod part;
mod pin;
mod pools;
mod private;
mod proxies;
mod rate;
mod redirect;
mod resolver;
mod response;
mod retry;
mod reuse;
mod secret;
mod settings;
mod text;
mod trust;

pub use answer::Answer;
pub use client::Client;
pub(crate) use client::{Constraints, Gate, ReadRetryAfter};
pub(crate) use coding::{Coding, coding, is_compressed, shorten_name};
pub(crate) use cookies::Jar;
pub use date::read_date;
pub(crate) use failure::too_long;
use fault::{Fault, Stage};
pub(crate) use floor::{SpeedWatch, TooSlow};
pub(crate) use headers::{header_map, login_in_url};
pub use json::read_json;
pub use netrc::Netrc;
pub use opened::Opened;
pub use pace::{Cap, Limits, Pace, Permit, Refusal};
pub(crate) use part::{
    full_range_length, is_partial, parse_content_range, parse_unsatisfied_range, unrequested_part,
};
pub(crate) use pin::Pin;
pub use private::{NamedBy, Private};
pub(crate) use proxies::KINDS as PROXIES;
pub use rate::Rate;
pub use response::Response;
pub(crate) use retry::kind_of;
pub use retry::{Backoff, Budget, is_retryable, retry_after};
pub(crate) use retry::{is_busy, is_retryable_after_wait};
pub(crate) use secret::names_secret;
pub use secret::{Redacted, Secret};
pub use settings::{Override, Settings};
pub(crate) use text::decode_named;
pub use text::read_text;
