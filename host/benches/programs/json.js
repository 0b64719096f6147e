// A service's bread and butter: build, print, parse and change documents.
function document(n) {
  return { id: n, name: `order ${n}`, tags: ["a", "b", `t${n % 5}`], total: n * 1.25, paid: n % 2 === 0, note: null,
    lines: [{ sku: `s-${n}`, count: n % 7, price: 9.99 }, { sku: `s-${n + 1}`, count: 1, price: 0.5 }], text: 'quoted "text"\nä' };
}
function run() {
  const documents = [];
  for (let i = 0; i < 150; i++) documents.push(document(i));
  const text = JSON.stringify({ documents });
  const back = JSON.parse(text);
  for (const one of back.documents) one.total += one.lines.length;
  return JSON.stringify(back, (key, value) => (key === "text" ? undefined : value)).length + text.length;
}
