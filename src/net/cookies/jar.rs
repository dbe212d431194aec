//! The cookies of a run.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use cookie_store::{CookieDomain, CookieStore, RawCookie, StoreAction};
use http::HeaderValue;
use url::Url;

use super::cookie::{Cookie, Key};
use super::{browser, netscape};
use crate::model::{Error, Kind, Result};
use crate::net::Settings;

/// Provides the cookies for requests, and stores those that servers set.
#[derive(Default)]
pub(crate) struct Jar {
    store: RwLock<CookieStore>,
    /// The domains for which the user has a domain-wide cookie. Servers set cookies for these or for their own host
    /// only: without a list of all public suffixes, `example.org` and `co.uk` look alike.
    domains: RwLock<HashSet<String>>,
    /// The browser's cookies, by host, until that host is requested: nothing else of them is ever used.
    browser: Option<Mutex<HashMap<String, Vec<Cookie>>>>,
    /// The cookie file, if all its cookies have expired.
    expired_file: Option<PathBuf>,
    /// The file to save to, and the cookies that servers have set or removed since it was read.
    saves: Option<(PathBuf, Mutex<BTreeSet<Key>>)>,
}

impl fmt::Debug for Jar {
    /// Prints no cookies: they let whoever has them log in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jar")
    }
}

