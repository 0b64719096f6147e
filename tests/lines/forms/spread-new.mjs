class C { constructor() { throw new Error("c"); } }
export default {
  fetch() {
    const list = [1];
    return new C(
      ...list,
    );
  },
};
