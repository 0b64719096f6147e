const odd = {
  [Symbol.iterator]() {
    return {
      next() {
        throw new Error("next");
      },
    };
  },
};
export default {
  fetch() {
    const all = [];
    for (const x of odd) {
      all.push(x);
    }
  },
};
