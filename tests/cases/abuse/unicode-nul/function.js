export default { async fetch(request) {
const o = { ["a\u0000b"]: "c\u0000d" }; return o
} };
