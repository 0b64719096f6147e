import { teleport } from "@daplet/sdk";
export default () => teleport();
