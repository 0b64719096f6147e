// Text as handlers make it: concatenation, cutting, searching, case, padding, code points.
function run() {
  let text = "";
  for (let i = 0; i < 1500; i++) text += "word" + (i % 7) + " ";
  const words = text.split(" ").map((word) => word.toUpperCase()).filter((word) => word.length > 0);
  let sum = words.join("-").replaceAll("WORD3", "x").length;
  for (let i = 0; i < 400; i++) {
    const piece = text.slice(i * 3, i * 3 + 20);
    sum += piece.indexOf("d") + piece.trim().length + piece.padStart(30, "*").charCodeAt(5);
    sum += `${piece}|${i}`.startsWith("wor") ? 1 : 0;
    sum += text.includes(`word${i % 9}`) ? 1 : 0;
  }
  for (let i = 0; i < 2000; i++) sum += text.charCodeAt(i);
  for (const point of "grüße 👋 ".repeat(30)) sum += point.codePointAt(0);
  return sum;
}
