//! The cookies of a run.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock};

use cookie_store::{CookieDomain, CookieStore, RawCookie};
use http::HeaderValue;
use url::Url;

use super::cookie::{Cookie, Key};
use super::{browser, netscape};
use crate::model::{Error, Kind, Result};
use crate::net::Settings;

/// Gives requests their cookies, and keeps those that servers set.
#[derive(Default)]
pub(crate) struct Jar {
    store: RwLock<CookieStore>,
    /// What a browser has, by host, until that host is asked: nothing else of it is ever used.
    browser: Option<Mutex<HashMap<String, Vec<Cookie>>>>,
    /// The file that is written back, and which cookies servers have set or removed since it was read.
    saves: Option<(PathBuf, Mutex<BTreeSet<Key>>)>,
}

impl Jar {
    /// The jar that the settings ask for, if they do.
    ///
    /// # Errors
    /// [`Kind::Config`] for a file, browser or profile that cannot be read.
    pub(crate) fn open(settings: &Settings) -> Result<Option<Jar>> {
        let mut jar = Jar::default();
        if settings.cookies_save {
            let file = settings.cookies.clone().ok_or_else(|| {
                Error::new(Kind::Config, "there is no file to save cookies to")
                    .hint("name it with `-C FILE`; it is made if need be")
            })?;
            jar.saves = Some((file, Mutex::default()));
        }
        if let Some(file) = &settings.cookies {
            let mut store = CookieStore::new();
            let may_be_missing = settings.cookies_save && !file.exists();
            if !may_be_missing {
                netscape::read(file, &mut store)?;
            }
            jar.store = RwLock::new(store);
        }
        if let Some(name) = &settings.cookies_from {
            let mut by_host: HashMap<String, Vec<Cookie>> = HashMap::new();
            for cookie in browser::read(name)? {
                by_host.entry(cookie.host.clone()).or_default().push(cookie);
            }
            jar.browser = Some(Mutex::new(by_host));
        }
        let is_wanted = settings.cookies.is_some() || settings.cookies_from.is_some();
        Ok(is_wanted.then_some(jar))
    }

    /// Writes what servers changed to the file, if that was asked for. What else is in the file stays as it is, also what
    /// another process wrote there meanwhile. Cookies of a browser are not written, unless a server set them anew.
    ///
    /// # Errors
    /// [`Kind::Disk`]; then the file is as it was.
    pub(crate) fn save(&self) -> Result<()> {
        let Some((file, touched)) = &self.saves else {
            return Ok(());
        };
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
        let now = |key: &Key| {
            let cookie = store.get(&key.0, &key.1, &key.2).and_then(Cookie::of);
            (key.clone(), cookie.filter(Cookie::is_plain))
        };
        let changes: Vec<_> = touched.iter().map(now).collect();
        match changes.is_empty() {
            true => Ok(()),
            false => netscape::write(file, changes),
        }
    }

    /// Takes over what the browser has for this host and those above it.
    fn ask_browser(&self, url: &Url) {
        let (Some(browser), Some(host)) = (&self.browser, url.host_str()) else {
            return;
        };
        let mut browser = browser.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        let mut part = Some(host);
        while let Some(host) = part {
            found.extend(browser.remove(host).into_iter().flatten());
            part = host.split_once('.').map(|(_, above)| above);
        }
        if !found.is_empty() {
            let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
            for cookie in found {
                // Those of the file, and those that servers have set since, come first.
                if !store.contains(&cookie.host, &cookie.path, &cookie.name) {
                    cookie.put(&mut store);
                }
            }
        }
    }
}

impl reqwest::cookie::CookieStore for Jar {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        for header in headers {
            let text = std::str::from_utf8(header.as_bytes()).unwrap_or("");
            let Ok(raw) = RawCookie::parse(text.to_owned()) else {
                continue;
            };
            let Ok(cookie) = cookie_store::Cookie::try_from_raw_cookie(&raw, url) else {
                continue;
            };
            // For all of `org`: nobody may set that.
            if let CookieDomain::Suffix(domain) = &cookie.domain
                && !domain.contains('.')
                && url.host_str() != Some(domain)
            {
                continue;
            }
            let key = Cookie::of(&cookie).map(|cookie| cookie.key());
            if store.insert(cookie, url).is_ok()
                && let (Some((_, touched)), Some(key)) = (&self.saves, key)
            {
                let mut touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
                touched.insert(key);
            }
        }
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        self.ask_browser(url);
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (name, value) in store.get_request_values(url) {
            let between = if text.is_empty() { "" } else { "; " };
            text.extend([between, name, "=", value]);
        }
        let mut value = HeaderValue::try_from(text).ok().filter(|v| !v.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::cookie::CookieStore as _;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn cookie(host: &str, wide: bool, name: &str) -> Cookie {
        Cookie {
            host: host.into(),
            wide,
            path: "/".into(),
            secure: true,
            http_only: false,
            expires: None,
            name: name.into(),
            value: "1".into(),
        }
    }

    #[test]
    fn a_browser_s_cookies_are_taken_for_hosts_that_are_asked_alone() {
        let hosts = [
            ("example.org", true),
            ("sub.example.org", false),
            ("bank.org", true),
        ];
        let cookies = hosts.map(|(host, wide)| (host.to_owned(), vec![cookie(host, wide, host)]));
        let jar = Jar {
            browser: Some(Mutex::new(cookies.into())),
            ..Jar::default()
        };
        let sent = jar.cookies(&url("https://sub.example.org/x")).unwrap();
        let mut sent: Vec<_> = sent.to_str().unwrap().split("; ").collect();
        sent.sort_unstable();
        assert_eq!(sent, ["example.org=1", "sub.example.org=1"]);
        assert_eq!(jar.store.read().unwrap().iter_any().count(), 2);
        let left = jar.browser.unwrap().into_inner().unwrap();
        assert_eq!(left.into_keys().collect::<Vec<_>>(), ["bank.org"]);
    }

    #[test]
    fn a_server_sets_no_cookie_for_a_whole_country() {
        let jar = Jar::default();
        let set = |domain: &str| {
            let header = HeaderValue::try_from(format!("a=1; Domain={domain}")).unwrap();
            jar.set_cookies(&mut [&header].into_iter(), &url("https://a.example.org/"));
        };
        set("org");
        assert_eq!(jar.cookies(&url("https://other.org/")), None);
        set("example.org");
        assert!(jar.cookies(&url("https://b.example.org/")).is_some());
    }
}
