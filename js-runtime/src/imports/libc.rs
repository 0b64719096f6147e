//! What libc and the engine's C code get from here instead of from themselves.
use super::now;

/// The clock that QuickJS's C code reads, in microseconds; answering it here leaves the import list as it is.
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    now() * 1000.0
}

unsafe extern "C" {
    fn __real_acosh(x: f64) -> f64;
}

/// Below 1 the result is NaN, but musl's `acosh`, which `Math.acosh` is, returns numbers for large negative arguments.
#[unsafe(no_mangle)]
extern "C" fn __wrap_acosh(x: f64) -> f64 {
    // SAFETY: a pure function.
    if x < 1.0 { f64::NAN } else { unsafe { __real_acosh(x) } }
}
