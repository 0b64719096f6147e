const show = ({ name }) => name;
export default {
  fetch() {
    return [1, null].map(
      show,
    );
  },
};
