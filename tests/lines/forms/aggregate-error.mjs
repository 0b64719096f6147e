export default {
  fetch() {
    throw new AggregateError(
      [new Error("a")],
      "all",
    );
  },
};
