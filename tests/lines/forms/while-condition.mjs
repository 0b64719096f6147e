export default {
  fetch() {
    let node = { next: undefined };
    while (node.value !== 1) {
      node = node.next;
    }
  },
};
