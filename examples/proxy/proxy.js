// A reverse proxy: what it is asked it asks of another service, with headers of its own, and passes the answer on.
export default {
  async fetch(request, env, ctx) {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    // The caller's credentials are for this service, not for the one behind it.
    for (const name of ["authorization", "cookie", "x-forwarded-prefix"]) headers.delete(name);
    headers.set("x-forwarded-host", new URL(request.url).host);

    const { method } = request;
    const body = method === "GET" || method === "HEAD" ? undefined : await request.bytes();
    let answer;
    try {
      answer = await fetch(env.UPSTREAM + pathname + search, { method, headers, body, redirect: "manual" });
    } catch (error) {
      console.error(error);
      return Response.json({ failed: error.cause?.code ?? "unknown", requestId: ctx.requestId }, { status: 502 });
    }

    const response = new Response(answer.body, answer);
    response.headers.set("via", "1.1 daplet");
    response.headers.delete("set-cookie");
    return response;
  },
};
