export default { async fetch(request) {
const spin = () => Promise.resolve().then(spin); spin(); await new Promise(() => {})
} };
