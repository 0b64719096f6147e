//! HTTP clients of the functions that use bindings: each function has connections of its own.
//!
//! Functions may hold different grants, so what one of them leaves on a connection must not meet the next one's request.
use reqwest::Client;
use reqwest::redirect::Policy;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Functions that keep open connections; beyond that number, idle connections are closed and new ones opened.
const MOST: usize = 256;
/// An idle connection is closed after this time.
const IDLE: Duration = Duration::from_secs(30);

/// The clients, by function.
#[derive(Default)]
pub struct Clients(Mutex<HashMap<Arc<str>, Client>>);

impl Clients {
    /// No connections yet. Fails where no client can be made.
    pub fn new() -> Result<Clients, reqwest::Error> {
        client()?;
        Ok(Clients::default())
    }

    /// The client of a function.
    pub fn of(&self, function: &Arc<str>) -> Result<Client, reqwest::Error> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(function) {
            return Ok(client.clone());
        }
        if clients.len() >= MOST {
            clients.clear();
        }
        let client = client()?;
        clients.insert(Arc::clone(function), client.clone());
        Ok(client)
    }
}

fn client() -> Result<Client, reqwest::Error> {
    let client = Client::builder().connect_timeout(Duration::from_secs(15)).no_proxy().redirect(Policy::none());
    client.referer(false).pool_idle_timeout(IDLE).build()
}
