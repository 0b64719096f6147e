// Runs the script on Node against the sidecar at DAPR_PORT; prints what it saw.
import { CommunicationProtocolEnum } from "@dapr/dapr";
import { script } from "./script.js";

const quiet = { error() {}, warn() {}, info() {}, verbose() {}, debug() {} };
const seen = await script({
  daprHost: "127.0.0.1",
  daprPort: process.env.DAPR_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  logger: { service: quiet },
});
process.stdout.write(JSON.stringify(seen));
