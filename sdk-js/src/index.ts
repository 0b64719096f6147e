// `@daplet/sdk`: what a Daplet function imports.
export { Actor, actor, type ActorProxy, ActorState, type Turn } from "./actors.js";
export { Binding, binding, BindingResult } from "./binding.js";
export {
  Cryptography,
  cryptography,
  type DecryptOptions,
  type EncryptOptions,
  type KeyWrapAlgorithm,
} from "./cryptography.js";
export {
  type ConfigurationItem,
  type ConfigurationOptions,
  ConfigurationStore,
  configuration,
} from "./configuration.js";
export {
  Conversation,
  type ConversationAnswer,
  type ConversationChoice,
  type ConversationMessage,
  conversation,
  type ConverseOptions,
} from "./conversation.js";
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
export { type FailurePolicy, type Job, Jobs, jobs, type ScheduleOptions } from "./jobs.js";
export { Lock, lock, type LockOptions, LockStore, type UnlockStatus } from "./lock.js";
export { Broker, type PublishEntry, type PublishFailure, type PublishOptions, pubsub } from "./pubsub.js";
export { ActorReminders, ActorTimers, type Due, type Reminder, type Timer } from "./reminders.js";
export { type Secret, type SecretOptions, SecretStore, secrets } from "./secrets.js";
export {
  type DeleteOptions,
  type PutOptions,
  type StateEntry,
  type StateOperation,
  type StateFilter,
  type StateOptions,
  type StatePage,
  type StateQuery,
  StateStore,
  state,
  type UpdateOptions,
} from "./state.js";
export { type StartOptions, workflow, Workflows, type WorkflowState } from "./workflow.js";
export type { Transaction, TransactionOptions, TransactionPublishOptions } from "./transaction.js";
