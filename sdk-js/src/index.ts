// `@daplet/sdk`: what a Daplet function imports.
export { Binding, binding, BindingResult } from "./binding.js";
export {
  Cryptography,
  cryptography,
  type DecryptOptions,
  type EncryptOptions,
  type KeyWrapAlgorithm,
} from "./cryptography.js";
export {
  DapletError,
  EtagMismatchError,
  LoadTimeError,
  NotFoundError,
  PermissionDeniedError,
  UnavailableError,
} from "./errors.js";
export type * from "./events.js";
export { App, invoke } from "./invoke.js";
export { Lock, lock, type LockOptions, LockStore, type UnlockStatus } from "./lock.js";
export { Broker, type PublishEntry, type PublishFailure, type PublishOptions, pubsub } from "./pubsub.js";
export {
  type DeleteOptions,
  type PutOptions,
  type StateEntry,
  type StateOperation,
  type StateOptions,
  StateStore,
  state,
  type UpdateOptions,
} from "./state.js";
export type { Transaction, TransactionOptions, TransactionPublishOptions } from "./transaction.js";
