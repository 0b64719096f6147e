// Entry of the build that the guest embeds as the module `@dapr/dapr`. It imports nothing but `daplet:host`.
import { call } from "daplet:host";
import { clientOver } from "./client.js";

export const DaprClient = clientOver(call);
export * from "./enums.js";
