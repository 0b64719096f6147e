export default { fetch: () => ({
  missing: ["Request", "Response", "Headers", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "console", "setTimeout",
    "setInterval", "clearTimeout", "clearInterval", "queueMicrotask", "structuredClone", "atob", "btoa", "crypto", "performance",
    "AbortController", "AbortSignal", "Event", "EventTarget", "DOMException"].filter((name) => !(name in globalThis)),
  clone: structuredClone({ d: new Date(0), m: new Map([[1, new Set([2])]]), b: new Uint8Array([1]) }).m.get(1).has(2),
  base64: btoa(atob("aGVsbG8=")), url: new URL("../x?é#f", "http://a.b/c/d/").href,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()),
}) };
