import { pubsub } from "@daplet/sdk";

// For the guest a copy of bytes; for the host parsing, wrapping and storing.
export default {
  async fetch(request) {
    const body = await request.arrayBuffer();
    for (let i = 0; i < 100; i++) await pubsub().publish("nobody", body, { contentType: "application/json" });
    return "published";
  },
};
