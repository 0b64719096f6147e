function tag(strings) {
  throw new Error(strings[0]);
}
export default {
  fetch() {
    return tag`
      a ${1}
      b ${2}
    `;
  },
};
