export default { async fetch(request) {
const a = Array.from({ length: 300000 }, (_, i) => (i * 7919) % 300007); while (true) { a.sort(); a.reverse() }
} };
