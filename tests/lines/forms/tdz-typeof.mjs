export default {
  fetch() {
    typeof x;
    let x = 1;
  },
};
