export default {
  fetch(request) {
    const user = undefined;
    if (
      request &&
      user.admin
    ) {
      return 1;
    }
  },
};
