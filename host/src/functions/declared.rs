//! What a module declares: the rules that only the host can check.
use super::{Function, routes, topics};
use crate::blocks::jobs::schedule::Schedule;
use daplet_abi::load::LoadReport;
use std::collections::BTreeSet;

/// Longest name of a binding, bytes: that of a resource of Kubernetes.
const MAX_BINDING_NAME: usize = 253;

/// Checks what a module exports.
pub fn check(exports: &LoadReport) -> Result<(), String> {
    routes::check(&exports.subscriptions)?;
    check_schedules(&exports.schedules)?;
    check_bindings(&exports.bindings)
}

/// Checks that the function's grants cover what it declares.
pub fn check_grants(function: &Function) -> Result<(), String> {
    topics::check(function)?;
    check_configuration(function)?;
    check_inputs(function)
}

fn check_schedules(schedules: &[daplet_abi::load::Schedule]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for (index, entry) in schedules.iter().enumerate() {
        Schedule::parse(&entry.schedule).map_err(|e| format!("schedules[{index}]: {e}"))?;
        if !names.insert(&entry.name) {
            return Err(format!("schedules[{index}]: there are two jobs named {:?}", entry.name));
        }
    }
    Ok(())
}

/// A name is one segment of a path, in a URL of the host and in Dapr's own.
fn check_bindings(bindings: &[String]) -> Result<(), String> {
    for (index, name) in bindings.iter().enumerate() {
        if name.len() > MAX_BINDING_NAME || name.contains(|c: char| c == '/' || c.is_control()) {
            return Err(format!(
                "bindings[{index}] is {name:?}; a binding's name has at most {MAX_BINDING_NAME} bytes, no / and no control character"
            ));
        }
        if bindings.iter().take(index).any(|before| before == name) {
            return Err(format!("bindings[{index}]: {name:?} is there twice"));
        }
    }
    Ok(())
}

/// A function gets changes only of keys that it may read.
fn check_configuration(function: &Function) -> Result<(), String> {
    let (name, watched) = (&function.name, &function.record.exports.configuration);
    for (index, watch) in watched.iter().enumerate() {
        if let Some(key) = watch.keys.iter().find(|key| !function.grants.has_configuration(&watch.store, key)) {
            let store = &watch.store;
            return Err(format!("configuration[{index}]: {name} may not read {store}/{key} (grants.configuration)"));
        }
    }
    Ok(())
}

/// A function gets an input binding's events only with a grant.
fn check_inputs(function: &Function) -> Result<(), String> {
    let (name, declared) = (&function.name, &function.record.exports.bindings);
    match declared.iter().enumerate().find(|(_, binding)| !function.grants.has_input(binding)) {
        None => Ok(()),
        Some((index, binding)) => {
            Err(format!("bindings[{index}]: {name} may not take events of {binding} (grants.inputs)"))
        }
    }
}
