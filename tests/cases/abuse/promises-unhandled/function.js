export default { async fetch(request) {
for (let i = 0; i < 1000; i++) Promise.reject(new Error("nobody " + i)); return "done"
} };
