// What a test may say of its host.
import type { FakeApp, FakeBinding } from "./apps.js";
import type { FakeConfiguration } from "./configuration.js";
import type { FakeCryptography } from "./cryptography.js";
import type { FakeHost } from "./fetch.js";
import type { Quotas } from "./quotas.js";
import type { FakeSecrets } from "./secrets.js";

export interface FakeOptions {
  /** Where the clock stands at first; now when absent. */
  now?: Date;
  /** Names of the state stores; `["statestore"]` when absent. */
  stores?: readonly string[];
  /** Names of the pub/sub components; `["pubsub"]` when absent. */
  pubsubs?: readonly string[];
  /** Secrets by store and key; one store `secretstore` without secrets when absent. */
  secrets?: FakeSecrets;
  /** Configuration by store and key; one store `configstore` without items when absent. */
  configuration?: FakeConfiguration;
  /** Names of the lock stores; `["lockstore"]` when absent. */
  locks?: readonly string[];
  /** Components for encryption, by their names, or with the names of their keys; `["cryptostore"]` when absent. */
  cryptography?: FakeCryptography;
  /** Apps that `invoke(app)` reaches besides `daplet`, which is the mounted functions. */
  apps?: Record<string, FakeApp>;
  /** What answers when a function calls `fetch`, by the origin of the URL: `{ "https://api.example.com": (request) => … }`. */
  hosts?: Record<string, FakeHost>;
  /** Output bindings by their names. */
  bindings?: Record<string, FakeBinding>;
  /** How much may be kept, by the names of the host's table `[quotas]`. */
  quotas?: Quotas;
}
