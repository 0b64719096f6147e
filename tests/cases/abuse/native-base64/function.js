export default { async fetch(request) {
const s = "x".repeat(300000); for (;;) atob(btoa(s))
} };
