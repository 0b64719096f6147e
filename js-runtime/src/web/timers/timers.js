// setTimeout, setInterval and their clear functions (HTML Standard §8.6). Each armed timer is one operation; a cleared
// timer's completion finds nothing to call. A handler must be a function: strings are not evaluated.
(natives, internals) => {
  const { webidl, call } = internals;
  const then = Promise.prototype.then;
  const active = new Map();
  let next = 1;

  const arm = (id, delay) => {
    const ready = call("timer.start", { ms: delay }, null);
    Reflect.apply(then, ready, [() => fire(id), (error) => { active.delete(id); internals.report(error) }]);
  };
  const fire = (id) => {
    const timer = active.get(id);
    if (timer === undefined) return;
    if (!timer.repeat) active.delete(id);
    try {
      Reflect.apply(timer.callback, globalThis, timer.args);
    } catch (error) {
      internals.report(error);
    }
    if (timer.repeat && active.has(id)) arm(id, timer.delay);
  };
  const start = (name, callback, delay, args, repeat) => {
    if (typeof callback !== "function") throw new TypeError(`${name}: the handler must be a function; strings are not evaluated`);
    // A signed 32-bit long, as in browsers; negative is 0.
    const ms = Math.max(0, delay | 0);
    const id = next++;
    active.set(id, { callback, args, delay: ms, repeat });
    arm(id, ms);
    return id;
  };
  const stop = (id) => { active.delete(Number(id)) };

  webidl.installFunctions({
    setTimeout(callback, delay = 0, ...args) {
      webidl.required(arguments.length, 1, "setTimeout");
      return start("setTimeout", callback, delay, args, false);
    },
    setInterval(callback, delay = 0, ...args) {
      webidl.required(arguments.length, 1, "setInterval");
      return start("setInterval", callback, delay, args, true);
    },
    clearTimeout(id = 0) { stop(id) },
    clearInterval(id = 0) { stop(id) },
  });
  internals.startTimer = (ms, callback) => start("timer", callback, ms, [], false);
}
