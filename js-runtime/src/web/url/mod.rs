//! URL parsing and the form encoding, on the `url` crate (the WHATWG URL Standard).
use rquickjs::function::Func;
use rquickjs::{Array, Ctx, Object, Result};
use url::{Url, form_urlencoded, quirks};

pub fn natives(natives: &Object<'_>) -> Result<()> {
    natives.set("parseUrl", Func::from(parse))?;
    natives.set("setUrl", Func::from(set))?;
    natives.set("urlOrigin", Func::from(origin))?;
    natives.set("parseForm", Func::from(parse_form))?;
    natives.set("serializeForm", Func::from(serialize_form))
}

/// The URL as url.ts reads it: its text, then where each part begins and ends there, in the order of the parts there. Null when
/// the text is no URL.
fn parse<'js>(ctx: Ctx<'js>, text: String, base: Option<String>) -> Result<Option<Array<'js>>> {
    let base = match base.map(|base| Url::parse(&base)) {
        Some(Ok(base)) => Some(base),
        Some(Err(_)) => return Ok(None),
        None => None,
    };
    let parsed = Url::options().base_url(base.as_ref()).parse(&text);
    parsed.ok().map(|url| parts(&ctx, &url)).transpose()
}

fn parts<'js>(ctx: &Ctx<'js>, url: &Url) -> Result<Array<'js>> {
    let href = quirks::href(url);
    let array = Array::new(ctx.clone())?;
    array.set(0, href)?;
    let parts = [
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
    for (index, part) in parts.into_iter().enumerate() {
        // A part is a piece of the text, or empty and perhaps from elsewhere.
        let start = if part.is_empty() { 0 } else { part.as_ptr().addr() - href.as_ptr().addr() };
        array.set(2 * index + 1, start as i32)?;
        array.set(2 * index + 2, (start + part.len()) as i32)?;
    }
    Ok(array)
}

fn origin(href: String) -> Option<String> {
    Url::parse(&href).ok().map(|url| quirks::origin(&url))
}

/// Sets one part as the attribute's setter does; what the setter refuses leaves the URL as it was.
fn set<'js>(ctx: Ctx<'js>, href: String, part: String, value: String) -> Result<Option<Array<'js>>> {
    let Ok(mut url) = Url::parse(&href) else { return Ok(None) };
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
    parts(&ctx, &url).map(Some)
}

/// Names and values in turn.
fn parse_form(text: String) -> Vec<String> {
    form_urlencoded::parse(text.as_bytes()).flat_map(|(name, value)| [name.into_owned(), value.into_owned()]).collect()
}

fn serialize_form(flat: Vec<String>) -> String {
    let pairs = flat.chunks_exact(2).map(|pair| (&pair[0], &pair[1]));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
