export default {
  async fetch(request) {
    const headers = [...request.headers].filter(([name]) => name.startsWith("x-"));
    return new Response(await request.arrayBuffer(), {
      headers: { "x-method": request.method, "x-path": new URL(request.url).pathname + new URL(request.url).search,
                 "x-headers": JSON.stringify(headers), "content-type": request.headers.get("content-type") ?? "none" },
    });
  },
};
