//! The engines of one thread: one for each program that its slots run.
use crate::sandbox::SandboxError;
use crate::sandbox::program::Program;
use crate::sandbox::program::ffi::Engine;
use std::rc::Rc;
use std::sync::Arc;

/// Engines by program.
#[derive(Default)]
pub struct Engines(Vec<Rc<Engine>>);

impl Engines {
    /// The engine of a program, made where it is the first of that program.
    pub fn of(&mut self, program: &Program) -> Result<Rc<Engine>, SandboxError> {
        if let Some(engine) = self.0.iter().find(|engine| Arc::ptr_eq(engine.module(), program.module())) {
            return Ok(Rc::clone(engine));
        }
        // A program of which no slot is left may have ended.
        self.0.retain(|engine| Rc::strong_count(engine) > 1);
        let engine = Engine::new(Arc::clone(program.module())).map_err(SandboxError::engine)?;
        self.0.push(Rc::clone(&engine));
        Ok(engine)
    }
}
