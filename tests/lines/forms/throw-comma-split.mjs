export default { fetch() {
  if (true)
    throw (
      1,
      new
      Error("x")
    );
} };
