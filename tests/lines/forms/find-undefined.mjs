export default {
  fetch() {
    const users = [{ id: 1 }];
    const name = users
      .find((u) => u.id === 2)
      .name;
    return name;
  },
};
