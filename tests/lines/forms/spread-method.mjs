const o = { m() { throw new Error("m"); } };
export default {
  fetch() {
    return o
      .m(
        ...[1],
      );
  },
};
