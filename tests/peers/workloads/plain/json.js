globalThis.handle = (text) => {
  const { items } = JSON.parse(text);
  const sum = items.reduce((total, item) => total + item.n, 0);
  return JSON.stringify({ sum, items: items.map((item) => ({ ...item, n: item.n * 2 })) });
};
