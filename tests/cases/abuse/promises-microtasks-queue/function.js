export default { async fetch(request) {
(function again() { queueMicrotask(again) })(); await new Promise(() => {})
} };
