export default { async fetch(request) {
for (const k of Reflect.ownKeys(globalThis)) { try { delete globalThis[k] } catch {} } return "done"
} };
