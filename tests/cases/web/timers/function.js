export default { async fetch() {
  const order = [];
  const cleared = setTimeout(() => order.push("cleared"), 1);
  clearTimeout(cleared);
  setTimeout(() => order.push("b"), 20); setTimeout(() => order.push("a"), 1); setTimeout((x) => order.push(x), 20, "c");
  queueMicrotask(() => order.push("micro"));
  let ticks = 0; const interval = setInterval(() => { if (++ticks === 3) clearInterval(interval) }, 2);
  await new Promise((done) => setTimeout(done, 60));
  return { order, ticks };
} };
