class Fault extends Error {}
export default {
  fetch() {
    const args = ["x"];
    throw Reflect.construct(
      Fault,
      args,
    );
  },
};
