//! What a developer's module may import: the SDK, which is part of the image, Dapr's client, and nothing else.
//!
//! Only these two may import [`HOST`], the module with the one primitive that reaches the host. The runtime's own modules are in
//! [`runtime`]; no other module can import them.
pub use daplet_abi::names::{CLIENT, HOST, SDK};
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Module, Result};

mod runtime;

pub use runtime::{HOST_SOURCE, NATIVES, RUNTIME, RUNTIME_SOURCE, RuntimeModules};

/// The guest build of [`SDK`]: one ES module that imports [`HOST`].
pub const SDK_SOURCE: &str = include_str!(env!("DAPLET_SDK_JS"));
/// The guest build of [`CLIENT`]: one ES module that imports [`HOST`].
const CLIENT_SOURCE: &str = include_str!(env!("DAPLET_CLIENT_JS"));

/// Resolves exactly the built-in names.
pub struct BuiltIns;

impl Resolver for BuiltIns {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        match name {
            SDK | CLIENT => Ok(name.to_owned()),
            HOST if [SDK, CLIENT].contains(&base) => Ok(HOST.to_owned()),
            _ => Err(refuse(ctx, name)),
        }
    }
}

impl Loader for BuiltIns {
    /// Only reached for what was not evaluated during `init`.
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        match name {
            CLIENT => Module::declare(ctx.clone(), CLIENT, CLIENT_SOURCE),
            _ => Err(refuse(ctx, name)),
        }
    }
}

fn refuse(ctx: &Ctx<'_>, name: &str) -> Error {
    let message = format!(
        "cannot import \"{name}\": a function is one module and may import only \"{SDK}\" and \"{CLIENT}\"; bundle other \
         packages into it (for example with esbuild --bundle --format=esm --external:{SDK} --external:{CLIENT})"
    );
    Exception::throw_type(ctx, &message)
}
