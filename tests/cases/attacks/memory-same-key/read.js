import { DaprClient } from "@dapr/dapr";
import { state } from "@daplet/sdk";

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith("/put")) {
      await state().put("big", "x".repeat(3 << 20));
      return "put";
    }
    const keys = new Array(Number(searchParams.get("k"))).fill("big");
    return String((await new DaprClient().state.getBulk("statestore", keys)).length);
  },
};
