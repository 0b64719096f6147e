// Entry of the build that the guest embeds as the module `@daplet/sdk`. It imports nothing but `daplet:host`.
import { call } from "daplet:host";
import { install } from "./internal/call.js";

install(call);

export * from "./index.js";
