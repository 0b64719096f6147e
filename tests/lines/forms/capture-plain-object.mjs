function make() {
  const o = { name: "Odd", message: "plain" };
  Error.captureStackTrace(o);
  return o;
}
export default {
  fetch() {
    throw make();
  },
};
