import { state } from "@daplet/sdk";
export default {
  async fetch(request) {
    if (request.method === "PUT") await state().put("secret", await request.text());
    return { secret: await state().get("secret"), by: "its owner" };
  },
};
