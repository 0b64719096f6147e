export default { async fetch(request) {
const t = { then(resolve) { resolve({ then: t.then }) } }; await t
} };
