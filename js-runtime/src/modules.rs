//! What a developer's module may import: the SDK, which is part of the image, and nothing else.
//!
//! The SDK alone may import [`HOST`], the module with the one primitive that reaches the host.
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Module, Result};

/// The SDK's module name.
pub const SDK: &str = "@daplet/sdk";
/// The module with the guest's primitive, for the SDK's eyes only.
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
            SDK => Ok(SDK.to_owned()),
            HOST if base == SDK => Ok(HOST.to_owned()),
            _ => Err(refuse(ctx, name)),
        }
    }
}

impl Loader for BuiltIns {
    /// Only reached for a built-in that was not evaluated during `init`.
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        Err(refuse(ctx, name))
    }
}

fn refuse(ctx: &Ctx<'_>, name: &str) -> Error {
    let message = format!(
        "cannot import \"{name}\": a function is one module and may import only \"{SDK}\"; \
         bundle other packages into it (for example with esbuild --bundle --format=esm --external:{SDK})"
    );
    Exception::throw_type(ctx, &message)
}
