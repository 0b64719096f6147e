const notFound = (what) => {
  return new Error(`no ${what}`);
};
export default {
  fetch() {
    throw notFound("order");
  },
};
