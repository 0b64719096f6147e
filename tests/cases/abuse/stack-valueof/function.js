export default { async fetch(request) {
const o = { valueOf() { return o + 1 } }; return String(o + 1)
} };
