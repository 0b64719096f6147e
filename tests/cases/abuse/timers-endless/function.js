export default { async fetch(request) {
(function again() { setTimeout(again, 0) })(); await new Promise((r) => setTimeout(r, 1e9))
} };
