export default {
  fetch() {
    return new Promise((resolve) => {
      resolve.x.y;
    });
  },
};
