export default { async fetch(request) {
const q = "a=b&".repeat(20000); for (;;) new URLSearchParams(q).toString()
} };
