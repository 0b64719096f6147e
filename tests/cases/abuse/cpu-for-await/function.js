export default { async fetch(request) {
for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false }) }) });
} };
