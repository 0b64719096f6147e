//! An actor, and the turn that an operation belongs to.
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Longest type and id, bytes: they become parts of keys.
const LONGEST: usize = 256;

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Its type: the name that its class is exported by.
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl Actor {
    /// Refuses what could be mistaken for another actor's key or path.
    pub fn new(kind: &str, id: &str) -> Result<Actor, String> {
        for (what, text) in [("type", kind), ("id", id)] {
            if text.is_empty() || text.len() > LONGEST {
                return Err(format!("an actor's {what} has 1 to {LONGEST} bytes, not {}", text.len()));
            }
            // At the end one would do: the separator of keys follows.
            if text.contains("||")
                || text.ends_with('|')
                || text.contains(['/', '\\', '?', '#'])
                || text.chars().any(char::is_control)
            {
                return Err(format!("an actor's {what} has no \"||\", slash, ? or # in it, as {text:?} has"));
            }
        }
        Ok(Actor { kind: kind.to_owned(), id: id.to_owned() })
    }

    /// The key of something that this actor has, in Dapr's form.
    pub fn key(&self, name: &str) -> String {
        format!("{}||{}||{name}", self.kind, self.id)
    }
}

/// The turn that an operation belongs to, and those that wait for it.
#[derive(Debug)]
pub struct Turn {
    /// Whose it is.
    pub actor: Actor,
    /// The turn that called.
    pub outer: Option<Arc<Turn>>,
    /// What keeps other turns of the actor waiting until this is dropped.
    pub held: Box<dyn Any + Send + Sync>,
}

impl Turn {
    /// Whether this actor is within a turn of this chain: calling it would wait for itself.
    pub fn has(&self, actor: &Actor) -> bool {
        self.actor == *actor || self.outer.as_ref().is_some_and(|outer| outer.has(actor))
    }
}
