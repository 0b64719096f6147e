import { state } from "@daplet/sdk";

// Each value is half a mebibyte of JSON that would be thirty times as much as a tree.
const zeros = new Array(1 << 18).fill(0);

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith("/put")) {
      for (let i = 0; i < 4; i++) await state().put(searchParams.get("p") + i, zeros);
      return "put";
    }
    try {
      return String((await state().query({ filter: { EQ: { a: 1 } }, sort: [{ key: "a" }] })).results.length);
    } catch (error) {
      return error.code;
    }
  },
};
