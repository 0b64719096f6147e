import { DaprClient } from "@dapr/dapr";
export default () => new DaprClient().configuration.subscribeWithKeys("configstore", ["k"], () => {}).catch((e) => JSON.stringify(e.message));
