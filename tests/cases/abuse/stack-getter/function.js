export default { async fetch(request) {
const o = { get x() { return this.x } }; return o.x
} };
