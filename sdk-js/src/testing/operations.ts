// Every operation of the SDK, and what in memory serves it.
import type { Body, Completion, Transport } from "../internal/call.js";
import type { FakeActors } from "./actors.js";
import { type FakeApps, type FakeBinding, runBinding } from "./apps.js";
import type { FakeBroker } from "./broker.js";
import type { Caller } from "./caller.js";
import type { FakeConfigurations } from "./configuration.js";
import { type FakeCryptography, runCryptography } from "./cryptography.js";
import { failure, unknownOperation } from "./error.js";
import { requireGrant } from "./grants.js";
import type { Invocations } from "./invocations.js";
import type { FakeJobs } from "./jobs.js";
import type { FakeLocks } from "./lock.js";
import { type FakeSecrets, runSecrets } from "./secrets.js";
import type { FakeState } from "./state.js";

/** What serves operations. */
export interface Blocks {
  state: FakeState;
  broker: FakeBroker;
  secrets: FakeSecrets;
  configuration: FakeConfigurations;
  apps: FakeApps;
  bindings: Readonly<Record<string, FakeBinding>>;
  locks: FakeLocks;
  cryptography: FakeCryptography;
  jobs: FakeJobs;
  actors: FakeActors;
}

type Serve = (op: string, caller: Caller, args: never, body: Body) => Completion | Promise<Completion>;

/** By the word before the dot in an operation's name. */
function capabilities(blocks: Blocks): Record<string, Serve> {
  const { state, broker, secrets, configuration, apps, bindings, locks, cryptography, jobs, actors } = blocks;
  return {
    state: (op, caller, args, body) => state.run(op, caller, args, body),
    pubsub: (op, caller, args, body) => broker.run(op, caller, args, body),
    secrets: (op, caller, args) => runSecrets(secrets, op, caller, args),
    configuration: (op, caller, args) => configuration.run(op, caller, args),
    invoke: (op, caller, args, body) => apps.run(op, caller, args, body),
    binding: (op, caller, args, body) => runBinding(bindings, op, caller, args, body),
    lock: (op, caller, args) => locks.run(op, caller, args),
    crypto: (op, caller, args, body) => runCryptography(cryptography, op, caller, args, body),
    jobs: (op, caller, args) => jobs.run(op, caller, args),
    actors: (op, caller, args, body) => actors.run(op, caller, args, body as string),
    workflow: (_, caller, { component }: { component: string }) => noSidecar("workflows", caller, component),
    conversation: (_, caller, { component }: { component: string }) => noSidecar("conversations", caller, component),
  };
}

/** The transport of the SDK while the double stands in for the host. */
export function transport(invocations: Invocations, blocks: Blocks): Transport {
  const served = capabilities(blocks);
  return (op, args, body) =>
    invocations.operate(op, (caller) => {
      const serve = served[op.split(".", 1)[0] ?? ""];
      if (serve === undefined) throw unknownOperation(op);
      return serve(op, caller, args as never, body ?? null);
    });
}

/** What only a sidecar has. */
function noSidecar(what: string, caller: Caller, component: string): never {
  requireGrant(caller, "components", component);
  const where = "DAPR_HTTP_PORT says where one is";
  throw failure("UNAVAILABLE", `${what} need a Dapr sidecar, and there is none: ${where}`);
}
