const list = () => null;
export default {
  fetch() {
    for (const x of list()) return x;
  },
};
