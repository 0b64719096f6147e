export default { async fetch(request) {
for (;;) { try { while (true) {} } catch {} finally { while (true) {} } }
} };
