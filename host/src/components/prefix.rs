//! Prefixes of keys in the database: the component's own space, then Dapr's `keyPrefix`.

/// The space of a component. The default component's is empty, as it was before there were others; its keys cannot begin
/// like theirs, because a key has no `||`.
fn space(name: &str, default: &str) -> String {
    if name == default { String::new() } else { format!("||{name}||") }
}

/// Dapr's names of prefixes: `appid`, `name`, `namespace`, `none`, or the prefix itself.
fn strategy(said: Option<&str>, name: &str, app_id: &str, namespace: Option<&str>) -> Result<String, String> {
    let said = said.unwrap_or_default().to_lowercase();
    if said.contains("||") {
        return Err(format!("keyPrefix is {said:?}, but may not contain \"||\""));
    }
    Ok(match said.as_str() {
        "" | "appid" => format!("{app_id}||"),
        "name" => format!("{name}||"),
        "namespace" => namespace.map_or_else(|| format!("{app_id}||"), |namespace| format!("{namespace}.{app_id}||")),
        "none" => String::new(),
        literal => format!("{literal}||"),
    })
}

/// What a prefix depends on.
pub struct Owner<'a> {
    /// The component.
    pub name: &'a str,
    /// The name of its block's default.
    pub default: &'a str,
    /// This host.
    pub app_id: &'a str,
    /// This host's namespace, if it is set.
    pub namespace: Option<&'a str>,
}

impl Owner<'_> {
    /// The prefix of state.
    pub fn of_state(&self, said: Option<&str>) -> Result<String, String> {
        let prefix = strategy(said, self.name, self.app_id, self.namespace)?;
        Ok(format!("{}{prefix}", space(self.name, self.default)))
    }

    /// The prefix of locks, which have no namespaces.
    pub fn of_locks(&self, said: Option<&str>) -> Result<String, String> {
        let prefix = match said {
            Some(said) if said.eq_ignore_ascii_case("namespace") => "namespace||".to_owned(),
            said => strategy(said, self.name, self.app_id, None)?,
        };
        Ok(format!("{}lock||{prefix}", space(self.name, self.default)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_begin_as_daprs_do_in_the_space_of_their_store() {
        let begin = |name: &str, said: Option<&str>, namespace: Option<&str>| {
            Owner { name, default: "statestore", app_id: "app", namespace }.of_state(said)
        };
        let own = |text: &str| Ok(text.to_owned());
        assert_eq!(begin("statestore", None, None), own("app||"));
        assert_eq!(begin("statestore", Some("none"), None), own(""));
        assert_eq!(begin("orders", None, None), own("||orders||app||"));
        assert_eq!(begin("orders", Some("Name"), None), own("||orders||orders||"));
        assert_eq!(begin("orders", Some("namespace"), Some("prod")), own("||orders||prod.app||"));
        assert_eq!(begin("orders", Some("namespace"), None), own("||orders||app||"));
        assert_eq!(begin("orders", Some("SHOP"), None), own("||orders||shop||"));
        assert!(begin("orders", Some("a||b"), None).is_err_and(|e| e.contains("a||b")));
        let locks = Owner { name: "lockstore", default: "lockstore", app_id: "app", namespace: Some("prod") };
        assert_eq!(locks.of_locks(None), own("lock||app||"));
        assert_eq!(locks.of_locks(Some("namespace")), own("lock||namespace||"));
    }
}
