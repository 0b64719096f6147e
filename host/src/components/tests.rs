//! Each folder of `cases` is read as `--resources-path`; what comes of it stands in its file `expected`: the components, or the fault.
#![allow(clippy::unwrap_used)]
use super::{Components, Sources};
use crate::config::{Resources, Secrets};
use std::collections::BTreeMap;
use std::path::Path;

/// Cases run in the package's folder, which is where relative paths in them begin.
const CASES: &str = "src/components/cases";

fn describe(folder: &Path) -> String {
    let environment = [("NAMESPACE", "here"), ("TIMEOUT", "1500ms"), ("A_KEY", "a")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let opened = Components::open(&Sources {
        types: crate::blocks::COMPONENTS,
        app_id: "daplet",
        resources: Some(&Resources { folder: folder.to_owned(), environment }),
        secrets: Secrets::default(),
        keys_dir: Path::new("/own-keys"),
        bindings: BTreeMap::new(),
    });
    let components = match opened {
        Err(fault) => return format!("{fault}\n").replace(&format!("{}/", folder.display()), ""),
        Ok(components) => components,
    };
    let mut text = String::new();
    for component in &components.listed {
        let (name, kind, version) = (&component.name, &component.kind, &component.version);
        text += &format!("{name}: {kind} {version} {:?}\n", component.capabilities);
        let spaces = [components.stores.get(name), components.locks.get(name)];
        spaces.iter().flatten().for_each(|space| text += &format!("  keys begin with {space:?}\n"));
        let secrets = components.secrets.get(name).map(|secrets| secrets.names().collect::<Vec<_>>().join(", "));
        secrets.iter().for_each(|secrets| text += &format!("  secrets: {secrets}\n"));
        components.keys.get(name).iter().for_each(|folder| text += &format!("  keys in {}\n", folder.display()));
        components.targets.get(name).iter().for_each(|target| text += &format!("  {target:?}\n"));
        components.schedules.get(name).iter().for_each(|schedule| text += &format!("  {schedule:?}\n"));
    }
    text + &format!("actors: {:?}\n", components.actor_store)
}

#[test]
fn folders_are_read() {
    let mut wrong = Vec::new();
    let mut cases: Vec<_> = std::fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 30, "{cases:?}");
    for case in cases {
        let file = case.join("expected");
        let (text, expected) = (describe(&case), std::fs::read_to_string(&file).unwrap_or_default());
        if text != expected {
            wrong.push(format!("--- {}, expected:\n{expected}--- and came:\n{text}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The folder that cannot be read is named with its setting.
#[test]
fn a_folder_that_is_not_there_is_a_fault() {
    let text = describe(Path::new("src/components/nowhere"));
    assert!(text.contains("src/components/nowhere: cannot be read (setting resources_path)"), "{text}");
}