impl Jar {
    /// Opens the jar that the settings ask for, if any.
    ///
    /// # Errors
    /// [`Kind::Config`] for a file, browser or profile that cannot be read.
    pub(crate) fn open(settings: &Settings) -> Result<Option<Jar>> {
        let mut jar = Jar::default();
        if settings.cookies_save {
            let file = settings.cookies.clone().ok_or_else(|| {
                Error::new(Kind::Config, "there is no file to save cookies to")
                    .hint("name it with `-C FILE`; it is created if need be")
            })?;
            if !file.exists() {
                // Created right away, so that no server can supply a file of this name.
                netscape::write(&file, Vec::new())?;
            }
            jar.saves = Some((file, Mutex::default()));
        }
        if let Some(file) = &settings.cookies {
            let mut store = CookieStore::new();
            let is_over = netscape::read(file, &mut store)?;
            jar.expired_file = is_over.then(|| file.clone());
            jar.domains = RwLock::new(store.iter_any().filter_map(domain).collect());
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

    /// Returns the cookie file if all its cookies had expired when it was read.
    pub(crate) fn expired_file(&self) -> Option<&Path> {
        self.expired_file.as_deref()
    }

    /// Saves what servers changed to the file, if that was requested. Everything else in the file stays as it is,
    /// including what another process wrote there during the run; if two processes save at the same moment, one change
    /// may be lost. A browser's cookies are not saved, unless a server set them anew.
    ///
    /// # Errors
    /// [`Kind::Disk`]; the file is then unchanged.
    pub(crate) fn save(&self) -> Result<()> {
        let Some((file, touched)) = &self.saves else {
            return Ok(());
        };
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
        let now = |key: &Key| {
            let cookie = store.get(&key.0, &key.1, &key.2).and_then(Cookie::of);
            (key.clone(), cookie.filter(Cookie::is_writable))
        };
        let changes: Vec<_> = touched.iter().map(now).collect();
        match changes.is_empty() {
            true => Ok(()),
            false => netscape::write(file, changes),
        }
    }

    /// Returns the cookies for another program that requests these URLs, as the text of a `cookies.txt`: those of the
    /// file, of servers, and of the browser that belong to the hosts of the URLs or to parent domains.
    pub(crate) fn text(&self, urls: &[&Url]) -> String {
        urls.iter().for_each(|url| self.ask_browser(url));
        let is_theirs = |cookie: &Cookie| {
            urls.iter().any(|url| {
                let rest = url
                    .host_str()
                    .and_then(|host| host.strip_suffix(&*cookie.host));
                rest.is_some_and(|rest| {
                    rest.is_empty() || rest.ends_with('.') && url.domain().is_some()
                })
            })
        };
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        netscape::text(
            store
                .iter_unexpired()
                .filter_map(Cookie::of)
                .filter(is_theirs),
        )
    }

    /// Takes over the browser's cookies for this host and its parent domains.
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
                // Those of the file, and those that servers have set since, take precedence.
                if cookie.domain_wide {
                    let mut domains = self.domains.write().unwrap_or_else(PoisonError::into_inner);
                    domains.insert(cookie.host.clone());
                }
                if !store.contains(&cookie.host, &cookie.path, &cookie.name) {
                    cookie.put(&mut store);
                }
            }
        }
    }

    /// Stores the cookies set by the response of this URL, and tells whether that changes what is sent.
    pub(crate) fn set_cookies<'a>(
        &self,
        headers: impl IntoIterator<Item = &'a HeaderValue>,
        url: &Url,
    ) -> bool {
        let mut headers = headers.into_iter().peekable();
        if headers.peek().is_none() {
            return false;
        }
        let mut has_changed = false;
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        for header in headers {
            let text = std::str::from_utf8(header.as_bytes()).unwrap_or("");
            let Ok(raw) = RawCookie::parse(text.to_owned()) else {
                continue;
            };
            let Ok(mut cookie) = cookie_store::Cookie::try_from_raw_cookie(&raw, url) else {
                continue;
            };
            if !may_be_set(&cookie, url, &store) {
                continue;
            }
            let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
            if domain(&cookie).is_some_and(|domain| !domains.contains(&domain)) {
                cookie.domain = CookieDomain::HostOnly(url.host_str().unwrap_or("").to_owned());
            }
            let new = Cookie::of(&cookie);
            let key = new.as_ref().map(Cookie::key);
            let old = key
                .as_ref()
                .and_then(|key| store.get(&key.0, &key.1, &key.2));
            let is_same = old
                .and_then(Cookie::of)
                .is_some_and(|old| new.is_some_and(|new| new.value == old.value));
            let Ok(action) = store.insert(cookie, url) else {
                continue;
            };
            has_changed |= !is_same || action == StoreAction::ExpiredExisting;
            if let (Some((_, touched)), Some(key)) = (&self.saves, key) {
                let mut touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
                touched.insert(key);
            }
        }
        has_changed
    }

    /// Returns the value of `Cookie` for a request to this URL, if there is a cookie for it.
    pub(crate) fn cookies(&self, url: &Url) -> Option<HeaderValue> {
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

/// Checks whether a response of this URL may set a cookie: over an unencrypted connection, nobody may set a cookie
/// meant for encrypted ones, or replace one (RFC 6265bis §5.7).
fn may_be_set(cookie: &cookie_store::Cookie<'_>, url: &Url, store: &CookieStore) -> bool {
    let is_secure = cookie.secure() == Some(true);
    // Names with these prefixes promise what set the cookie (RFC 6265bis §4.1.3), in any case of letters.
    let promises = |prefix: &str| {
        let start = cookie.name().get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let is_for_all_of_host =
        || matches!(cookie.domain, CookieDomain::HostOnly(_)) && cookie.path.as_ref() == "/";
    if promises("__Secure-") && !is_secure
        || promises("__Host-") && !(is_secure && is_for_all_of_host())
    {
        return false;
    }
    if url.scheme() == "https" {
        return true;
    }
    let meets = |other: &cookie_store::Cookie<'_>| {
        other.name() == cookie.name()
            && other.secure() == Some(true)
            && other.domain.matches(url)
            && cookie.path.as_ref().starts_with(&*other.path)
    };
    !is_secure && !store.iter_unexpired().any(meets)
}

/// Returns the domain of a domain-wide cookie.
fn domain(cookie: &cookie_store::Cookie<'_>) -> Option<String> {
    match &cookie.domain {
        CookieDomain::Suffix(domain) => Some(domain.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn cookie(host: &str, domain_wide: bool, name: &str) -> Cookie {
        Cookie {
            host: host.into(),
            domain_wide,
            path: "/".into(),
            secure: true,
            http_only: false,
            expires: None,
            name: name.into(),
            value: "1".into(),
        }
    }

    #[test]
    fn browser_cookies_are_used_for_requested_hosts_only() {
        let hosts = [
            ("example.org", true),
            ("sub.example.org", false),
            ("bank.org", true),
        ];
        let cookies = hosts
            .map(|(host, domain_wide)| (host.to_owned(), vec![cookie(host, domain_wide, host)]));
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
    fn plain_http_cannot_set_secure_cookies() {
        let jar = Jar::default();
        let set = |scheme: &str, text: &str| {
            let header = HeaderValue::try_from(text).unwrap();
            jar.set_cookies(&[header], &url(&format!("{scheme}://a.org/x/y")));
        };
        let sent = || {
            let value = jar.cookies(&url("https://a.org/x/y"));
            value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
        };
        for text in [
            "__Host-a=1; Path=/",
            "__host-b=1; Secure; Path=/x",
            "__Secure-a=1",
            "__SECURE-b=1",
            "other=1",
        ] {
            set("https", text);
        }
        assert_eq!(sent(), "other=1");
        set("https", "session=1; Secure; Path=/");
        set("https", "__Host-c=1; Secure; Path=/");
        assert!(sent().contains("__Host-c=1"));
        let before = sent();
        for text in [
            "session=2; Path=/",
            "session=2; Path=/x",
            "b=2; Secure",
            "__Secure-b=2",
        ] {
            set("http", text);
        }
        set("http", "session=; Path=/; Max-Age=0");
        assert_eq!(sent(), before);
        set("http", "other=2");
        assert!(sent().contains("other=2"));
    }

    #[test]
    fn a_server_sets_cookies_for_its_own_host_only() {
        let jar = Jar::default();
        let set = |domain: &str, name: &str| {
            let header = HeaderValue::try_from(format!("{name}=2; Path=/; Domain={domain}"));
            let url = url("https://a.example.co.uk/");
            jar.set_cookies(&[header.unwrap()], &url);
        };
        let sent = |host: &str| {
            let value = jar.cookies(&url(&format!("https://{host}/")));
            let value = value.as_ref().map_or("", |value| value.to_str().unwrap());
            let mut cookies: Vec<_> = value.split("; ").collect();
            cookies.sort_unstable();
            cookies.join(" ")
        };
        for domain in ["uk", "co.uk", ".co.uk", "example.co.uk", "a.example.co.uk"] {
            set(domain, &domain.replace('.', "-"));
        }
        set("other.uk", "other");
        for host in ["b.co.uk", "example.co.uk", "b.a.example.co.uk", "other.uk"] {
            assert_eq!(sent(host), "", "{host}");
        }
        let own = "-co-uk=2 a-example-co-uk=2 co-uk=2 example-co-uk=2 uk=2";
        assert_eq!(sent("a.example.co.uk"), own);
        // Where the user has a cookie for a domain, servers may replace it, and set others for that domain.
        let mut store = jar.store.write().unwrap();
        cookie("example.co.uk", true, "mine").put(&mut store);
        drop(store);
        jar.domains.write().unwrap().insert("example.co.uk".into());
        set("example.co.uk", "mine");
        set("co.uk", "wide");
        assert_eq!(sent("b.example.co.uk"), "mine=2");
        assert_eq!(sent("b.co.uk"), "");
    }

    #[test]
    fn domains_in_the_users_cookie_sources_count_as_the_users() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cookies.txt");
        let lines = [
            ".file.org\tTRUE\t/\tFALSE\t0\ta\t1",
            "host.org\tFALSE\t/\tFALSE\t0\ta\t1",
        ];
        std::fs::write(&file, lines.join("\n")).unwrap();
        let settings = Settings {
            cookies: Some(file),
            ..Settings::default()
        };
        let mut jar = Jar::open(&settings).unwrap().unwrap();
        let cookies = vec![cookie("browser.org", true, "a")];
        jar.browser = Some(Mutex::new([("browser.org".to_owned(), cookies)].into()));
        jar.cookies(&url("https://sub.browser.org/"));
        let domains = jar.domains.into_inner().unwrap();
        let mut domains: Vec<_> = domains.into_iter().collect();
        domains.sort_unstable();
        assert_eq!(domains, ["browser.org", "file.org"]);
    }
}
