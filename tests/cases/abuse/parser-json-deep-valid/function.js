export default { async fetch(request) {
const v = JSON.parse("[".repeat(100000) + "]".repeat(100000)); return JSON.stringify(v)
} };
