//! The files of the folder, and which of their documents are for this host: those in its scope and its namespace.
use super::Fault;
use super::manifest::{Declared, Manifest, parse};
use crate::config::Resources;
use std::path::{Path, PathBuf};

/// The components for this host, in the order of the files' names.
pub fn read(resources: &Resources, app_id: &str) -> Result<Vec<Declared>, Fault> {
    let namespace = resources.environment.get("NAMESPACE").map(String::as_str);
    let mut found: Vec<Declared> = Vec::new();
    for file in files(&resources.folder)? {
        let text = std::fs::read_to_string(&file).map_err(|e| unreadable(&file, &e))?;
        for manifest in parse(&file, &text)? {
            let component = match manifest {
                Manifest::Component(component) => component,
                Manifest::Other { place, kind } => {
                    tracing::warn!("{place}: a {kind} is not used without a Dapr sidecar");
                    continue;
                }
            };
            let elsewhere = matches!((&component.namespace, namespace), (Some(its), Some(own)) if its != own);
            // As in Dapr, a taken name is also taken for components of other scopes.
            if let Some(before) = found.iter().find(|before| before.name == component.name && !elsewhere) {
                let reason = format!("the name {:?} is in {} already", component.name, before.place);
                return Err(Fault { place: component.place, reason });
            }
            let ours = component.scopes.is_empty() || component.scopes.iter().any(|app| app == app_id);
            if ours && !elsewhere {
                found.push(component);
            } else {
                tracing::info!("{}: the component {} is for others", component.place, component.name);
            }
        }
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    Fault { place: path.display().to_string(), reason: format!("cannot be read (setting resources_path): {error}") }
}

/// Subfolders are not read, as in Dapr.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = std::fs::read_dir(folder).map_err(|e| unreadable(folder, &e))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| unreadable(folder, &e))?.path();
        let yaml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("yaml") || e.eq_ignore_ascii_case("yml"));
        if yaml && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
