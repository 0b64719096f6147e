// Workflows of Dapr's engine, as a client of them. They need a sidecar. Must not know how the engine is reached.
import { call } from "./internal/call.js";
import { decodeText, requireName, toJson } from "./internal/encode.js";

/** What the engine knows of an instance. */
export interface WorkflowState {
  instanceID: string;
  workflowName: string;
  createdAt: string;
  lastUpdatedAt: string;
  /** `RUNNING`, `COMPLETED`, `FAILED`, … */
  runtimeStatus: string;
  properties?: Record<string, string>;
}

/** Options of `start`. */
export interface StartOptions {
  /** Its id; a new one when absent. */
  instanceId?: string;
}

/** One engine. */
export class Workflows {
  readonly component: string;

  constructor(component: string) {
    this.component = requireName("workflow", "component", component);
  }

  /** Starts an instance with an input, stored as JSON; resolves to its id. */
  async start(workflow: string, input?: unknown, options: StartOptions = {}): Promise<string> {
    requireName("workflow.start", "workflow", workflow);
    const args = { workflow, ...(options.instanceId !== undefined && { instance: options.instanceId }) };
    const answer = await this.#call("start", args, input);
    return (answer as { instanceID: string }).instanceID;
  }

  /** The state of an instance; throws if it does not exist. */
  async get(instance: string): Promise<WorkflowState> {
    return (await this.#of("get", instance)) as WorkflowState;
  }

  /** Tells an instance of an event that it waits for, or will. */
  async raise(instance: string, event: string, data?: unknown): Promise<void> {
    requireName("workflow.raise", "event", event);
    await this.#of("raise", instance, { event }, data);
  }

  /** Holds an instance until it is resumed. */
  async pause(instance: string): Promise<void> {
    await this.#of("pause", instance);
  }

  /** Resumes a paused instance. */
  async resume(instance: string): Promise<void> {
    await this.#of("resume", instance);
  }

  /** Ends an instance. */
  async terminate(instance: string): Promise<void> {
    await this.#of("terminate", instance);
  }

  /** Forgets an instance that has ended. */
  async purge(instance: string): Promise<void> {
    await this.#of("purge", instance);
  }

  #of(verb: string, instance: string, args: object = {}, data?: unknown): Promise<unknown> {
    requireName(`workflow.${verb}`, "instance", instance);
    return this.#call(verb, { ...args, instance }, data);
  }

  async #call(verb: string, args: object, data: unknown): Promise<unknown> {
    const body = data === undefined ? "" : toJson(`workflow.${verb}`, "the data", data);
    const answer = await call(`workflow.${verb}`, { component: this.component, ...args }, body);
    const text = decodeText(answer.body);
    return text === "" ? undefined : JSON.parse(text);
  }
}

/** The workflows of an engine; by default Dapr's own. */
export function workflow(component = "dapr"): Workflows {
  return new Workflows(component);
}
