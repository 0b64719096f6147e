const lib = { Client: class Client {} };
export default {
  fetch() {
    return lib.Client();
  },
};
