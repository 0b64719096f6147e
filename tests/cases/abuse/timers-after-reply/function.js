export default { async fetch(request) {
for (let i = 0; i < 50; i++) setTimeout(() => { throw new Error("late") }, 5); return "done"
} };
