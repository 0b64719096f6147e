import { nothing } from "@daplet/sdk";
export default () => nothing;
