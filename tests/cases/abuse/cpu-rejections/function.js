addEventListener("unhandledrejection", () => {
  Promise.reject(new Error("another"));
});
export default () => new Promise(() => {
  Promise.reject(new Error("first"));
});
