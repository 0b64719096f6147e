export default { async fetch(request) {
const a = []; for (let i = 0; ; i++) a[i * 1000003] = i
} };
