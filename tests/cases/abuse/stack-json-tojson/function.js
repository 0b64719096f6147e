export default { async fetch(request) {
const o = { toJSON() { return JSON.stringify(o) } }; return JSON.stringify(o)
} };
