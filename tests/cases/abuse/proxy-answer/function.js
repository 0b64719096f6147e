export default { async fetch(request) {
return new Proxy({ a: 1 }, { get(t, k) { return k === "toJSON" ? undefined : t[k] } })
} };
