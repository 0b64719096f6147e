//! URL parsing and the form encoding, on the `url` crate (the WHATWG URL Standard).
use rquickjs::function::Func;
use rquickjs::{Ctx, Object, Result};
use url::{Url, form_urlencoded, quirks};

pub fn natives(_: &Ctx<'_>, natives: &Object<'_>) -> Result<()> {
    natives.set("parseUrl", Func::from(parse))?;
    natives.set("setUrl", Func::from(set))?;
    natives.set("parseForm", Func::from(parse_form))?;
    natives.set("serializeForm", Func::from(serialize_form))
}

/// The parts in the order that url.js reads them: href, protocol, username, password, host, hostname, port, pathname,
/// search, hash, origin. Null when the text is no URL.
fn parse(text: String, base: Option<String>) -> Option<Vec<String>> {
    let base = match base {
        Some(base) => Some(Url::parse(&base).ok()?),
        None => None,
    };
    Url::options().base_url(base.as_ref()).parse(&text).ok().map(|url| parts(&url))
}

fn parts(url: &Url) -> Vec<String> {
    let parts = [
        quirks::href(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    parts.into_iter().map(str::to_owned).chain([quirks::origin(url)]).collect()
}

/// Sets one part as the attribute's setter does; what the setter refuses leaves the URL as it was.
fn set(href: String, part: String, value: String) -> Option<Vec<String>> {
    let mut url = Url::parse(&href).ok()?;
    let _refused_silently = match part.as_str() {
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
        _ => Err(()),
    };
    Some(parts(&url))
}

/// Names and values in turn.
fn parse_form(text: String) -> Vec<String> {
    form_urlencoded::parse(text.as_bytes()).flat_map(|(name, value)| [name.into_owned(), value.into_owned()]).collect()
}

fn serialize_form(flat: Vec<String>) -> String {
    let pairs = flat.chunks_exact(2).map(|pair| (&pair[0], &pair[1]));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
