export default { async fetch(request) {
const a = []; for (;;) a.push(new Promise(() => {}).then(() => a))
} };
