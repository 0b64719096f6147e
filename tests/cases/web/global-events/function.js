export default async () => {
  const errors = [];
  reportError(new Error("nobody listens"));
  addEventListener("error", (event) => {
    errors.push(event.message);
    event.preventDefault();
  });
  reportError(new TypeError("reported"));
  globalThis.onerror = (message) => {
    if (errors.length < 3) errors.splice(1, 0, `onerror ${message}`);
    return true;
  };
  setTimeout(() => {
    throw new RangeError("of a timer");
  }, 1);
  await scheduler.wait(5);

  const rejections = [];
  self.onunhandledrejection = (event) => {
    rejections.push(`unhandled ${event.reason}`);
    event.preventDefault();
  };
  self.onrejectionhandled = (event) => rejections.push(`handled ${event.reason}`);
  const rejected = Promise.reject(new Error("rejected"));
  await scheduler.wait(1);
  rejected.catch(() => {});
  await scheduler.wait(1);

  const tasks = [];
  clearImmediate(setImmediate(() => tasks.push("cleared")));
  setImmediate((word) => tasks.push(word), "immediate");
  await scheduler.wait(1);
  const controller = new AbortController();
  const waited = scheduler.wait(60_000, { signal: controller.signal }).catch(() => tasks.push("waited"));
  controller.abort();
  await waited;
  return { global: globalThis instanceof EventTarget, errors, rejections, tasks };
};
