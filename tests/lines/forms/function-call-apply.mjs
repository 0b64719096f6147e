function fail() { throw new Error("apply"); }
export default {
  fetch() {
    return fail
      .apply(
        null,
        [],
      );
  },
};
