class Fault extends Error {}
class Other extends Fault {}
export default {
  fetch() {
    throw Reflect.construct(Fault, ["x"], Other);
  },
};
