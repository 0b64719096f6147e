function createError(message) {
  const e = new Error(message);
  Error.captureStackTrace?.(e, createError);
  return e;
}
export default {
  fetch() {
    throw createError(
      "x",
    );
  },
};
