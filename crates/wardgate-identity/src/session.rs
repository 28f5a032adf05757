//! Sessions of browsers: the cookies that carry them, and how much a proof is worth.

/// The cookie that carries the token of a session.
pub const SESSION_COOKIE: &str = "__Host-wardgate";
/// The cookie by which a device is known again. It signs nobody in.
pub const DEVICE_COOKIE: &str = "__Host-wardgate-device";

/// What somebody proved about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A password, or a code, and nothing else.
    OneFactor,
    /// A password and a one-time code or recovery code.
    TwoFactors,
    /// A passkey whose authenticator verified its owner.
    Passkey,
}

impl Proof {
    /// The level of multi-factor authentication: 1 one factor, 2 two factors, 3
    /// phishing-resistant.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::OneFactor => 1,
            Self::TwoFactors => 2,
            Self::Passkey => 3,
        }
    }

    /// Whether it is enough to sign in. A password alone never is.
    #[must_use]
    pub const fn signs_in(self) -> bool {
        self.level() >= 2
    }
}

/// The header that sets a cookie: for this host alone, over TLS alone, out of reach of scripts,
/// and not sent along by what other sites post. Without an age it ends with the browser.
#[must_use]
pub fn set_cookie(name: &str, token: &str, age_s: Option<u64>) -> String {
    let age = age_s.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    format!("{name}={token}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")
}

/// The header that takes a cookie away.
#[must_use]
pub fn clear_cookie(name: &str) -> String {
    set_cookie(name, "", Some(0))
}

/// The value of a cookie among the `Cookie` headers of a request. None when there is none, or
/// more than one: then somebody else may have set the other.
#[must_use]
pub fn read_cookie<'a>(headers: impl IntoIterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let mut values = headers
        .into_iter()
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(named, _)| *named == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    let token = (1..=TOKEN_BYTES_MAX).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (values.next().is_none() && token).then_some(value)
}

const TOKEN_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_two_factors_sign_in() {
        assert!(!Proof::OneFactor.signs_in());
        assert!(Proof::TwoFactors.signs_in());
        assert_eq!(Proof::Passkey.level(), 3);
    }

    #[test]
    fn a_cookie_is_found_among_others_and_two_are_none() {
        let read = |headers: &[&'static str]| read_cookie(headers.iter().copied(), SESSION_COOKIE);
        assert_eq!(read(&["a=b; __Host-wardgate=Abc1; c=d"]), Some("Abc1"));
        assert_eq!(read(&["__Host-wardgate-device=x"]), None);
        assert_eq!(read(&["__Host-wardgate=a; __Host-wardgate=b"]), None);
        assert_eq!(read(&["__Host-wardgate=a", "__Host-wardgate=a"]), None);
        assert_eq!(read(&["__Host-wardgate="]), None);
        assert_eq!(read(&["__Host-wardgate=a/b"]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn a_cookie_is_bound_to_its_host() {
        assert_eq!(
            set_cookie(SESSION_COOKIE, "t", None),
            "__Host-wardgate=t; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert!(clear_cookie(SESSION_COOKIE).ends_with("Max-Age=0"));
    }

    proptest! {
        #[test]
        fn no_header_makes_the_reader_panic(header in "\\PC{0,80}") {
            let _ = read_cookie([header.as_str()], SESSION_COOKIE);
        }
    }
}
