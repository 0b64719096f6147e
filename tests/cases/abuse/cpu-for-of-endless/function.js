export default { async fetch(request) {
for (const x of { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) });
} };
