export default { async fetch(request) {
await Promise.any([Promise.reject(1), Promise.reject(2)])
} };
