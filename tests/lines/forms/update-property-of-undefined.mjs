export default {
  fetch() {
    let o;
    const a = 1;
    o
      .count++;
    return a;
  },
};
