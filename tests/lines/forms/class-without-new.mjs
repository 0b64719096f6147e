class C {}
export default {
  fetch() {
    const a = 1;
    return C(
      a,
    );
  },
};
