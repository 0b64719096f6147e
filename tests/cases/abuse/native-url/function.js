export default { async fetch(request) {
const u = "http://h/" + "a/../".repeat(20000); for (;;) new URL(u)
} };
