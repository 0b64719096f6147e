// The SDK exports `state`.
import { stat } from "@daplet/sdk";
export default () => stat().get("a");
