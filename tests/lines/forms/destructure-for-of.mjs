export default {
  fetch() {
    const rows = [{ a: 1 }, undefined];
    let sum = 0;
    for (const { a } of rows) {
      sum += a;
    }
    return sum;
  },
};
