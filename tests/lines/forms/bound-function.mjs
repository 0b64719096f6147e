function fail() { throw new Error("bound"); }
const bound = fail.bind(null);
export default {
  fetch() {
    const a = 1;
    return bound(
      a,
    );
  },
};
