export default { async fetch(request) {
const spin = () => { for (;;); }; for (;;) { try { spin() } catch {} }
} };
