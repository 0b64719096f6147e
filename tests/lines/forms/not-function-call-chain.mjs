const f = () => ({ g: () => ({}) });
export default {
  fetch() {
    return f().g(1).h();
  },
};
