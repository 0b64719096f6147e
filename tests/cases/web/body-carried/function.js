import { invoke } from "@daplet/sdk";

const failed = [];
const same = (what, seen, wanted) => { if (seen !== wanted) failed.push(`${what}: ${seen} instead of ${wanted}`) };
const throws = async (what, action) => {
  try { await action() } catch (error) { return same(what, error instanceof TypeError, true) }
  failed.push(`${what}: nothing was thrown`);
};

async function checks(request) {
  const url = "http://a.example/";
  const make = (init) => new Response("text", { status: 202, statusText: "Odd", headers: { "x-a": "1" }, ...init });
  same("no body", new Response().body, null);
  same("an empty body", (await new Response("").body.getReader().read()).done, true);
  same("the same stream", (() => { const r = make(); return r.body === r.body })(), true);

  const first = make();
  const second = new Response(first.body, first);
  same("status", second.status, 202);
  same("reason", second.statusText, "Odd");
  same("header", second.headers.get("x-a"), "1");
  same("type", second.headers.get("content-type"), "text/plain;charset=UTF-8");
  same("not used yet", first.bodyUsed || second.bodyUsed, false);
  same("text", await second.text(), "text");
  same("used by the other", first.bodyUsed, true);
  await throws("read twice", () => first.text());
  await throws("a body of a used one", () => new Response(first.body));
  same("no type is made up", new Response(make().body).headers.get("content-type"), null);

  const bytes = new Response(new Uint8Array([0, 255, 10]));
  same("bytes", (await new Response(bytes.body).bytes()).join(), "0,255,10");
  const cloned = make();
  const copy = cloned.clone();
  same("a clone's stream", await new Response(cloned.body).text(), "text");
  same("the clone", await copy.text(), "text");

  const posted = new Request(url, { method: "POST", body: "posted", headers: { "x-b": "2" } });
  const again = new Request("http://b.example/", posted);
  same("method", again.method, "POST");
  same("header of a request", again.headers.get("x-b"), "2");
  same("carried", await again.text(), "posted");
  same("used by the request", posted.bodyUsed, true);
  same("with duplex", await new Request(url, { method: "PUT", body: make().body, duplex: "half" }).text(), "text");
  same("a request of a GET", new Request(url, new Request(url)).body, null);
  same("the incoming one", await new Response(request.clone().body).text(), "the bytes");
  same("into a new request", await new Request(request, { headers: {} }).text(), "the bytes");
  same("then it is used", request.bodyUsed, true);

  const read = make(), reader = read.body.getReader();
  same("locked", read.body.locked, true);
  await throws("text of a locked body", () => read.text());
  const { value, done } = await reader.read();
  same("one chunk", `${new TextDecoder().decode(value)} ${done}`, "text false");
  same("then the end", (await reader.read()).done, true);
  await reader.closed;
  reader.releaseLock();
  same("unlocked", read.body.locked, false);
  let text = "";
  for await (const chunk of make().body) text += new TextDecoder().decode(chunk);
  same("for await", text, "text");
  const [left, right] = make().body.tee();
  same("tee", (await new Response(left).text()) + (await new Response(right).text()), "texttext");
  const canceled = make();
  await canceled.body.cancel();
  same("canceled", canceled.bodyUsed, true);
  await throws("a pipe", () => make().body.pipeTo({}));
  await throws("JSON", () => JSON.stringify({ body: make().body }));
  await throws("a sent body", () => new Response(make().body, { status: 204 }));
  same("its name", Object.prototype.toString.call(make().body), "[object ReadableStream]");
  return { failed };
}

export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    if (searchParams.has("checks")) return checks(request);
    if (searchParams.has("stream")) return request.body;
    if (searchParams.has("echo")) return new Response(request.body);
    if (searchParams.has("call")) {
      const to = "/body-carried/?echo=1", post = { method: "POST" };
      const app = invoke("daplet");
      const text = async (init) => (await app.fetch(to, init)).text();
      const other = new Response("of another");
      return {
        request: await text(new Request("http://a.example/", { ...post, body: "in a request" })),
        init: await text({ ...post, body: "in an init" }),
        other: await text({ ...post, body: other.body }),
        none: (await text(post)) === "",
      };
    }
    const upstream = new Response(request.body, { status: 201, headers: { "x-kept": "yes" } });
    return new Response(upstream.body, upstream);
  },
};
