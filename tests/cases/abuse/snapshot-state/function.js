import { state } from "@daplet/sdk";
await state().get("x");
export default () => 1;
