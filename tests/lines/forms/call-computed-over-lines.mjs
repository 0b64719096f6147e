const table = { go() { throw new Error("x"); } };
export default {
  fetch() {
    return table[
      "go"
    ](
      1,
    );
  },
};
