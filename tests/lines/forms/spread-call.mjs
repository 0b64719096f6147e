function fail(...all) { throw new Error("s" + all.length); }
export default {
  fetch() {
    const list = [1, 2];
    return fail(
      ...list,
      3,
    );
  },
};
