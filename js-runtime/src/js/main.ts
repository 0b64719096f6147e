// The entry of the runtime's own JavaScript. It is evaluated once, during `init`, and becomes part of the base image.
// Exports what the phases of the guest call (phases.rs). The Web APIs install their globals in the order of these imports.
import "../web/exception/exception.js";
// Before the rest: what ordinary requests touch lies together behind it, on as few pages as possible.
import "../web/streams/streams.js";
import "../web/encoding/encoding.js";
import "../web/base64/base64.js";
import "../web/events/events.js";
import "../web/timers/timers.js";
import "../web/abort/abort.js";
import "../web/url/search-params.js";
import "../web/url/url.js";
import "../web/headers/headers.js";
import "../web/fetch/request.js";
import "../web/fetch/response.js";
import "../web/encoding/streams.js";
import "../web/clone/clone.js";
import "../web/console/console.js";
import "../web/crypto/crypto.js";
import "../web/performance/performance.js";
import { HOST_SYMBOL } from "./abi.js";
import { call } from "./operations.js";

export { handle, observe } from "./dispatch.js";
export { describe } from "./errors.js";
export { load } from "./function.js";
export { rejection, status } from "./invocation.js";
export { resume } from "./operations.js";

// A copy of the SDK that a bundler put into the function finds the primitive here: it reaches no more than an import of the SDK does,
// for grants are checked in the host. A function cannot replace it.
Object.defineProperty(globalThis, Symbol.for(HOST_SYMBOL), { value: call });
// One thread has nothing to share, and libraries take it as a sign that `Atomics` exists.
Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
