class C {
  handler = () => {
    throw new Error("arrow field");
  };
}
export default {
  fetch() {
    return new C()
      .handler();
  },
};
