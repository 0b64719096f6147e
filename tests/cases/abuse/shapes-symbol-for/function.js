export default { async fetch(request) {
for (let i = 0; ; i++) Symbol.for("key " + i)
} };
