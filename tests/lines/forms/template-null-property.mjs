const user = null;
export default {
  fetch() {
    return `
      Hello
      ${user.name}
      !`;
  },
};
