export default { async fetch(request) {
const t = JSON.stringify(Array.from({ length: 20000 }, (_, i) => i)); for (;;) JSON.parse(t)
} };
