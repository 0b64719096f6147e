export default {
  fetch() {
    const o = { a: 1 };
    for (const x of o) return x;
  },
};
