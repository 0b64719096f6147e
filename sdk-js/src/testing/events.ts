// Events other than requests: a message, an event of a binding, a change of the configuration, a job or an actor's turn becomes an
// invocation of the functions that want it.
import type { ActorId } from "./actor-id.js";
import type { Caller } from "./caller.js";
import { copy } from "./completion.js";
import type { Item } from "./configuration.js";
import type { Subscriber } from "./delivery.js";
import type { MountedFunction } from "./function.js";
import { hasConfiguration, hasInput } from "./grants.js";
import type { Invocations } from "./invocations.js";
import { word } from "./module.js";
import { validTrace } from "./trace.js";

/** The subscriptions of a function, with what handles their messages. */
export function subscribersOf(invocations: Invocations, mounted: MountedFunction): Subscriber[] {
  return mounted.declared.subscriptions.map((subscription) => ({
    function: mounted.name,
    subscription,
    handle: (event, about) =>
      invocations.invoke(mounted, traced(event.traceparent, about), async (module, ctx) =>
        word(await module.handle("message", structuredClone(event), mounted.env, ctx)),
      ),
    handleBatch: (events, about) =>
      invocations.invoke(mounted, about, async (module, ctx) => {
        const said = await module.handle("messages", structuredClone(events), mounted.env, ctx);
        return Array.isArray(said) ? said : word(said);
      }),
  }));
}

/** An event of an input binding. */
export interface Incoming {
  name: string;
  data: unknown;
  metadata: Record<string, string>;
}

/** Brings an event to the functions that declare its binding and may take it; what they returned. */
export async function bring(
  invocations: Invocations,
  functions: Iterable<MountedFunction>,
  { name, data, metadata }: Incoming,
): Promise<unknown[]> {
  const receivers = [...functions].filter(
    (mounted) => mounted.declared.bindings.includes(name) && hasInput(holder(mounted), name),
  );
  if (receivers.length === 0) throw new Error(`trigger: no mounted function declares the binding "${name}"`);
  const one = (mounted: MountedFunction) =>
    invocations.invoke(mounted, {}, (module, ctx) =>
      module.handle("binding", { name, data: copy(data), metadata: { ...metadata } }, mounted.env, ctx),
    );
  // Each receiver gets the event, even where another one fails.
  const settled = await Promise.allSettled(receivers.map(one));
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/** Tells the functions that watch an item, and may read it, of its change. */
export async function tell(
  invocations: Invocations,
  functions: Iterable<MountedFunction>,
  [store, key, item]: [string, string, Item],
): Promise<void> {
  for (const mounted of functions) {
    const watches = mounted.declared.configuration.some(
      (watch) => watch.store === store && (watch.keys.length === 0 || watch.keys.includes(key)),
    );
    if (!watches || !hasConfiguration(holder(mounted), store, key)) continue;
    await invocations.invoke(mounted, { attempt: 1 }, (module, ctx) =>
      module.handle("configuration", { store, items: { [key]: { ...item } } }, mounted.env, ctx),
    );
  }
}

/** Hands a job that is due to its function; the handler's word. */
export function due(
  invocations: Invocations,
  mounted: MountedFunction,
  job: { name: string; data: unknown; scheduledTime: string },
): Promise<unknown> {
  const event = { ...job, data: copy(job.data) ?? null };
  return invocations.invoke(mounted, { attempt: 1 }, async (module, ctx) =>
    word(await module.job(event, mounted.env, ctx)),
  );
}

/** One turn of an actor. */
export function takeTurn(
  invocations: Invocations,
  mounted: MountedFunction,
  actor: ActorId,
  [method, data]: [string, unknown],
  caller: Caller | undefined,
): Promise<unknown> {
  const from = traced(caller?.traceparent ?? undefined, { depth: (caller?.depth ?? 0) + 1 });
  return invocations.invoke(mounted, { ...from, turn: [actor, ...(caller?.turn ?? [])] }, (module, ctx) =>
    module.turn({ ...actor, env: mounted.env, ctx }, method, data),
  );
}

function holder({ name, grants }: MountedFunction) {
  return { function: name, grants };
}

/** What is known of an event, with its trace if it has a valid one. */
function traced<T extends object>(parent: string | undefined, about: T): T & { traceparent?: string } {
  const traceparent = validTrace(parent ?? "");
  return traceparent === undefined ? about : { ...about, traceparent };
}
