import { configuration } from "@daplet/sdk";
export default {
  fetch: () => configuration().get("a"),
};
export const configuration = [];
