class C {}
export default {
  fetch() {
    return new C().missing();
  },
};
