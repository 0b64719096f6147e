// Uses every global of a function with its types, and names what a function lacks. `tests/e2e/types.rs` compiles this with
// `"types": ["@daplet/sdk/globals"]` alone, then runs it in the guest.

const seen: Record<string, unknown> = {};

async function forms(): Promise<void> {
  const form = new FormData();
  form.append("file", new File(["text"], "a.txt", { type: "text/plain", lastModified: 1 }));
  form.set("name", "value");
  const back: FormData = await new Response(form).formData();
  const file: string | File | null = back.get("file");
  if (!(file instanceof File)) throw new Error("no file came back");
  const blob: Blob = file.slice(0, 2);
  seen["forms"] = [file.name, file.type, await blob.text(), (await blob.bytes()).length, [...back.keys()]];
  const whole: Blob = await new Request("http://a.b/", { method: "POST", body: blob }).blob();
  seen["blob"] = [whole.size, (await whole.arrayBuffer()).byteLength];
}

async function streams(): Promise<void> {
  const upper = new TransformStream<string, string>({
    transform(chunk, controller) {
      controller.enqueue(chunk.toUpperCase());
    },
  });
  const source: ReadableStream<string> = new ReadableStream({
    start(controller) {
      controller.enqueue("abc");
      controller.close();
    },
  });
  const moved = structuredClone(source, { transfer: [source] });
  const bytes = moved.pipeThrough(upper).pipeThrough(new TextEncoderStream());
  seen["streams"] = [await new Response(bytes).text(), source.locked];
  const reader = new Blob(["bytes"]).stream().getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(3));
  seen["byob"] = value?.byteLength;
}

async function messages(): Promise<void> {
  const { port1, port2 }: MessageChannel = new MessageChannel();
  const received = new Promise<MessageEvent<{ bytes: Uint8Array }>>((resolve) => {
    port2.onmessage = resolve;
  });
  const bytes = new Uint8Array(2);
  port1.postMessage({ bytes }, [bytes.buffer]);
  seen["messages"] = [(await received).data.bytes.length, structuredClone(new Map([[1, 2]])).get(1)];
  port1.close();
}

async function events(): Promise<void> {
  const target = new EventTarget();
  target.addEventListener("a", (event) => (seen["event"] = event.type), { once: true });
  target.dispatchEvent(new CustomEvent<number>("a", { detail: 1 }));
  addEventListener("error", (event) => {
    seen["error"] = event.message;
    event.preventDefault();
  });
  reportError(new Error("reported"));
  self.onunhandledrejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
  };
  const controller = new AbortController();
  const signal: AbortSignal = AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)]);
  controller.abort(new DOMException("enough", "AbortError"));
  seen["aborted"] = signal.aborted;
  await scheduler.wait(1);
  await new Promise<void>((resolve) => setImmediate(resolve));
  clearTimeout(setTimeout((word: string) => word, 1000, "never"));
  queueMicrotask(() => undefined);
}

function values(request: Request): void {
  performance.mark("a");
  const measure: PerformanceMeasure = performance.measure("b", "a");
  seen["performance"] = [measure.name, performance.getEntriesByType("mark").length, performance.now() >= 0];
  const url = new URL("?q=1", request.url);
  const headers = new Headers({ "x-a": "b" });
  seen["values"] = [url.searchParams.get("q"), headers.get("x-a"), navigator.userAgent.startsWith("Daplet/")];
  seen["text"] = new TextDecoder().decode(new TextEncoder().encode(atob(btoa("text"))));
  seen["random"] = crypto.randomUUID().length + crypto.getRandomValues(new Uint8Array(4)).length;
  console.log("every global has a type");
}

/** Never called: each line must fail to compile. */
export function lacking(request: Request): unknown[] {
  return [
    // @ts-expect-error: there is no document
    document,
    // @ts-expect-error: nor a window
    window,
    // @ts-expect-error: nor Node's process
    process,
    // @ts-expect-error: XMLHttpRequest is for pages
    new XMLHttpRequest(),
    // @ts-expect-error: so is FileReader
    new FileReader(),
    // @ts-expect-error: there are no files
    localStorage,
    // @ts-expect-error: a handler is a function, never a text
    setTimeout("1 + 1", 1),
    // @ts-expect-error: a function has no clients
    request.clientId,
    // @ts-expect-error: of navigator, only userAgent is there
    navigator.language,
  ];
}

export default async (request: Request): Promise<Response> => {
  values(request);
  await events();
  await forms();
  await streams();
  await messages();
  return Response.json(seen);
};
