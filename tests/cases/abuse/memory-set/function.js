export default { async fetch(request) {
const m = new Set(); for (let i = 0; ; i++) m.add("key" + i)
} };
