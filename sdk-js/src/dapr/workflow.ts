// `client.workflow` of `@dapr/dapr` over Daplet's operations.
import { decodeText } from "../internal/encode.js";
import { daprError, type Operate, type Table } from "./error.js";

/** What the engine knows about an instance, with the official client's names. */
export interface WorkflowGetResponse {
  instanceID: string;
  workflowName: string;
  createdAt: Date;
  lastUpdatedAt: Date;
  runtimeStatus: string;
  properties: Record<string, string>;
}

const TABLE: Table = { UNAVAILABLE: [500, "ERR_WORKFLOW"] };

export class Workflow {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  async getWorkflowState(instanceID: string): Promise<WorkflowGetResponse> {
    const found = await this.#of("get", instanceID);
    const { workflowName, createdAt, lastUpdatedAt, runtimeStatus, properties } = found as WorkflowGetResponse;
    const time = (text: unknown) => (typeof text === "string" ? new Date(text) : new Date());
    const times = { createdAt: time(createdAt), lastUpdatedAt: time(lastUpdatedAt) };
    return { instanceID, workflowName, ...times, runtimeStatus, properties };
  }

  async scheduleNewWorkflow(workflowName: string, input?: unknown, instanceId?: string): Promise<string> {
    const instance = instanceId ?? crypto.randomUUID();
    await this.#run("start", { workflow: required("workflowName", workflowName), instance }, input);
    return instance;
  }

  async raiseEvent(instanceId: string, eventName: string, eventData?: unknown): Promise<void> {
    await this.#of("raise", instanceId, { event: required("eventName", eventName) }, eventData);
  }

  async terminate(instanceId: string): Promise<void> {
    await this.#of("terminate", instanceId);
  }

  async pause(instanceId: string): Promise<void> {
    await this.#of("pause", instanceId);
  }

  async resume(instanceId: string): Promise<void> {
    await this.#of("resume", instanceId);
  }

  async purge(instanceId: string): Promise<void> {
    await this.#of("purge", instanceId);
  }

  /** The older name of `getWorkflowState`. */
  get(instanceID: string): Promise<WorkflowGetResponse> {
    return this.getWorkflowState(instanceID);
  }

  /** The older name of `scheduleNewWorkflow`. */
  start(workflowName: string, input?: unknown, instanceId?: string): Promise<string> {
    return this.scheduleNewWorkflow(workflowName, input, instanceId);
  }

  /** The older name of `raiseEvent`. */
  raise(instanceId: string, eventName: string, eventData?: unknown): Promise<void> {
    return this.raiseEvent(instanceId, eventName, eventData);
  }

  #of(verb: string, instanceId: string, args: object = {}, data?: unknown): Promise<unknown> {
    return this.#run(verb, { ...args, instance: required("instanceID", instanceId) }, data);
  }

  async #run(verb: string, args: object, data: unknown): Promise<unknown> {
    const body = data === undefined ? "" : typeof data === "string" ? data : JSON.stringify(data);
    try {
      const answer = await this.#operate(`workflow.${verb}`, args, body);
      const text = decodeText(answer.body);
      return text === "" ? undefined : JSON.parse(text);
    } catch (error) {
      throw daprError(error, TABLE);
    }
  }
}

function required(name: string, value: string): string {
  if (!value) throw new Error(`${name} is required`);
  return value;
}
