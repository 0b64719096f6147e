//! What a developer's module may import: the SDK, which is part of the image, Dapr's client, and nothing else.
//!
//! These two alone may import [`HOST`], the module with the one primitive that reaches the host.
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Module, Result};

/// The SDK's module name.
pub const SDK: &str = "@daplet/sdk";
/// The module in place of Dapr's own client for JavaScript. Evaluated when a function imports it: most do not.
pub const CLIENT: &str = "@dapr/dapr";
/// Its guest build: one ES module that imports [`HOST`].
const CLIENT_SOURCE: &str = include_str!(env!("DAPLET_CLIENT_JS"));
/// The module with the guest's primitive, for the eyes of these two only.
pub const HOST: &str = "daplet:host";

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
