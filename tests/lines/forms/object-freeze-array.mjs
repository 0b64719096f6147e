export default {
  fetch() {
    const a = Object.freeze([1]);
    a.push(2);
  },
};
