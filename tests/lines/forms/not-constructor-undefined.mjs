let Client;
export default {
  fetch() {
    return new Client();
  },
};
