// `@daplet/sdk/testing`: a Daplet host in memory, for unit tests in Node. The files under `testing/` are the host's parts.
export { FakeDaplet, fakeDaplet } from "./testing/daplet.js";
export { UploadError } from "./testing/error.js";
export { Problem } from "./testing/problem.js";
export type { BindingAnswer, FakeApp, FakeBinding } from "./testing/apps.js";
export type { Message } from "./testing/broker.js";
export type { FakeClock } from "./testing/clock.js";
export type { FakeConfiguration } from "./testing/configuration.js";
export type { FakeCryptography } from "./testing/cryptography.js";
export type { Delivery } from "./testing/delivery.js";
export type { FakeHost } from "./testing/fetch.js";
export type { MountOptions } from "./testing/function.js";
export type { Grants } from "./testing/grants.js";
export type { BackgroundFailure } from "./testing/invocations.js";
export type { Limits } from "./testing/limits.js";
export type { FunctionModule } from "./testing/module.js";
export type { FakeOptions } from "./testing/options.js";
export type { Quotas } from "./testing/quotas.js";
export type { FakeSecret, FakeSecrets } from "./testing/secrets.js";
