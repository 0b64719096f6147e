//! A folder of components: one file's text. Its own secrets, if it has any, are in files that are not there.
use daplet_host::components::{Components, Manifest, Sources, parse};
use daplet_host::config::{Resources, Secrets};
use std::collections::BTreeMap;
use std::path::Path;

/// Whatever stands there is refused with the place, or gives components each of which has a name of its own.
pub fn resources(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match parse(Path::new("a.yaml"), &text) {
        Err(fault) => assert!(fault.place.starts_with("a.yaml") && !fault.reason.is_empty()),
        Ok(manifests) => {
            let named = |manifest: &Manifest| match manifest {
                Manifest::Component(declared) => !declared.name.is_empty() && !declared.name.contains(['/', '|']),
                Manifest::Other { .. } => true,
            };
            assert!(manifests.iter().all(named));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), text.as_bytes()).unwrap();
    let environment = [("NAMESPACE".to_owned(), "here".to_owned()), ("A".to_owned(), "1".to_owned())].into();
    let opened = Components::open(&Sources {
        types: daplet_host::blocks::COMPONENTS,
        app_id: "daplet",
        resources: Some(&Resources { folder: folder.path().to_owned(), environment }),
        secrets: Secrets::default(),
        keys_dir: Path::new("keys"),
        bindings: BTreeMap::new(),
    });
    match opened {
        Err(fault) => assert!(!fault.place.is_empty() && !fault.reason.is_empty()),
        Ok(components) => {
            let names: Vec<&str> = components.listed.iter().map(|component| component.name.as_str()).collect();
            let mut once = names.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), names.len(), "{names:?}");
            assert!(components.actor_store.is_none_or(|store| components.stores.contains_key(&store)));
            // Where one store's keys begin as another's do, what one writes the other reads.
            for spaces in [&components.stores, &components.locks] {
                let mut apart: Vec<&String> = spaces.values().collect();
                apart.sort_unstable();
                apart.dedup();
                assert_eq!(apart.len(), spaces.len(), "{spaces:?}");
            }
        }
    }
}
