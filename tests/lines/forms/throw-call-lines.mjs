const problem = (a, b) => Object.assign(new Error(a), { b });
export default {
  fetch() {
    throw problem(
      "x",
      { y: 1 },
    );
  },
};
