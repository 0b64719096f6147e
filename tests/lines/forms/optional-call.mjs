const a = { b() { throw new Error("b"); } };
export default {
  fetch() {
    return a
      ?.b
      ?.(
        1,
      );
  },
};
