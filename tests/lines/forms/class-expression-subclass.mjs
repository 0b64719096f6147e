const make = (name) => class extends Error {
  get name() { return name; }
};
const A = make("A");
export default {
  fetch() {
    const a = 1;
    throw new A("x");
  },
};
