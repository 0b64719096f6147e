// `DaprClient` of `@dapr/dapr`: the same names, arguments and results, so that a script written for it runs in a
// function. Host, port, protocol and token of the constructor are ignored: Daplet has its own.
import { Configuration } from "./configuration.js";
import { Binding } from "./binding.js";
import { Crypto } from "./crypto.js";
import { CommunicationProtocolEnum } from "./enums.js";
import type { Operate } from "./error.js";
import { Invoker } from "./invoker.js";
import { Lock } from "./lock.js";
import { PubSub } from "./pubsub.js";
import { Secret } from "./secret.js";
import { State } from "./state.js";
import { Workflow } from "./workflow.js";

export interface DaprClientOptions {
  daprHost?: string;
  daprPort?: string;
  communicationProtocol?: CommunicationProtocolEnum;
  isKeepAlive?: boolean;
  daprApiToken?: string;
  maxBodySizeMb?: number;
  logger?: unknown;
  actor?: unknown;
}

/** The client's class over one way to carry out operations. */
export function clientOver(operate: Operate) {
  return class DaprClient {
    readonly options: DaprClientOptions;
    readonly state = new State(operate);
    readonly pubsub = new PubSub(operate);
    readonly invoker = new Invoker(operate);
    readonly configuration = new Configuration(operate);
    readonly secret = new Secret(operate);
    readonly lock = new Lock(operate);
    readonly binding = new Binding(operate);
    readonly crypto = new Crypto(operate);
    readonly workflow = new Workflow(operate);
    readonly health = { isHealthy: () => Promise.resolve(true) };

    constructor(options: DaprClientOptions = {}) {
      if (options.daprPort !== undefined && !/^[0-9]+$/.test(options.daprPort)) {
        throw new Error("DAPR_INCORRECT_SIDECAR_PORT");
      }
      this.options = { communicationProtocol: CommunicationProtocolEnum.HTTP, ...options };
    }

    static create(client: { options: DaprClientOptions }) {
      return new DaprClient(client.options);
    }

    /** Nothing to wait for: the host is there before the function is. */
    async start(): Promise<void> {}

    async stop(): Promise<void> {}

    getIsInitialized(): boolean {
      return true;
    }
  };
}
