export default { async fetch(request) {
const o = {}; o.o = o; return o
} };
